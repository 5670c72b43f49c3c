"""Compiles the kernels for this machine's processor, for the tests, and prints where the program is: executor.cpp with
asynchronous.cpp and all kernels.

Usage: build.py DIRECTORY, where the program and what it is linked from are kept.

What is as it was is not compiled again, and of several that build at once one does.
"""

import concurrent.futures
import fcntl
import hashlib
import os
import pathlib
import re
import subprocess
import sys

HOST = pathlib.Path(__file__).resolve().parent
KERNELS = HOST.parent.parent / "kernels"
# What the kernels are linked with.
RUNTIME = (HOST / "executor.cpp", HOST / "asynchronous.cpp")

COMPILER = ("clang++", "-std=c++20")
# Every float operation rounds by itself; integers wrap as on a device, which casts pointers between vectors too. What a device
# would fault on ends the program: unaligned accesses, indices past static arrays.
OPTIONS = (
    "-O2",
    "-ffp-contract=off",
    "-fno-fast-math",
    "-fwrapv",
    "-fno-strict-aliasing",
    "-fsanitize=alignment,bounds,integer-divide-by-zero",
    "-fsanitize-trap=all",
)
PREPROCESS = ("-E", "-P", "-DASSAY_HOST", f"-I{KERNELS}", "-include", str(KERNELS / "shim.h"))

KERNEL = re.compile(r'annotate\("kernel"\)\)\)[^(){};]*?\b(\w+)\s*\(')
SHARED = r"static __attribute__\(\(section\(\"assay_shared\"\)\)\)"
DYNAMIC = re.compile(
    rf"extern\s+{SHARED}\s+(?:__attribute__\(\(aligned\(\w+\)\)\)\s+|alignas\(\w+\)\s+)?([\w ]+?)\s+(\w+)\s*\[\s*\]\s*;"
)
# Where clang wants it.
ALIGNED = re.compile(rf"({SHARED})\s+(alignas\([^)]*\))")


def run(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")
    return done.stdout


def translated(source: pathlib.Path) -> str:
    """A kernel file as C++ that registers its kernels by `file/kernel`."""
    text = run(*COMPILER, *PREPROCESS, "-x", "c++", str(source))
    text = DYNAMIC.sub(r"static \1* const \2 = reinterpret_cast<\1*>(assay_dynamic_shared);", text)
    text = ALIGNED.sub(r"\2 \1", text)
    kernels = dict.fromkeys(KERNEL.findall(text))
    if not kernels:
        sys.exit(f"{source}: has no kernel")
    lines = [f'static const AssayKernel<&{name}> assay_of_{name}("{source.stem}/{name}");' for name in kernels]
    return "\n".join([text, *lines, ""])


def compiled(source: pathlib.Path, text: str, directory: pathlib.Path) -> pathlib.Path:
    """The object file, named by what it is made of."""
    digest = hashlib.sha256("\0".join([*COMPILER, *OPTIONS, text]).encode()).hexdigest()[:16]
    target = directory / f"{source.stem}-{digest}.o"
    if not target.exists():
        written, made = target.with_suffix(".cpp"), target.with_suffix(".new")
        written.write_text(text)
        run(*COMPILER, *OPTIONS, "-w", "-c", str(written), "-o", str(made))
        made.rename(target)
    return target


def build(directory: pathlib.Path) -> pathlib.Path:
    sources = sorted(KERNELS.glob("*.cu"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        texts = [*pool.map(translated, sources), *(path.read_text() for path in RUNTIME)]
        objects = list(pool.map(compiled, [*sources, *RUNTIME], texts, [directory] * len(texts)))
    digest = hashlib.sha256("".join(map(str, objects)).encode()).hexdigest()[:16]
    program = directory / f"executor-{digest}"
    if not program.exists():
        made = program.with_suffix(".new")
        run(*COMPILER, "-o", str(made), *map(str, objects))
        made.rename(program)
    for path in directory.iterdir():
        if path not in {program, *objects, directory / "lock"}:
            path.unlink()
    return program


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(build(directory))


main()
