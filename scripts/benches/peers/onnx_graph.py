"""ONNX graphs, made node by node from the tensors of a model, and sessions of ONNX Runtime that run them."""

import json
import pathlib

import numpy
import onnxruntime
from onnx import helper, numpy_helper

# The domain of ONNX Runtime's own operators.
FUSED = "com.microsoft"


def read_tensors(path: pathlib.Path) -> dict[str, numpy.ndarray]:
    """The float32 tensors of a safetensors file."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if entry.get("dtype") == "F32":
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensors[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


class Builder:
    """Nodes and initialisers of a graph; every method gives the name of its first output."""

    def __init__(self, tensors: dict[str, numpy.ndarray]):
        self.tensors = tensors
        self.nodes, self.constants = [], []

    def constant(self, value, dtype=numpy.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, further=(), **attributes) -> str:
        """`further` names outputs behind the first one."""
        name, output = f"node_{len(self.nodes)}", f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output, *further], name=name, **attributes))
        return output


def start(model, threads: int) -> onnxruntime.InferenceSession:
    """Of a file, or of a model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Within a run its threads spin for work, as ours do. Behind it they would go on, into the next one's turn.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
