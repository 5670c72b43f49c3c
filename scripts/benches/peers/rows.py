"""Measures the compute core beside its peers; prints rows for scripts/bench.

Usage: rows.py ASSAY_BENCH MODEL_DIRECTORY DIRECTORY, by a Python that has the peers. What is made for it, in a new
directory in DIRECTORY, is deleted. Ours and the peer take turns; a row has the medians. No instruction set is capped.
"""

import contextlib
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = 128
# Seconds for each batch, and how many turns it takes at least and at most.
BUDGETS = {1: 8, 32: 50}
LEAST, MOST = 5, 60
# Between two turns: an idle pool of threads spins a while for more work.
PAUSE = 0.02
# Of the embeddings by float32 to ours: a peer that computes something else is none.
LEAST_COSINE = 0.99

# What ONNX Runtime chooses from, best first.
INSTRUCTIONS = {
    "float32": ("avx512f", "avx2"),
    "int8": ("amx_int8", "avx512_vnni", "avx_vnni", "avx512bw", "avx2"),
}


class BenchError(Exception):
    """A peer, or ours, that could not be measured; in one line."""


class Sampler:
    """A program that reads a line, says that it is ready, and from then on answers each line; all in JSON."""

    def __init__(self, name: str, command: list, first: str):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self.ask(first)

    def ask(self, line: str) -> dict:
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


def instruction_set(candidates: tuple[str, ...]) -> str:
    """The first that this processor has."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return next((name for name in candidates if name in flags), platform.machine())


def print_row(name: str, ours: float, peer: float, ratio: float, goal, unit: str) -> None:
    row = {"name": name, "ours": ours, "peer": peer, "ratio": ratio, "goal": goal, "unit": unit}
    print(json.dumps(row), flush=True)


def cosine(a: list[float], b: list[float]) -> float:
    def dot(a, b):
        return sum(x * y for x, y in zip(a, b))

    return dot(a, b) / (dot(a, a) * dot(b, b)) ** 0.5


def least_cosine(name: str, ours: list, theirs: list) -> float:
    least = min(map(cosine, ours, theirs))
    # Dynamic int8 is not so exact: its rows say how far it is. Written so that a NaN fails too.
    if name == "float32" and not least > LEAST_COSINE:
        raise BenchError(f"ONNX Runtime computes something else: cosine {least:.4f}, not {LEAST_COSINE}")
    return least


def goal(peer: str, batch: int, path: str) -> float:
    if peer == "int8" or "vnni" not in path:
        return 1.0
    return {1: 1.5, 32: 2.0}[batch]


def embedding_rows(bench: str, program: pathlib.Path, onnx: pathlib.Path, ids: str) -> None:
    with contextlib.closing(Sampler("assay-bench minilm", [bench, "minilm", program], ids)) as ours:
        command = [sys.executable, "-B", HERE / "onnx_samples.py", onnx, str(ours.ready["threads"])]
        with contextlib.closing(Sampler("ONNX Runtime", command, ids)) as peer:
            for batch, budget in BUDGETS.items():
                print_embedding_rows(ours, peer, batch, budget)


def print_embedding_rows(ours: Sampler, peer: Sampler, batch: int, budget: float) -> None:
    path, threads = ours.ready["path"], ours.ready["threads"]
    asked = [ours.seconds(str(batch))] + [peer.seconds(f"{name} {batch}") for name in INSTRUCTIONS]
    mine, *theirs = (batch / seconds for seconds in take_turns(budget, *asked))
    for (name, candidates), rate in zip(INSTRUCTIONS.items(), theirs):
        exactness = least_cosine(name, ours.ready["embeddings"], peer.ready[name])
        what = f"MiniLM, {TOKENS} tokens, batch {batch}, {threads} threads, {path} vs ONNX Runtime {name}"
        what = f"{what} ({instruction_set(candidates)}; cosine to ours {exactness:.3f})"
        print_row(what, mine, rate, mine / rate, goal(name, batch, path), "sequences/s")


def product_rows(bench: str) -> None:
    for line in run([bench, "gemm"]).splitlines():
        made = json.loads(line)
        rows, depth, cols = made["shape"]
        billions = rows * depth * cols / 1e9
        ours, peer = (billions / statistics.median(made[which]) for which in ("ours", "peer"))
        what = f"int8 product {rows}x{depth}x{cols}, {made['threads']} threads, {made['path']} i8 x i8"
        what = f"{what} vs rten-gemm u8 x i8 ({made['kernel']})"
        print_row(what, ours, peer, ours / peer, 0.95 if rows == 1 else 1.0, "GMAC/s")


def trace_row(bench: str, program: pathlib.Path, ids: str) -> None:
    made = json.loads(run([bench, "trace", program], ids))
    traced, untraced = (statistics.median(made[which]) for which in ("traced", "untraced"))
    what = f"MiniLM, {TOKENS} tokens, batch {made['batch']}, {made['path']}: job with trace vs without (less is better)"
    print_row(what, traced, untraced, traced / untraced, "<= 1.10", "s")


def memory_rows(bench: str, program: pathlib.Path, ids: str) -> None:
    made = json.loads(run([bench, "memory", program], ids))
    needed = made["weights"] + made["activations"]
    for which, of in (("peak", "peak memory, loading included"), ("resident", "memory after the last run")):
        what = f"MiniLM, {TOKENS} tokens: {of} vs weights + activations (less is better)"
        print_row(what, made[which] / 1e6, needed / 1e6, made[which] / needed, None, "MB")


def main() -> int:
    bench, model, directory = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        program, onnx = pathlib.Path(scratch, "program"), pathlib.Path(scratch, "onnx")
        ids = run([bench, "import", model, program]).strip()
        run([sys.executable, "-B", HERE / "minilm_onnx.py", model, str(TOKENS), onnx])
        embedding_rows(bench, program, onnx, ids)
        product_rows(bench)
        trace_row(bench, program, ids)
        memory_rows(bench, program, ids)
    return 0


try:
    sys.exit(main())
except (BenchError, OSError, ValueError, KeyError) as error:
    print(f"exact: {error}", file=sys.stderr)
    sys.exit(1)
