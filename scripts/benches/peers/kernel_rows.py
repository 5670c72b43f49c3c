"""Kernels alone on one thread beside their floors: the least time that moving their bytes takes, or their operations.
By each path that this processor has. Ceilings, which floors come from, are measured in the same run, and are rows.
"""

import json
import pathlib

from sampling import BenchError, print_row, processor_flags, run

# What a path asks of the processor, as the system calls it.
PATHS = {"avx2": "avx2", "vnni": "avx512_vnni"}
NANOSECONDS = 1e9


def ceiling_rows(made: dict) -> None:
    for what, value, unit in made["ceilings"]:
        print_row(f"ceiling of 1 thread, {made['path']}: {what}", value, None, None, unit)


def kernel_row(made: dict) -> None:
    floors = {"bytes": made["by_bytes"], "operations": made["by_operations"]}
    highest = max(floors, key=floors.get)
    name = f"kernel {made['kernel']}, {made['shape']}, {made['operands']}, 1 thread, {made['path']}"
    name = f"{name}: floor by {highest} vs taken (less is better; the ratio is what is reached)"
    taken, floor = (seconds * NANOSECONDS for seconds in (made["taken"], floors[highest]))
    print_row(name, taken, floor, None, "ns", floor / taken)


def rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    paths = [path for path, flag in PATHS.items() if flag in processor_flags()]
    if not paths:
        raise BenchError("this processor has neither AVX2 nor AVX-512 VNNI: no ceilings are measured")
    for path in paths:
        for line in run([bench, "--path", path, "kernels"]).splitlines():
            made = json.loads(line)
            if "ceilings" in made:
                ceiling_rows(made)
            else:
                kernel_row(made)
