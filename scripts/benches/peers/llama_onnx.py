"""A Llama-type decoder as an ONNX file, made from its safetensors, with ONNX Runtime's fused operators.

Usage: llama_onnx.py MODEL_DIRECTORY TOKENS OUTPUT
Writes OUTPUT: ids [1, tokens], the lengths that attention asks for, and per layer the keys and values so far, room for
TOKENS of them, to the logits behind the last token. Keys and values are written into the arrays that they come in.
"""

import json
import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper

from onnx_graph import FUSED, Builder, read_tensors

OPSET = 17


class Decoder(Builder):
    """The layers of a Llama."""

    def __init__(self, tensors: dict[str, numpy.ndarray], config: dict, tokens: int):
        super().__init__(tensors)
        self.config = config
        self.dim = config["hidden_size"] // config["num_attention_heads"]
        speeds = config["rope_theta"] ** (-numpy.arange(0, self.dim, 2, dtype=numpy.float64) / self.dim)
        angles = numpy.outer(numpy.arange(tokens), speeds)
        self.angles = [self.constant(numpy.cos(angles)), self.constant(numpy.sin(angles))]

    def linear(self, x: str, name: str) -> str:
        return self.add("MatMul", x, self.constant(self.tensors[f"{name}.weight"].T))

    def norm(self, x: str, name: str) -> str:
        gamma = self.constant(self.tensors[f"{name}.weight"])
        return self.add("SimplifiedLayerNormalization", x, gamma, axis=-1, epsilon=self.config["rms_norm_eps"])

    def attention(self, x: str, layer: int) -> str:
        q, k, v = (self.linear(x, f"model.layers.{layer}.self_attn.{part}_proj") for part in "qkv")
        mixed = self.add(
            "GroupQueryAttention",
            *(q, k, v, f"key.{layer}", f"value.{layer}", "last", "length", *self.angles),
            further=(f"next_key.{layer}", f"next_value.{layer}"),
            domain=FUSED,
            num_heads=self.config["num_attention_heads"],
            kv_num_heads=self.config["num_key_value_heads"],
            do_rotary=1,
        )
        return self.linear(mixed, f"model.layers.{layer}.self_attn.o_proj")

    def feed_forward(self, x: str, name: str) -> str:
        gate, up = (self.linear(x, f"{name}.{part}_proj") for part in ("gate", "up"))
        gated = self.add("Mul", self.add("QuickGelu", gate, domain=FUSED, alpha=1.0), up)
        return self.linear(gated, f"{name}.down_proj")


def build(tensors: dict[str, numpy.ndarray], config: dict, tokens: int) -> onnx.ModelProto:
    graph = Decoder(tensors, config, tokens)
    words = graph.constant(tensors["model.embed_tokens.weight"])
    x = graph.add("Gather", words, "ids")
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        x = graph.add("Add", x, graph.attention(graph.norm(x, f"{name}.input_layernorm"), layer))
        x = graph.add("Add", x, graph.feed_forward(graph.norm(x, f"{name}.post_attention_layernorm"), f"{name}.mlp"))
    x = graph.add("Gather", x, graph.constant(-1, numpy.int64), axis=1)
    x = graph.norm(x, "model.norm")
    output = graph.add("MatMul", x, graph.constant(tensors["model.embed_tokens.weight"].T))
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])]
    inputs.append(helper.make_tensor_value_info("last", TensorProto.INT32, [1]))
    inputs.append(helper.make_tensor_value_info("length", TensorProto.INT32, []))
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 1, config["vocab_size"]])]
    cache = [1, config["num_key_value_heads"], tokens, graph.dim]
    for layer in range(config["num_hidden_layers"]):
        for part in ("key", "value"):
            inputs.append(helper.make_tensor_value_info(f"{part}.{layer}", TensorProto.FLOAT, cache))
            outputs.append(helper.make_tensor_value_info(f"next_{part}.{layer}", TensorProto.FLOAT, cache))
    made = helper.make_graph(graph.nodes, "llama", inputs, outputs, graph.constants)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=versions, ir_version=8)


def main() -> None:
    model, tokens, output = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    config = json.loads((model / "config.json").read_text())
    onnx.save(build(read_tensors(model / "model.safetensors"), config, tokens), output)


main()
