"""Checks that the PTX of the CUDA kernels computes floats as the contract says, whatever the driver makes of it.

Usage: ptx.py [FILE...], by default every file of worker/exec-cuda/ptx.

Each float operation is rounded to nearest even by itself: no flushed denormals, no approximations, nothing fused, and the
rounding is written out, since the driver's compiler may fuse what has none. Floats are not summed by atomics, whose order is
any. Sums of floats on tensor cores are for integers that they hold exactly: bf16 operands with f32 sums only.
"""

import pathlib
import re
import sys

DIRECTORY = pathlib.Path("worker/exec-cuda/ptx")
# (file, kernel) of each fused operation that is meant: none is.
FUSED = frozenset()

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
KERNEL = re.compile(r"\.(?:entry|func)\s+(?:\([^)]*\)\s*)?([\w$]+)")
INSTRUCTION = re.compile(r"^(?:@!?%?[\w$]+\s+)?([a-z][\w]*(?:\.[\w:]+)*)\b")
FLOATS = {"f16", "f16x2", "bf16", "bf16x2", "f32", "f32x2", "f64", "tf32"}
ROUNDED = {"add", "sub", "mul", "div", "sqrt", "rcp"}


def problem(instruction: str, fused: bool) -> str | None:
    """What is wrong with an instruction such as `add.rn.f32`; `fused` is whether its kernel may fuse."""
    operation, *suffixes = instruction.split(".")
    floats = FLOATS.intersection(suffixes)
    if "ftz" in suffixes:
        return "flushes denormals"
    if "approx" in suffixes or operation in {"ex2", "lg2", "sin", "cos", "tanh", "rsqrt"}:
        return "approximates"
    if operation in {"mma", "wgmma", "wmma"} and floats:
        return None if sorted(floats) == ["bf16", "f32"] else "sums floats that need not be exact"
    if operation in {"fma", "mad"} and floats and not fused:
        return "is fused"
    if operation in ROUNDED and floats and "rn" not in suffixes:
        return "has no .rn"
    if operation == "cvt" and suffixes[-2] in FLOATS and {"rz", "rm", "rp", "rna", "rs"}.intersection(suffixes):
        return "does not round to nearest even"
    if operation in {"atom", "red", "multimem"} and floats:
        return "combines floats in any order"
    return None


def problems(name: str, text: str) -> list[str]:
    found, kernel = [], ""
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for number, line in enumerate(text.splitlines(), 1):
        if declared := KERNEL.search(line):
            kernel = declared[1]
        # Several instructions may share a line in inline assembly.
        for statement in re.split(r"[;{}]", line):
            if not (instruction := INSTRUCTION.match(statement.strip())):
                continue
            if said := problem(instruction[1], (name, kernel) in FUSED):
                found.append(f"{name}:{number}: {kernel}: {instruction[1]} {said}")
    return found


def self_test() -> None:
    """A check that finds nothing must be known to find something."""
    allowed = (
        "add.rn.f32 %f1, %f2, %f3;",
        "@%p1 mul.rn.f32 %f1, %f2, %f3;",
        "div.rn.f32 %f1, %f2, %f3;",
        "sqrt.rn.f32 %f1, %f2;",
        "add.s32 %r1, %r2, %r3;",
        "mad.lo.s32 %r1, %r2, %r3, %r4;",
        "mad.wide.u32 %rd1, %r2, %r3, %rd4;",
        "cvt.rn.f32.s64 %f1, %rd1;",
        "cvt.rzi.s32.f32 %r1, %f1;",
        "atom.global.min.u32 %r1, [%rd1], %r2;",
        "red.global.add.u64 [%rd1], %rd2;",
        "neg.f32 %f1, %f2;",
        "// mul.f32 %f1, %f2, %f3;",
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r1}, {%r2}, {%r3}, {%r4};",
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1}, {%r2}, {%r3}, {%f4};",
    )
    refused = (
        "add.f32 %f1, %f2, %f3;",
        "@%p1 mul.f32 %f1, %f2, %f3;",
        "@!%p1 sub.f64 %fd1, %fd2, %fd3;",
        "div.full.f32 %f1, %f2, %f3;",
        "add.rz.f32 %f1, %f2, %f3;",
        "add.rn.ftz.f32 %f1, %f2, %f3;",
        "fma.rn.f32 %f1, %f2, %f3, %f4;",
        "mad.rn.f32 %f1, %f2, %f3, %f4;",
        "{ mul.rn.f32 t, a, b; add.f32 d, t, c; }",
        "sqrt.approx.f32 %f1, %f2;",
        "ex2.approx.ftz.f32 %f1, %f2;",
        "rsqrt.approx.f32 %f1, %f2;",
        "cvt.rz.f32.s32 %f1, %r1;",
        "atom.global.add.f32 %f1, [%rd1], %f2;",
        "red.global.add.f64 [%rd1], %fd2;",
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1}, {%r2}, {%r3}, {%f4};",
    )
    wrong = [line for line in allowed if problems("", line)] + [line for line in refused if not problems("", line)]
    if wrong:
        sys.exit("the check of PTX is itself wrong on:\n" + "\n".join(wrong))


def main() -> int:
    self_test()
    paths = [pathlib.Path(path) for path in sys.argv[1:]] or sorted(DIRECTORY.glob("*.ptx"))
    if not paths:
        sys.exit(f"there is no PTX in {DIRECTORY}: scripts/kernels makes it")
    found = [problem for path in paths for problem in problems(path.name, path.read_text())]
    print("\n".join(found), end="\n" * bool(found), file=sys.stderr)
    return int(bool(found))


sys.exit(main())
