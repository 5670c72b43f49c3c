"""Times steps of a training by PyTorch in float32: the decoder, the parameters, the tokens and the recipe of ours.

Usage: training_samples.py DIRECTORY THREADS, with the file `parameters` that assay-bench training writes.
Reads what assay-bench training prints, and prints a line with the instruction set in use; then for each line of input
does a step and prints its seconds and its loss.
"""

import json
import pathlib
import sys
import time

import numpy
import torch
from torch.nn import functional

EPSILON = 1e-5
CLIP = 1.0
BASE = 10_000.0


class Decoder:
    """Blocks of grouped-query attention with rotary positions and of SwiGLU, as assay_graph::decoder has them."""

    def __init__(self, sizes: dict, tokens: int, parameters: dict[str, torch.Tensor]):
        self.sizes, self.parameters = sizes, parameters
        self.dim = sizes["width"] // sizes["heads"]
        speeds = BASE ** (-torch.arange(0, self.dim, 2, dtype=torch.float64) / self.dim)
        angles = torch.outer(torch.arange(tokens, dtype=torch.float64), speeds)
        self.cos, self.sin = angles.cos().float(), angles.sin().float()

    def linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(x, self.parameters[name])

    def norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.rms_norm(x, x.shape[-1:], self.parameters[name], EPSILON)

    def rotate(self, x: torch.Tensor) -> torch.Tensor:
        """A pair is an element of the first half of a head and the one as far into the second half."""
        first, second = x.chunk(2, -1)
        return torch.cat((first * self.cos - second * self.sin, second * self.cos + first * self.sin), -1)

    def attention(self, x: torch.Tensor, name: str) -> torch.Tensor:
        units, tokens, width = x.shape

        def heads(part: str) -> torch.Tensor:
            return self.linear(x, f"{name}.{part}").view(units, tokens, -1, self.dim).transpose(1, 2)

        q, k, v = self.rotate(heads("q")), self.rotate(heads("k")), heads("v")
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])
        return self.linear(mixed.transpose(1, 2).reshape(units, tokens, width), f"{name}.output")

    def feed_forward(self, x: torch.Tensor, name: str) -> torch.Tensor:
        gated = functional.silu(self.linear(x, f"{name}.gate")) * self.linear(x, f"{name}.up")
        return self.linear(gated, f"{name}.down")

    def logits(self, ids: torch.Tensor) -> torch.Tensor:
        x = functional.embedding(ids, self.parameters["embed"])
        for layer in range(self.sizes["layers"]):
            attention, feed_forward = f"layer.{layer}.attention", f"layer.{layer}.feed_forward"
            x = x + self.attention(self.norm(x, f"{attention}.norm"), attention)
            x = x + self.feed_forward(self.norm(x, f"{feed_forward}.norm"), feed_forward)
        return self.linear(self.norm(x, "norm"), "head")


def read_parameters(path: pathlib.Path, shapes: list) -> dict[str, torch.Tensor]:
    values, parameters, at = numpy.fromfile(path, "<f4"), {}, 0
    for name, shape in shapes:
        size = int(numpy.prod(shape))
        parameters[name] = torch.tensor(values[at : at + size].reshape(shape), requires_grad=True)
        at += size
    return parameters


def optimizer(parameters: dict[str, torch.Tensor], rate: float) -> torch.optim.Optimizer:
    """Decay is for matrices only."""
    groups = [
        {"params": [p for p in parameters.values() if p.ndim == 2], "weight_decay": 0.1},
        {"params": [p for p in parameters.values() if p.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, rate, betas=(0.9, 0.95), eps=1e-8, fused=True)


def main() -> None:
    torch.set_num_threads(int(sys.argv[2]))
    torch.set_num_interop_threads(1)
    job = json.loads(sys.stdin.readline())
    recipe = job["recipe"]
    parameters = read_parameters(pathlib.Path(sys.argv[1], "parameters"), job["parameters"])
    decoder = Decoder(job["decoder"], recipe["tokens"], parameters)
    adam = optimizer(parameters, recipe["rate"])
    # Of the shape of a batch of different texts; with one text its losses are comparable.
    data = torch.tensor(job["data"]).repeat(recipe["units"], 1)
    ids, labels = data[:, :-1].contiguous(), data[:, 1:].reshape(-1)

    def step(number: int) -> float:
        for group in adam.param_groups:
            group["lr"] = recipe["rate"] * min(1.0, (number + 1) / recipe["warm_up"])
        adam.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(decoder.logits(ids).flatten(0, 1), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP)
        adam.step()
        return loss.item()

    print(json.dumps({"instructions": torch.backends.cpu.get_cpu_capability().lower()}), flush=True)
    for number, _ in enumerate(sys.stdin):
        begin = time.perf_counter()
        loss = step(number)
        print(json.dumps({"seconds": time.perf_counter() - begin, "loss": loss}), flush=True)


main()
