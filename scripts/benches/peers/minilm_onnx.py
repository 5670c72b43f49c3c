"""MiniLM as ONNX files, made from its safetensors: float32, and the dynamic int8 form that ONNX Runtime makes of it.

Usage: minilm_onnx.py MODEL_DIRECTORY TOKENS OUTPUT_DIRECTORY
Writes float32.onnx and int8.onnx: ids [batch, TOKENS] to embeddings [batch, columns], mean pooling without padding.
"""

import json
import logging
import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from onnx_graph import FUSED, Builder, read_tensors

OPSET = 17


class Encoder(Builder):
    """The layers of a BERT."""

    def linear(self, x: str, name: str) -> str:
        weight = self.constant(self.tensors[f"{name}.weight"].T)
        return self.add("Add", self.add("MatMul", x, weight), self.constant(self.tensors[f"{name}.bias"]))

    def layer_norm(self, x: str, name: str, epsilon: float) -> str:
        gamma, beta = (self.constant(self.tensors[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        erf = self.add("Erf", self.add("Div", x, self.constant(2**0.5)))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, self.constant(1))), self.constant(0.5))

    def attention(self, x: str, name: str, heads: int) -> str:
        """By ONNX Runtime's fused operator, which is faster there than the standard ones it stands for."""
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        weight = self.constant(numpy.concatenate([self.tensors[f"{part}.weight"].T for part in parts], axis=1))
        bias = self.constant(numpy.concatenate([self.tensors[f"{part}.bias"] for part in parts]))
        return self.add("Attention", x, weight, bias, domain=FUSED, num_heads=heads)


def build(tensors: dict[str, numpy.ndarray], config: dict, tokens: int) -> onnx.ModelProto:
    graph = Encoder(tensors)
    columns, epsilon = config["hidden_size"], config["layer_norm_eps"]
    words = graph.add("Gather", graph.constant(tensors["embeddings.word_embeddings.weight"]), "ids")
    # Neither depends on the ids: there is one segment.
    places = tensors["embeddings.position_embeddings.weight"][:tokens]
    places = places + tensors["embeddings.token_type_embeddings.weight"][0]
    x = graph.layer_norm(graph.add("Add", words, graph.constant(places)), "embeddings.LayerNorm", epsilon)
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        attended = graph.attention(x, f"{name}.attention.self", config["num_attention_heads"])
        y = graph.add("Add", graph.linear(attended, f"{name}.attention.output.dense"), x)
        x = graph.layer_norm(y, f"{name}.attention.output.LayerNorm", epsilon)
        hidden = graph.gelu(graph.linear(x, f"{name}.intermediate.dense"))
        y = graph.add("Add", graph.linear(hidden, f"{name}.output.dense"), x)
        x = graph.layer_norm(y, f"{name}.output.LayerNorm", epsilon)
    pooled = graph.add("ReduceMean", x, axes=[1], keepdims=0)
    output = graph.add("LpNormalization", pooled, axis=-1, p=2)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", tokens])
    embeddings = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", columns])
    made = helper.make_graph(graph.nodes, "minilm", [ids], [embeddings], graph.constants)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    model = helper.make_model(made, opset_imports=versions, ir_version=8)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    model, tokens, output = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    config = json.loads((model / "config.json").read_text())
    output.mkdir(parents=True, exist_ok=True)
    onnx.save(build(read_tensors(model / "model.safetensors"), config, tokens), output / "float32.onnx")
    # Its advice to preprocess the model has nothing to add here.
    logging.disable(logging.WARNING)
    quantize_dynamic(
        output / "float32.onnx",
        output / "int8.onnx",
        weight_type=QuantType.QInt8,
        # It cannot infer the types of what the fused operator gives.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )


main()
