"""What PyTorch reaches on the GPU that scripts/gpu-check measures: bf16, and int8 products of cublasLt.

Usage: gpu_peers.py PART [SHAPE]
    PART   products, prefill, decode, minilm or training
    SHAPE  1B or 8B for prefill and decode, 100M or 1B for training

Prints `peer: NAME VALUE UNIT` for each measure, by the names that worker/exec-cuda/tests/measure prints, and on stderr
each way that was tried: the peer is the fastest. A way that fails, as where torch.compile finds no compiler, is left
out. Weights are random, made on the device; nothing is fetched.
"""

import dataclasses
import statistics
import sys
import time

import torch
import torch._dynamo
from torch.nn import functional

DEVICE = "cuda"
EPSILON = 1e-5
PRODUCTS = ((8192, 8192, 8192), (4096, 4096, 11_008), (1, 4096, 4096), (16, 4096, 4096), (256, 4096, 4096))
# torch._int_mm takes more than 16 rows only: fewer are padded, and only theirs are counted.
LEAST_ROWS = 32
# More than any cache holds.
OPERANDS = 512 << 20
PROMPTS = (2048, 8192)
# Tokens before a decode, and those that it has room for; sequences side by side.
BEFORE, CAPACITY = 512, 576
BATCHES = (1, 32)
# Sentences of a pass, and tokens of each.
SENTENCES, SENTENCE = 128, 128


@dataclasses.dataclass(frozen=True)
class Shape:
    """A decoder, as assay_graph::decoder has it."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    hidden: int
    vocabulary: int

    @property
    def dim(self) -> int:
        return self.width // self.heads

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Those of a layer: outputs and inputs."""
        kv = self.kv_heads * self.dim
        return {
            "q": (self.width, self.width),
            "k": (kv, self.width),
            "v": (kv, self.width),
            "output": (self.width, self.width),
            "gate": (self.hidden, self.width),
            "up": (self.hidden, self.width),
            "down": (self.width, self.hidden),
        }

    def multiplied(self) -> int:
        """Numbers that each token is multiplied by."""
        layer = sum(rows * columns for rows, columns in self.matrices().values())
        return self.layers * layer + self.vocabulary * self.width


SHAPES = {"1B": Shape(16, 2048, 32, 8, 8192, 128_256), "8B": Shape(32, 4096, 32, 8, 14_336, 128_256)}
# With units of a step and tokens of a unit.
TRAININGS = {
    "100M": (Shape(12, 768, 12, 12, 2048, 32_000), 8, 1024),
    "1B": (Shape(16, 2048, 32, 8, 8192, 32_000), 2, 2048),
}


def tell(name: str, value: float, unit: str) -> None:
    print(f"peer: {name} {value:.2f} {unit}", flush=True)


def seconds(work, runs: int = 10) -> float:
    """The median of calls of `work`, the device waited for."""
    samples = []
    for _ in range(runs):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        samples.append(time.perf_counter() - begin)
    return statistics.median(samples)


def as_graph(work):
    """`work` recorded as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def fastest(name: str, ways: dict, runs: int = 10) -> float:
    """Seconds of the fastest of ways; each is a function that gives what is to be timed."""
    found = {}
    for way, prepare in ways.items():
        try:
            work = prepare()
            for _ in range(3):
                work()
            found[way] = seconds(work, runs)
            print(f"{name} {way}: {found[way] * 1e3:.3f} ms", file=sys.stderr, flush=True)
        except Exception as error:  # One way that fails is not the end of the others, whatever it is.
            reason = str(error).strip().splitlines() or [type(error).__name__]
            print(f"{name} {way}: failed: {reason[0][:200]}", file=sys.stderr, flush=True)
            torch.cuda.empty_cache()
    if not found:
        raise RuntimeError(f"{name}: no way works")
    return min(found.values())


def products() -> None:
    digits = torch.randint(-127, 128, (OPERANDS,), dtype=torch.int8, device=DEVICE)
    for rows, columns, depth in PRODUCTS:
        taken, at, pairs = max(rows, LEAST_ROWS), 0, []
        for _ in range(20):
            pair = []
            for vectors in (taken, columns):
                size = vectors * depth
                at = at if at + size <= OPERANDS else 0
                pair.append(digits[at : at + size].view(vectors, depth))
                at += size
            pairs.append(pair)

        def multiply(pairs=pairs) -> None:
            for a, b in pairs:
                torch._int_mm(a, b.t())

        name = f"product/{rows}x{columns}x{depth}/torch._int_mm"
        each = fastest(name, {"graph": lambda: as_graph(multiply), "eager": lambda: multiply}) / len(pairs)
        tell(name, 2 * rows * columns * depth / each / 1e12, "TOPS")


def stay(*tensors: torch.Tensor) -> None:
    """Tells the compiler that they lie where they lie: else CUDA graphs would copy them before each start."""
    for tensor in tensors:
        torch._dynamo.mark_static_address(tensor)


def weight(rows: int, columns: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(rows, columns, dtype=dtype, device=DEVICE) * columns**-0.5


def angles(shape: Shape, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    speeds = 10_000.0 ** (-torch.arange(0, shape.dim, 2, dtype=torch.float64) / shape.dim)
    turned = torch.outer(torch.arange(tokens, dtype=torch.float64), speeds)
    return turned.cos().float().to(DEVICE), turned.sin().float().to(DEVICE)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """A pair is an element of the first half of a head and the one as far into the second half."""
    first, second = x.chunk(2, -1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


class Decoder:
    """Blocks of grouped-query attention with rotary positions and of SwiGLU, as assay_graph::decoder has them."""

    def __init__(self, shape: Shape, tokens: int, dtype: torch.dtype):
        self.shape = shape
        self.embed = torch.randn(shape.vocabulary, shape.width, dtype=dtype, device=DEVICE)
        self.head = weight(shape.vocabulary, shape.width, dtype)
        self.norms = torch.ones(2 * shape.layers + 1, shape.width, dtype=dtype, device=DEVICE)
        self.layers = [
            {name: weight(*size, dtype) for name, size in shape.matrices().items()} for _ in range(shape.layers)
        ]
        self.cos, self.sin = angles(shape, tokens)
        stay(self.cos, self.sin, *self.parameters())

    def parameters(self) -> list[torch.Tensor]:
        return [self.embed, self.head, self.norms, *(matrix for layer in self.layers for matrix in layer.values())]

    def norm(self, x: torch.Tensor, number: int) -> torch.Tensor:
        return functional.rms_norm(x, x.shape[-1:], self.norms[number].to(x.dtype), EPSILON)

    def heads(self, x: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        units, tokens, _ = x.shape
        return functional.linear(x, matrix).view(units, tokens, -1, self.shape.dim).transpose(1, 2)

    def feed_forward(self, x: torch.Tensor, layer: dict) -> torch.Tensor:
        gated = functional.silu(functional.linear(x, layer["gate"])) * functional.linear(x, layer["up"])
        return functional.linear(gated, layer["down"])

    def run(self, ids: torch.Tensor, positions: torch.Tensor, attend) -> torch.Tensor:
        """The stream behind the last norm; `attend` gives what the heads of a layer mix."""
        x = functional.embedding(ids, self.embed)
        cos, sin = self.cos[positions], self.sin[positions]
        for number, layer in enumerate(self.layers):
            normal = self.norm(x, 2 * number)
            q, k, v = [self.heads(normal, layer[part]) for part in ("q", "k", "v")]
            mixed = attend(number, rotate(q, cos, sin), rotate(k, cos, sin), v)
            x = x + functional.linear(mixed.transpose(1, 2).flatten(2), layer["output"])
            x = x + self.feed_forward(self.norm(x, 2 * number + 1), layer)
        return self.norm(x, 2 * self.shape.layers)


def attend_all(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    grouped = q.shape[1] != k.shape[1]
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped)


class Cache:
    """Keys and values of each layer, with room for a fixed number of tokens."""

    def __init__(self, shape: Shape, batch: int, capacity: int):
        size = (shape.layers, batch, shape.kv_heads, capacity, shape.dim)
        self.keys = torch.randn(size, dtype=torch.bfloat16, device=DEVICE)
        self.values = torch.randn(size, dtype=torch.bfloat16, device=DEVICE)
        stay(self.keys, self.values)

    def write(self, number: int, positions: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> None:
        self.keys[number].index_copy_(2, positions, k)
        self.values[number].index_copy_(2, positions, v)


@torch.inference_mode()
def prefill(name: str) -> None:
    shape = SHAPES[name]
    decoder = Decoder(shape, max(PROMPTS), torch.bfloat16)
    for tokens in PROMPTS:
        cache = Cache(shape, 1, tokens)
        ids = torch.randint(shape.vocabulary, (1, tokens), device=DEVICE)
        positions = torch.arange(tokens, device=DEVICE)

        def attend(number, q, k, v, cache=cache, positions=positions):
            cache.write(number, positions, k, v)
            return attend_all(q, k, v)

        def run(ids=ids, positions=positions, attend=attend):
            stream = decoder.run(ids, positions, attend)
            return functional.linear(stream[:, -1], decoder.head).argmax(-1)

        measured = f"prefill/{name}/{tokens}"
        ways = {"eager": lambda: run, "compiled": lambda: torch.compile(run, dynamic=False)}
        tell(measured, tokens / fastest(measured, ways), "tokens/s")


@torch.inference_mode()
def decode(name: str) -> None:
    shape = SHAPES[name]
    decoder = Decoder(shape, CAPACITY, torch.bfloat16)
    group = shape.heads // shape.kv_heads
    for batch in BATCHES:
        cache = Cache(shape, batch, CAPACITY)
        ids = torch.randint(shape.vocabulary, (batch, 1), device=DEVICE)
        position = torch.tensor([BEFORE], device=DEVICE)
        places = torch.arange(CAPACITY, device=DEVICE)
        stay(ids, position, places)

        def attend(number, q, k, v, cache=cache, position=position, places=places, batch=batch):
            cache.write(number, position, k, v)
            # The queries of a group ask the same keys: as many rows of one head.
            q = q.reshape(batch, shape.kv_heads, group, shape.dim)
            seen = (places <= position).view(1, 1, 1, -1)
            keys, values = cache.keys[number], cache.values[number]
            mixed = functional.scaled_dot_product_attention(q, keys, values, attn_mask=seen)
            return mixed.reshape(batch, shape.heads, 1, shape.dim)

        def step(ids=ids, position=position, attend=attend):
            stream = decoder.run(ids, position, attend)
            ids.copy_(functional.linear(stream[:, -1], decoder.head).argmax(-1, keepdim=True))

        measured = f"decode/{name}/{batch}"
        ways = {
            "compiled, CUDA graphs": lambda: torch.compile(step, mode="reduce-overhead", dynamic=False),
            "compiled, one CUDA graph": lambda: as_graph(torch.compile(step, dynamic=False)),
            "one CUDA graph": lambda: as_graph(step),
        }
        tell(measured, batch / fastest(measured, ways, 40), "tokens/s")


@torch.inference_mode()
def minilm(_: str) -> None:
    layers, width, heads, hidden, vocabulary = 6, 384, 12, 1536, 30_522
    sizes = [(width, width)] * 4 + [(hidden, width), (width, hidden)]
    model = [[weight(*size, torch.bfloat16) for size in sizes] for _ in range(layers)]
    table = torch.randn(vocabulary, width, dtype=torch.bfloat16, device=DEVICE)
    places = torch.randn(SENTENCE, width, dtype=torch.bfloat16, device=DEVICE)
    ids = torch.randint(vocabulary, (SENTENCES, SENTENCE), device=DEVICE)
    stay(table, places, ids, *(matrix for layer in model for matrix in layer))
    ones = torch.ones(width, dtype=torch.bfloat16, device=DEVICE)
    zeros = {size: torch.zeros(size, dtype=torch.bfloat16, device=DEVICE) for size in (width, hidden)}

    def norm(x):
        return functional.layer_norm(x, (width,), ones, zeros[width], 1e-12)

    def linear(x, matrix):
        return functional.linear(x, matrix, zeros[matrix.shape[0]])

    def run():
        x = norm(functional.embedding(ids, table) + places)
        for q, k, v, output, up, down in model:
            split = [linear(x, part).view(SENTENCES, SENTENCE, heads, -1).transpose(1, 2) for part in (q, k, v)]
            mixed = functional.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)
            x = norm(x + linear(mixed, output))
            x = norm(x + linear(functional.gelu(linear(x, up)), down))
        return functional.normalize(x.mean(1).float(), dim=-1)

    measured = f"minilm/{SENTENCE}"
    ways = {
        "compiled, CUDA graphs": lambda: torch.compile(run, mode="reduce-overhead", dynamic=False),
        "one CUDA graph": lambda: as_graph(run),
        "eager": lambda: run,
    }
    tell(measured, SENTENCES / fastest(measured, ways, 30), "sentences/s")


def training(name: str) -> None:
    shape, units, tokens = TRAININGS[name]
    decoder = Decoder(shape, tokens, torch.float32)
    parameters = decoder.parameters()
    for parameter in parameters:
        parameter.requires_grad_()
    adam = torch.optim.AdamW(parameters, 1e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, fused=True)
    data = torch.randint(shape.vocabulary, (units, tokens + 1), device=DEVICE)
    ids, labels, positions = data[:, :-1], data[:, 1:].reshape(-1), torch.arange(tokens, device=DEVICE)

    def loss_of():
        with torch.autocast(DEVICE, torch.bfloat16):
            stream = decoder.run(ids, positions, lambda _, q, k, v: attend_all(q, k, v))
            logits = functional.linear(stream, decoder.head).flatten(0, 1)
        return functional.cross_entropy(logits.float(), labels)

    def stepping(loss_of):
        def step() -> None:
            adam.zero_grad(set_to_none=True)
            loss_of().backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            adam.step()

        return step

    measured = f"training/{name}"
    ways = {
        "eager": lambda: stepping(loss_of),
        "compiled": lambda: stepping(torch.compile(loss_of, dynamic=False)),
    }
    step = fastest(measured, ways, 5)
    tell(measured, 6 * shape.multiplied() * units * tokens / step / 1e12, "TFLOPS")


def main() -> int:
    parts = {"prefill": prefill, "decode": decode, "minilm": minilm, "training": training}
    part, *shape = sys.argv[1:] or [""]
    if part != "products" and part not in parts:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    torch.manual_seed(7)
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}", file=sys.stderr, flush=True)
    if part == "products":
        products()
    else:
        parts[part](*(shape or [""]))
    return 0


sys.exit(main())
