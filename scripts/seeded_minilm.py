"""Writes a Hugging Face directory of the shape of all-MiniLM-L6-v2, with weights from a fixed seed.

Usage: seeded_minilm.py DIRECTORY
"""

import json
import pathlib
import random
import string
import sys

LAYERS, HIDDEN, INNER, WORDS, POSITIONS = 6, 384, 1536, 30522, 512
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_hidden_layers": LAYERS,
    "hidden_size": HIDDEN,
    "num_attention_heads": 12,
    "intermediate_size": INNER,
    "vocab_size": WORDS,
    "max_position_embeddings": POSITIONS,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]
POOLING = {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True}

# The highest byte of a float between 2^-5 and 2^-3 in size, with either sign, by a random byte's lowest bit.
SIGNED = bytes(0x3D if byte & 1 else 0xBD for byte in range(256))
ONE = b"\x00\x00\x80\x3f"


def shapes() -> dict[str, list[int]]:
    """The tensors of the model."""
    found = {
        "embeddings.word_embeddings.weight": [WORDS, HIDDEN],
        "embeddings.position_embeddings.weight": [POSITIONS, HIDDEN],
        "embeddings.token_type_embeddings.weight": [2, HIDDEN],
        "embeddings.LayerNorm.weight": [HIDDEN],
        "embeddings.LayerNorm.bias": [HIDDEN],
    }
    linear = {f"attention.self.{part}": [HIDDEN, HIDDEN] for part in ("query", "key", "value")}
    linear |= {"attention.output.dense": [HIDDEN, HIDDEN]}
    linear |= {"intermediate.dense": [INNER, HIDDEN], "output.dense": [HIDDEN, INNER]}
    for layer in range(LAYERS):
        for part, shape in linear.items():
            found[f"encoder.layer.{layer}.{part}.weight"] = shape
            found[f"encoder.layer.{layer}.{part}.bias"] = shape[:1]
        for part in ("attention.output", "output"):
            found[f"encoder.layer.{layer}.{part}.LayerNorm.weight"] = [HIDDEN]
            found[f"encoder.layer.{layer}.{part}.LayerNorm.bias"] = [HIDDEN]
    return found


def elements(name: str, count: int, chance: random.Random) -> bytes:
    """Floats of a tensor: factors of norms are one, all others random."""
    if name.endswith("LayerNorm.weight"):
        return ONE * count
    data = bytearray(chance.randbytes(4 * count))
    data[3::4] = data[3::4].translate(SIGNED)
    return bytes(data)


def write_weights(path: pathlib.Path):
    chance = random.Random(1)
    header, end = {}, 0
    for name, shape in shapes().items():
        start, end = end, end + 4 * shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            file.write(elements(name, (end - start) // 4, chance))


def tokenizer() -> dict:
    """Words by their letters."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {word: number for number, word in enumerate(words)}
    special = {
        token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")
    }
    around = [{"SpecialToken": {"id": token, "type_id": 0}} for token in ("[CLS]", "[SEP]")]
    single = [around[0], {"Sequence": {"id": "A", "type_id": 0}}, around[1]]
    pair = [*single, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": pair,
            "special_tokens": special,
        },
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    directory = pathlib.Path(arguments[0])
    # It is moved there whole.
    scratch = directory.with_name(f"{directory.name}.new")
    (scratch / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("config.json", CONFIG),
        ("modules.json", MODULES),
        ("1_Pooling/config.json", POOLING),
        ("tokenizer.json", tokenizer()),
    ):
        (scratch / name).write_text(json.dumps(content))
    write_weights(scratch / "model.safetensors")
    scratch.rename(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
