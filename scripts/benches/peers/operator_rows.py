"""Products and attention beside peers."""

import contextlib
import json
import pathlib
import statistics
import sys

from sampling import FLOAT, Sampler, check_cosine, cosine, instruction_set, print_row, run, take_turns

HERE = pathlib.Path(__file__).resolve().parent
# Seconds for each number of tokens.
BUDGETS = {512: 5, 2048: 6, 8192: 10}
CHECKED = 512
LEAST_COSINE = 0.99


def medians(made: dict) -> tuple[float, float]:
    """Billions of multiply-adds in a second, ours and the peer's."""
    rows, depth, cols = made["shape"]
    ours, peer = (rows * depth * cols / 1e9 / statistics.median(made[which]) for which in ("ours", "peer"))
    return ours, peer


def product_rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    for line in run([bench, "gemm"]).splitlines():
        made = json.loads(line)
        what = f"int8 product {'x'.join(map(str, made['shape']))}, {made['threads']} threads, {made['path']} i8 x i8"
        what = f"{what} vs rten-gemm u8 x i8 ({made['kernel']})"
        print_row(what, *medians(made), 0.95 if made["shape"][0] == 1 else 1.0, "GMAC/s")


def sliced_rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    for line in run([bench, "sliced"]).splitlines():
        made = json.loads(line)
        what = f"15-bit product {'x'.join(map(str, made['shape']))}, f32 to f32, {made['threads']} threads"
        what = f"{what}, {made['path']} vs rten-gemm f32 ({made['kernel']})"
        print_row(what, *medians(made), 0.5, "GMAC/s")


def attention_rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    with contextlib.closing(Sampler("assay-bench attention", [bench, "attention", scratch])) as ours:
        heads, threads = str(ours.ready["heads"]), str(ours.ready["threads"])
        command = [sys.executable, "-B", HERE / "attention_samples.py", scratch, heads, threads]
        with contextlib.closing(Sampler("ONNX Runtime", command, str(CHECKED))) as peer:
            found = check_cosine("ONNX Runtime", cosine(ours.ready["output"], peer.ready["output"]), LEAST_COSINE)
            for tokens, budget in BUDGETS.items():
                mine, theirs = take_turns(budget, ours.seconds(str(tokens)), peer.seconds(str(tokens)))
                what = f"attention, {tokens} tokens, {heads} heads of 64, {threads} threads, {ours.ready['path']}"
                what = f"{what} vs ONNX Runtime float32 ({instruction_set(FLOAT)}; cosine to ours {found:.3f})"
                print_row(what, 1 / mine, 1 / theirs, 1.0 if tokens == CHECKED else None, "passes/s")
