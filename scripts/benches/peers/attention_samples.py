"""Times attention without a mask by ONNX Runtime's fused operator, which keeps blocks of scores in the cache.

Usage: attention_samples.py DIRECTORY HEADS THREADS, with the files that assay-bench attention writes: q, k and v.
Reads a number of tokens, prints a line with the output over so many; then for each further number a line with the
seconds that these take.
"""

import json
import pathlib
import sys
import time

import numpy
from onnx import TensorProto, helper

from onnx_graph import FUSED, Builder, start

COLUMNS = 64
OPSET = 17


def model(heads: int) -> bytes:
    graph = Builder({})
    shape = [1, "tokens", heads * COLUMNS]
    output = graph.add("MultiHeadAttention", "q", "k", "v", domain=FUSED, num_heads=heads)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "qkv"]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    made = helper.make_graph(graph.nodes, "attention", inputs, outputs)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=versions, ir_version=8).SerializeToString()


def main() -> None:
    directory, heads, threads = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    session = start(model(heads), threads)
    files = {name: numpy.fromfile(directory / name, "<f4").reshape(1, -1, heads * COLUMNS) for name in "qkv"}

    def attend(tokens: int) -> tuple[float, numpy.ndarray]:
        given = {name: values[:, :tokens] for name, values in files.items()}
        begin = time.perf_counter()
        output = session.run(None, given)[0]
        return time.perf_counter() - begin, output

    print(json.dumps({"output": attend(int(sys.stdin.readline()))[1].ravel().tolist()}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": attend(int(line))[0]}), flush=True)


main()
