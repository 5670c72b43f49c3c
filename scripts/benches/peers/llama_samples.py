"""Times a decoder's prefill and decode by ONNX Runtime.

Usage: llama_samples.py FILE THREADS, with the file of llama_onnx.py.
Reads a prompt and the tokens behind it, two lists of ids in a line of JSON, and prints a line with the logits behind
the prompt; then for each line "prefill" or "decode" the seconds of the prompt's pass, or of one for each other token.
"""

import json
import pathlib
import sys
import time

import numpy
import onnxruntime

from onnx_graph import start


class Unit:
    """The tokens of a text so far. Keys and values stay in one place."""

    def __init__(self, session: onnxruntime.InferenceSession):
        self.session, self.tokens = session, 0
        self.binding = session.io_binding()
        self.caches = []
        for given in session.get_inputs():
            if given.name.startswith(("key", "value")):
                cache = onnxruntime.OrtValue.ortvalue_from_numpy(numpy.zeros(given.shape, numpy.float32))
                self.caches.append(cache)
                self.binding.bind_ortvalue_input(given.name, cache)
                self.binding.bind_ortvalue_output(f"next_{given.name}", cache)
        self.binding.bind_output(session.get_outputs()[0].name)

    def run(self, ids: list[int]) -> numpy.ndarray:
        """The logits behind these tokens, which come next."""
        self.tokens += len(ids)
        self.binding.bind_cpu_input("ids", numpy.array([ids], numpy.int64))
        self.binding.bind_cpu_input("last", numpy.array([self.tokens - 1], numpy.int32))
        self.binding.bind_cpu_input("length", numpy.array(self.tokens, numpy.int32))
        self.session.run_with_iobinding(self.binding)
        # The last one that was bound.
        return self.binding.get_outputs()[-1].numpy().ravel()


def main() -> None:
    session = start(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    prompt, later = json.loads(sys.stdin.readline())
    print(json.dumps({"output": Unit(session).run(prompt).tolist()}), flush=True)
    for line in sys.stdin:
        unit, passes = Unit(session), [prompt]
        if line.strip() == "decode":
            unit.run(prompt)
            passes = [[token] for token in later]
        begin = time.perf_counter()
        for ids in passes:
            unit.run(ids)
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


main()
