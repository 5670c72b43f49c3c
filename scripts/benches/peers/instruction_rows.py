"""Instructions of three kernels by AVX2, counted by callgrind, beside those that were counted when instructions.json
was written: the same on every machine, whatever else it does. Needs valgrind, which knows no AVX-512.

The part keep-instructions writes that file anew: after a new compiler, or for a kernel that is meant to take more.
"""

import json
import pathlib
import re
import shutil
import subprocess

from sampling import BenchError, print_row

KEPT = pathlib.Path(__file__).resolve().parent / "instructions.json"
KERNELS = ("linear-i8", "linear-i15", "attention")
PATH = "avx2"
# The difference between two runs is the kernel's alone: what starts and ends a process is in both.
FEWER, MORE = 1, 4
GOAL = "<= 1.02"


def collected(bench: str, kernel: str, times: int) -> int:
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command = [*tool, bench, "--path", PATH, "kernel", kernel, str(times)]
    finished = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    found = re.search(r"Collected : (\d+)", finished.stderr)
    if finished.returncode or not found:
        raise BenchError(f"callgrind of {kernel} ended with status {finished.returncode}")
    return int(found[1])


def count(bench: str, kernel: str) -> int:
    """Instructions of doing it once more."""
    return (collected(bench, kernel, MORE) - collected(bench, kernel, FEWER)) // (MORE - FEWER)


def rows(bench: str, model: str, scratch: pathlib.Path, write: bool = False) -> None:
    if shutil.which("valgrind") is None:
        raise BenchError("valgrind is not installed: instructions are not counted")
    counts = {kernel: count(bench, kernel) for kernel in KERNELS}
    if write:
        KEPT.write_text(json.dumps(counts, indent=2) + "\n")
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for kernel, now in counts.items():
        name = f"instructions of {kernel}, 1 thread, {PATH}, vs those that were kept (less is better)"
        print_row(name, now, kept.get(kernel), GOAL, "instructions")
