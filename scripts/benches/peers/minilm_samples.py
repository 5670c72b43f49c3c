"""Times embeddings by ONNX Runtime.

Usage: minilm_samples.py DIRECTORY THREADS, with the files of minilm_onnx.py in DIRECTORY.
Reads the ids of sequences as a line of JSON and prints a line with their embeddings; then for each line such as
"float32 32", the model and the batch, a line with the seconds that it took.
"""

import json
import pathlib
import sys
import time

import numpy

from onnx_graph import start


def main() -> None:
    directory, threads = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    sessions = {name: start(directory / f"{name}.onnx", threads) for name in ("float32", "int8")}
    ids = numpy.array(json.loads(sys.stdin.readline()), numpy.int64)

    def embed(name: str, batch: int) -> numpy.ndarray:
        return sessions[name].run(None, {"ids": ids[:batch]})[0]

    print(json.dumps({name: embed(name, len(ids)).tolist() for name in sessions}), flush=True)
    for line in sys.stdin:
        name, batch = line.split()
        begin = time.perf_counter()
        embed(name, int(batch))
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


main()
