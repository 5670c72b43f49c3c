"""MiniLM's embeddings beside ONNX Runtime: with all that the processor has, and both with AVX2."""

import contextlib
import pathlib
import subprocess
import sys

from program_rows import memory_rows, trace_row
from sampling import (
    FLOAT,
    INT8,
    BenchError,
    Sampler,
    check_cosine,
    cosine,
    instruction_set,
    print_row,
    processor_flags,
    run,
    take_turns,
)

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = 128
# Seconds for each batch.
BUDGETS = {1: 6, 32: 30}
LEAST_COSINE = 0.99

CANDIDATES = {"float32": FLOAT, "int8": INT8}


def goal(peer: str, batch: int, path: str) -> float:
    if peer == "int8" or path != "vnni":
        return 1.0
    return {1: 1.5, 32: 2.0}[batch]


def least_cosine(name: str, ours: list, theirs: list) -> float:
    least = min(map(cosine, ours, theirs))
    # Dynamic int8 is not so exact: its rows say how far it is.
    return check_cosine("ONNX Runtime", least, LEAST_COSINE) if name == "float32" else least


def cap(scratch: pathlib.Path) -> dict[str, str]:
    """What makes a peer's processor one with AVX2 and no more."""
    library = scratch / "avx2_only.so"
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "avx2_only.c"]
    if subprocess.run(command, stdout=sys.stderr).returncode:
        raise BenchError("cc could not compile avx2_only.c")
    return {"LD_PRELOAD": str(library)}


def print_rows(ours: Sampler, peer: Sampler, batch: int, sets: dict[str, str], is_fair: bool) -> None:
    path, threads = ours.ready["path"], ours.ready["threads"]
    asked = [ours.seconds(str(batch))] + [peer.seconds(f"{name} {batch}") for name in sets]
    mine, *theirs = (batch / seconds for seconds in take_turns(BUDGETS[batch], *asked))
    for (name, instructions), rate in zip(sets.items(), theirs):
        exactness = least_cosine(name, ours.ready["embeddings"], peer.ready[name])
        what = f"MiniLM, {TOKENS} tokens, batch {batch}, {threads} threads, {path} vs ONNX Runtime {name}"
        what = f"{what} ({instructions}; cosine to ours {exactness:.3f})"
        print_row(what, mine, rate, goal(name, batch, path) if is_fair else None, "sequences/s")


def pair(bench: str, path: list[str], files: tuple, ids: str, environment: dict, sets: dict, is_fair: bool) -> None:
    program, onnx = files
    with contextlib.closing(Sampler("assay-bench minilm", [bench, *path, "minilm", program], ids)) as ours:
        command = [sys.executable, "-B", HERE / "minilm_samples.py", onnx, str(ours.ready["threads"])]
        with contextlib.closing(Sampler("ONNX Runtime", command, ids, environment)) as peer:
            for batch in BUDGETS:
                print_rows(ours, peer, batch, sets, is_fair)


def rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    files = program, onnx = scratch / "program", scratch / "onnx"
    ids = run([bench, "import", model, program]).strip()
    run([sys.executable, "-B", HERE / "minilm_onnx.py", model, str(TOKENS), onnx])
    sets = {name: instruction_set(candidates) for name, candidates in CANDIDATES.items()}
    pair(bench, [], files, ids, {}, sets, True)
    flags = processor_flags()
    has_more = any(flag.startswith(("avx512", "avx_vnni", "amx")) for flag in flags)
    if "avx2" in flags and has_more:
        # Without a way to hide the rest from the peer, the rows say what it had, and have no goal.
        is_fair = "cpuid_fault" in flags
        environment = cap(scratch) if is_fair else {}
        capped = dict.fromkeys(CANDIDATES, "capped to avx2") if is_fair else sets
        pair(bench, ["--path", "avx2"], files, ids, environment, capped, is_fair)
    name = f"MiniLM, {TOKENS} tokens"
    trace_row(name, bench, program, ids)
    memory_rows(name, bench, program, ids)
