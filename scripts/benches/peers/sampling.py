"""Samples of programs that take turns, and rows of them."""

import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import time

# How many turns there are, whatever they take.
LEAST, MOST = 5, 60
# Between two turns: an idle pool of threads spins a while for more work.
PAUSE = 0.02

# What a program chooses from, best first.
FLOAT = ("avx512f", "avx2")
INT8 = ("amx_int8", "avx512_vnni", "avx_vnni", "avx512bw", "avx2")


class BenchError(Exception):
    """A peer, or ours, that could not be measured; in one line."""


class Sampler:
    """A program that reads a line, says that it is ready, and from then on answers each line; all in JSON."""

    def __init__(self, name: str, command: list, first: str | None = None, environment: dict | None = None):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | (environment or {})
        )
        self.ready = self.ask(first)

    def ask(self, line: str | None) -> dict:
        if line is not None:
            # One that has ended takes no line, and gives none either.
            with contextlib.suppress(BrokenPipeError):
                print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise BenchError(f"{self.name} ended early, with status {self.process.wait()}")
        return json.loads(answer)

    def seconds(self, line: str):
        return lambda: self.ask(line)["seconds"]

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def run(command: list, given: str = "") -> str:
    finished = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True)
    if finished.returncode:
        raise BenchError(f"{' '.join(map(str, command[:3]))} ended with status {finished.returncode}")
    return finished.stdout


def take_turns(budget: float, *samples) -> list[float]:
    """The median seconds of each."""
    for sample in samples:
        sample()
    seconds = [[] for _ in samples]
    start = time.monotonic()
    while (turns := len(seconds[0])) < LEAST or (turns < MOST and time.monotonic() - start < budget):
        for of_one, sample in zip(seconds, samples):
            time.sleep(PAUSE)
            of_one.append(sample())
    return [statistics.median(of_one) for of_one in seconds]


def processor_flags() -> list[str]:
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split() for line in lines if line.startswith("flags")), [])


def instruction_set(candidates: tuple[str, ...]) -> str:
    """The first that this processor has."""
    flags = processor_flags()
    return next((name for name in candidates if name in flags), platform.machine())


def print_row(name: str, ours: float, peer: float | None, goal, unit: str, ratio: float | None = None) -> None:
    """The ratio is ours to the peer's, if it is not given."""
    if ratio is None and peer is not None:
        ratio = ours / peer
    row = {"name": name, "ours": ours, "peer": peer, "ratio": ratio, "goal": goal, "unit": unit}
    print(json.dumps(row), flush=True)


def cosine(a: list[float], b: list[float]) -> float:
    def dot(a, b):
        return sum(x * y for x, y in zip(a, b))

    return dot(a, b) / (dot(a, a) * dot(b, b)) ** 0.5


def check_cosine(what: str, found: float, least: float) -> float:
    """A peer that computes something else is none."""
    # Written so that a NaN fails too.
    if not found > least:
        raise BenchError(f"{what} computes something else: cosine {found:.4f}, not {least}")
    return found
