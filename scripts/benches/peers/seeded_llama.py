"""Writes a Hugging Face directory of a Llama-type decoder with 110 million parameters from a fixed seed.

Usage: seeded_llama.py DIRECTORY
Shape: 12 layers of 768 columns, 12 heads, 2,048 columns inside of a feed-forward, 32,000 tokens, tied head.
"""

import json
import pathlib
import sys

import numpy

SEED = 7
CONFIG = {
    "model_type": "llama",
    "hidden_act": "silu",
    "num_hidden_layers": 12,
    "hidden_size": 768,
    "num_attention_heads": 12,
    "num_key_value_heads": 12,
    "intermediate_size": 2048,
    "vocab_size": 32_000,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": True,
}


def shapes() -> dict[str, list[int]]:
    """The tensors of the model."""
    hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    layer = {f"self_attn.{part}_proj": [hidden, hidden] for part in "qkvo"}
    layer |= {f"mlp.{part}_proj": [inner, hidden] for part in ("gate", "up")}
    layer |= {"mlp.down_proj": [hidden, inner], "input_layernorm": [hidden], "post_attention_layernorm": [hidden]}
    found = {"model.embed_tokens.weight": [CONFIG["vocab_size"], hidden], "model.norm.weight": [hidden]}
    for number in range(CONFIG["num_hidden_layers"]):
        found |= {f"model.layers.{number}.{part}.weight": shape for part, shape in layer.items()}
    return found


def elements(shape: list[int], chance: numpy.random.Generator) -> numpy.ndarray:
    """Factors of norms near one; matrices that keep the variance of what they multiply."""
    if len(shape) == 1:
        return 1 + 0.1 * chance.standard_normal(shape, numpy.float32)
    return chance.standard_normal(shape, numpy.float32) * numpy.float32(shape[1] ** -0.5)


def write_tensors(path: pathlib.Path) -> None:
    header, end = {}, 0
    for name, shape in sorted(shapes().items()):
        size = 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    chance = numpy.random.default_rng(SEED)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for entry in header.values():
            file.write(elements(entry["shape"], chance).astype("<f4").tobytes())


def tokenizer() -> dict:
    """Each id is a word of its own."""
    words = {f"w{number}": number for number in range(CONFIG["vocab_size"])}
    nothing = ("truncation", "padding", "normalizer", "post_processor", "decoder")
    return {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "w0"},
    } | dict.fromkeys(nothing)


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(CONFIG))
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer()))
    write_tensors(directory / "model.safetensors")


main()
