"""A decoder of 110 million seeded parameters beside ONNX Runtime: the prompt, and token by token."""

import contextlib
import json
import pathlib
import sys

from program_rows import memory_rows, trace_row
from sampling import FLOAT, Sampler, check_cosine, cosine, instruction_set, print_row, run, take_turns

HERE = pathlib.Path(__file__).resolve().parent
PROMPT, LATER = 512, 32
WORDS = 32_000
BUDGETS = {"prefill": 15, "decode": 25}
GOALS = {"prefill": 1.0, "decode": 1.5}
# Eight bits in twelve random layers.
LEAST_COSINE = 0.97


def rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    directory, program, onnx = scratch / "llama", scratch / "decoder", scratch / "llama.onnx"
    run([sys.executable, "-B", HERE / "seeded_llama.py", directory])
    run([bench, "import-decoder", directory, program])
    run([sys.executable, "-B", HERE / "llama_onnx.py", directory, str(PROMPT + LATER), onnx])
    # Any ids do: a prime step comes to all of them.
    ids = [i * 7919 % WORDS for i in range(PROMPT + LATER)]
    given = json.dumps([ids[:PROMPT], ids[PROMPT:]])
    with contextlib.closing(Sampler("assay-bench decoder", [bench, "decoder", program], given)) as ours:
        command = [sys.executable, "-B", HERE / "llama_samples.py", onnx, str(ours.ready["threads"])]
        with contextlib.closing(Sampler("ONNX Runtime", command, given)) as peer:
            print_rows(ours, peer)
    name = f"decoder of 110M, {PROMPT} tokens"
    given = json.dumps([ids[:PROMPT]])
    trace_row(name, bench, program, given)
    memory_rows(name, bench, program, given)


def print_rows(ours: Sampler, peer: Sampler) -> None:
    found = check_cosine("ONNX Runtime", cosine(ours.ready["output"], peer.ready["output"]), LEAST_COSINE)
    for (kind, budget), tokens in zip(BUDGETS.items(), (PROMPT, LATER)):
        mine, theirs = (tokens / seconds for seconds in take_turns(budget, ours.seconds(kind), peer.seconds(kind)))
        what = f"decoder of 110M, {kind} of {tokens} tokens, {ours.ready['threads']} threads, {ours.ready['path']}"
        what = f"{what} vs ONNX Runtime float32 ({instruction_set(FLOAT)}; cosine of logits {found:.3f})"
        print_row(what, mine, theirs, GOALS[kind], "tokens/s")
