"""Steps of trainings beside PyTorch, and beside the least that their products take."""

import contextlib
import importlib.util
import json
import math
import pathlib
import sys

from sampling import BenchError, Sampler, print_row, take_turns

HERE = pathlib.Path(__file__).resolve().parent
BUDGETS = {"small": 12, "10M": 20}
GOAL = 0.5
# The first steps are compared, and warm both up.
COMPARED, FARTHEST = 3, 0.005
# Digits of 15-bit operands that are multiplied with each other.
SLICES = 4


def rows(bench: str, model: str, scratch: pathlib.Path) -> None:
    for shape, budget in BUDGETS.items():
        with contextlib.closing(Sampler("assay-bench training", [bench, "training", shape, scratch])) as ours:
            training_rows(shape, budget, ours, scratch)
    if not has_peer():
        raise BenchError("PyTorch is not installed: the steps of trainings have no peer")


def has_peer() -> bool:
    return importlib.util.find_spec("torch") is not None


def training_rows(shape: str, budget: float, ours: Sampler, scratch: pathlib.Path) -> None:
    job = ours.ready
    parameters = sum(math.prod(sizes) for _, sizes in job["parameters"])
    units, tokens = (job["recipe"][field] for field in ("units", "tokens"))
    name = f"training step of {parameters / 1e6:.1f}M ({shape}), {units} x {tokens} tokens, {job['threads']} threads"
    name = f"{name}, {job['path']}"
    if has_peer():
        command = [sys.executable, "-B", HERE / "training_samples.py", scratch, str(job["threads"])]
        with contextlib.closing(Sampler("PyTorch", command, json.dumps(job))) as peer:
            compare(ours, peer)
            mine, theirs = take_turns(budget, ours.seconds("step"), peer.seconds("step"))
            instructions = peer.ready["instructions"]
        print_row(f"{name} vs PyTorch float32 ({instructions})", 1 / mine, 1 / theirs, GOAL, "steps/s")
    else:
        (mine,) = take_turns(budget, ours.seconds("step"))
        print_row(f"{name}, without a peer", 1 / mine, None, GOAL, "steps/s")
    floor = SLICES * multiply_adds(job) / job["digit_products_per_second"]
    what = f"{name} vs its floor: {SLICES} digit products x {multiply_adds(job) / 1e9:.1f} GMAC"
    what = f"{what} at the rate of a large int8 product"
    print_row(what, 1 / mine, 1 / floor, None, "steps/s")


def compare(ours: Sampler, peer: Sampler) -> None:
    for step in range(COMPARED):
        mine, theirs = (sampler.ask("step")["loss"] for sampler in (ours, peer))
        # Written so that a NaN fails too.
        if not abs(mine - theirs) < FARTHEST * theirs:
            raise BenchError(f"PyTorch trains something else: loss {theirs:.4f} in step {step}, not {mine:.4f}")


def multiply_adds(job: dict) -> float:
    """Of a step: products forward, and twice as many backward; attention only of what is not masked, whose scores are
    computed again."""
    units, tokens = (job["recipe"][field] for field in ("units", "tokens"))
    matrices = sum(math.prod(sizes) for name, sizes in job["parameters"] if len(sizes) == 2 and name != "embed")
    pairs = tokens * (tokens + 1) / 2 * job["decoder"]["width"] * job["decoder"]["layers"]
    return units * (3 * tokens * matrices + (2 + 5) * pairs)
