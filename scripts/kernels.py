"""Compiles worker/exec-cuda/kernels/*.cu to worker/exec-cuda/ptx/*.ptx with NVRTC. scripts/kernels starts it.

Usage: kernels.py --compiler DIRECTORY [--check]

A kernel file names its least architecture in a comment line, `// architecture: compute_90a`; without one it is DEFAULT.
"""

import argparse
import ctypes
import pathlib
import re
import sys

CRATE = pathlib.Path("worker/exec-cuda")
DEFAULT = "compute_80"
ARCHITECTURE = re.compile(r"^// architecture: (compute_\w+)$", re.MULTILINE)
# The contract rounds each operation by itself, to nearest even, and keeps denormals.
OPTIONS = ("--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")


class Failed(Exception):
    """Says what the compiler did not like."""


class Compiler:
    """NVRTC in a directory."""

    def __init__(self, directory: pathlib.Path):
        # NVRTC looks for it by name only.
        ctypes.CDLL(str(directory / "libnvrtc-builtins.so.12.8"), mode=ctypes.RTLD_GLOBAL)
        self.nvrtc = ctypes.CDLL(str(directory / "libnvrtc.so.12"))
        self.nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p

    def ask(self, function: str, *arguments) -> None:
        code = getattr(self.nvrtc, function)(*arguments)
        if code:
            raise Failed(f"{function}: {self.nvrtc.nvrtcGetErrorString(code).decode()}")

    def text(self, what: str, program: ctypes.c_void_p) -> bytes:
        """The log or the PTX of a program; both end with a zero byte."""
        size = ctypes.c_size_t()
        self.ask(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self.ask(f"nvrtcGet{what}", program, buffer)
        return buffer.value

    def compile(self, name: str, source: str, headers: dict[str, str]) -> bytes:
        found = ARCHITECTURE.findall(source)
        if len(found) > 1:
            raise Failed("names more than one architecture")
        options = [*OPTIONS, f"--gpu-architecture={(found or [DEFAULT])[0]}"]
        program = ctypes.c_void_p()
        self.ask(
            "nvrtcCreateProgram",
            ctypes.byref(program),
            source.encode(),
            name.encode(),
            len(headers),
            strings(headers.values()),
            strings(headers),
        )
        try:
            self.ask("nvrtcCompileProgram", program, len(options), strings(options))
            return self.text("PTX", program)
        except Failed as failure:
            raise Failed(f"{failure}\n{self.text('ProgramLog', program).decode()}") from None
        finally:
            self.ask("nvrtcDestroyProgram", ctypes.byref(program))


def strings(values) -> ctypes.Array:
    encoded = [value.encode() for value in values]
    return (ctypes.c_char_p * len(encoded))(*encoded)


def differences(built: dict[str, bytes], directory: pathlib.Path) -> list[str]:
    """What the directory has otherwise than as it was built."""
    stored = {path.name: path.read_bytes() for path in directory.glob("*")}
    return [
        *(f"{directory / name} is missing" for name in sorted(built.keys() - stored.keys())),
        *(f"{directory / name} belongs to no kernel file" for name in sorted(stored.keys() - built.keys())),
        *(
            f"{directory / name} is not what its kernels compile to"
            for name in sorted(built.keys() & stored.keys())
            if built[name] != stored[name]
        ),
    ]


def write(built: dict[str, bytes], directory: pathlib.Path) -> None:
    directory.mkdir(exist_ok=True)
    for path in directory.glob("*.ptx"):
        if path.name not in built:
            path.unlink()
    for name, ptx in built.items():
        (directory / name).write_bytes(ptx)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    compiler = Compiler(arguments.compiler)
    kernels = CRATE / "kernels"
    headers = {path.name: path.read_text() for path in sorted(kernels.glob("*.cuh"))}
    built, problems = {}, []
    for path in sorted(kernels.glob("*.cu")):
        try:
            built[f"{path.stem}.ptx"] = compiler.compile(path.name, path.read_text(), headers)
        except Failed as failure:
            problems.append(f"{path}: {failure}")
    if not built and not problems:
        problems.append(f"there are no kernels in {kernels}")
    if arguments.check and not problems:
        problems = differences(built, CRATE / "ptx")
        problems += ["scripts/kernels, without --check, writes them"] if problems else []
    elif not problems:
        write(built, CRATE / "ptx")
    print("\n".join(problems), end="\n" * bool(problems), file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
