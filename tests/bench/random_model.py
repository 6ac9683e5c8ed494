"""Language models of real shapes with random weights: as fast as the real ones, and made on the spot.

Owns the shapes and the writing of weights in 8 or 4 bits. Tokens and template are the starter model's; what the models
say means nothing.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from tests.e2e import models
from tests.e2e.gguf import ARRAY, STRING, Gguf, Tensor

F32, Q4_0, Q8_0 = 0, 2, 8
BLOCK_BYTES = {Q4_0: 18, Q8_0: 34}
# The scale of a block, about 1/1000 as a half float: the random model's numbers stay of the order of one.
SCALE = struct.pack("<e", 0.001)
VARIETY = 4096


@dataclass(frozen=True)
class Shape:
    """What the time of a model depends on."""

    name: str
    layers: int
    width: int
    heads: int
    key_heads: int
    hidden: int
    vocabulary: int = 49152

    @property
    def head_width(self) -> int:
        return self.width // self.heads


SHAPES = {
    "135M": Shape("135M", 30, 576, 9, 3, 1536),
    "360M": Shape("360M", 32, 960, 15, 5, 2560),
}


def random_model(shape: Shape, kind: int = Q8_0) -> bytes:
    """A GGUF file of this shape, the same every time."""
    draw = random.Random(1)  # noqa: S311 - weights, not secrets
    blocks = [SCALE + draw.randbytes(BLOCK_BYTES[kind] - len(SCALE)) for _ in range(VARIETY)]
    model = Gguf(models.original(models.WEIGHTS))
    numbers = {
        "block_count": shape.layers,
        "embedding_length": shape.width,
        "feed_forward_length": shape.hidden,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.key_heads,
        "rope.dimension_count": shape.head_width,
        "vocab_size": shape.vocabulary,
        "attention.key_length": shape.head_width,
        "attention.value_length": shape.head_width,
    }
    for key, value in numbers.items():
        if f"llama.{key}" in model.keys:
            model.set_uint32(f"llama.{key}", value)
    _enlarge_vocabulary(model, shape.vocabulary)

    def weights(inputs: int, outputs: int) -> Tensor:
        count = inputs * outputs // 32
        tile = b"".join(blocks)
        data = (tile * (count // VARIETY + 1))[: count * BLOCK_BYTES[kind]]
        return Tensor((inputs, outputs), kind, data)

    ones = Tensor((shape.width,), F32, struct.pack("<f", 1.0) * shape.width)
    keys = shape.key_heads * shape.head_width
    model.tensors = {"token_embd.weight": weights(shape.width, shape.vocabulary), "output_norm.weight": ones}
    for layer in range(shape.layers):
        model.tensors |= {
            f"blk.{layer}.{name}": tensor
            for name, tensor in {
                "attn_norm.weight": ones,
                "attn_q.weight": weights(shape.width, shape.width),
                "attn_k.weight": weights(shape.width, keys),
                "attn_v.weight": weights(shape.width, keys),
                "attn_output.weight": weights(shape.width, shape.width),
                "ffn_norm.weight": ones,
                "ffn_gate.weight": weights(shape.width, shape.hidden),
                "ffn_up.weight": weights(shape.width, shape.hidden),
                "ffn_down.weight": weights(shape.hidden, shape.width),
            }.items()
        }
    return model.write()


def _enlarge_vocabulary(model: Gguf, size: int) -> None:
    """Adds tokens that no text has, each of the list's other properties like the last token's."""
    _, raw = model.keys["tokenizer.ggml.tokens"]
    (count,) = struct.unpack_from("<Q", raw, 4)
    extra = [f"unused{index}".encode() for index in range(size - count)]
    tokens = raw[12:] + b"".join(struct.pack("<Q", len(token)) + token for token in extra)
    model.keys["tokenizer.ggml.tokens"] = (ARRAY, struct.pack("<IQ", STRING, size) + tokens)
    for key, width in (("tokenizer.ggml.token_type", 4), ("tokenizer.ggml.scores", 4)):
        if key in model.keys:
            _, raw = model.keys[key]
            values = raw[12:] + raw[-width:] * (size - count)
            model.keys[key] = (ARRAY, raw[:4] + struct.pack("<Q", size) + values)
