"""Models of real shapes with random weights: as fast as the real ones, and made on the spot.

Owns the shapes and the writing of weights in 8, 6 or 4 bits. Tokens and template are the starter model's, and so are
the keys of a projector; what the models say means nothing.
"""

from __future__ import annotations

import math
import random
import struct
from dataclasses import dataclass

from tests.e2e import models
from tests.e2e.gguf import ARRAY, STRING, Gguf, Tensor

F32, Q4_0, Q8_0, Q4_K, Q6_K = 0, 2, 8, 12, 14
#: how many weights a block has, and how many bytes
BLOCKS = {Q4_0: (32, 18), Q8_0: (32, 34), Q4_K: (256, 144), Q6_K: (256, 210)}
# Scales of blocks as half floats, and how far minima lie below: the random model's numbers stay of the order of one.
SCALES = {Q4_0: (0.001,), Q8_0: (0.001,), Q4_K: (0.0004, 0.003), Q6_K: (0.00005,)}
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
    "0.5B": Shape("0.5B", 24, 896, 14, 2, 4864, 151936),
    # K-quants want rows of whole 256 weights, which the smaller ones of these models have not.
    "140M": Shape("140M", 16, 768, 12, 4, 2048),
}


def random_model(shape: Shape, kind: int = Q8_0, finer: int | None = None) -> bytes:
    """A GGUF file of this shape, the same every time.

    `finer` is the type of what llama.cpp's mixtures (Q4_K_M: Q4_K and Q6_K) store in more bits than the rest.
    """
    finer = kind if finer is None else finer
    tiles = _tiles(kind, finer)
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

    def weights(inputs: int, outputs: int, kind: int = kind) -> Tensor:
        return _matrix(tiles, kind, inputs, outputs)

    ones = _floats(1.0, shape.width)
    keys = shape.key_heads * shape.head_width
    model.tensors = {
        "token_embd.weight": weights(shape.width, shape.vocabulary, finer),
        "output_norm.weight": ones,
    }
    for layer in range(shape.layers):
        some = kind if layer % 2 else finer
        model.tensors |= {
            f"blk.{layer}.{name}": tensor
            for name, tensor in {
                "attn_norm.weight": ones,
                "attn_q.weight": weights(shape.width, shape.width),
                "attn_k.weight": weights(shape.width, keys),
                "attn_v.weight": weights(shape.width, keys, some),
                "attn_output.weight": weights(shape.width, shape.width),
                "ffn_norm.weight": ones,
                "ffn_gate.weight": weights(shape.width, shape.hidden),
                "ffn_up.weight": weights(shape.width, shape.hidden),
                "ffn_down.weight": weights(shape.hidden, shape.width, some),
            }.items()
        }
    return model.write()


def random_projector(image_size: int, layers: int = 4) -> bytes:
    """A projector for the starter model's language half: SigLIP-base's width with fewer layers, in Q8_0.

    `image_size` is in pixels, in patches of 16. SigLIP-base has twelve layers.
    """
    width, hidden, heads, patch, narrow = 768, 3072, 12, 16, 192
    tiles = _tiles(Q8_0)
    model = Gguf(models.original(models.PROJECTOR))
    numbers = {
        "image_size": image_size,
        "block_count": layers,
        "embedding_length": width,
        "feed_forward_length": hidden,
        "attention.head_count": heads,
    }
    for key, value in numbers.items():
        model.set_uint32(f"clip.vision.{key}", value)

    def linear(name: str, inputs: int, outputs: int) -> dict[str, Tensor]:
        return {f"{name}.weight": _matrix(tiles, Q8_0, inputs, outputs), f"{name}.bias": _floats(0.0, outputs)}

    def norm(name: str) -> dict[str, Tensor]:
        return {f"{name}.weight": _floats(1.0, width), f"{name}.bias": _floats(0.0, width)}

    model.tensors = {
        "v.patch_embd.weight": _floats(0.02, patch, patch, 3, width),
        "v.patch_embd.bias": _floats(0.0, width),
        "v.position_embd.weight": _floats(0.02, width, (image_size // patch) ** 2),
        **norm("v.post_ln"),
        **linear("mm.0", width, width),
        **linear("mm.1", width, narrow),
    }
    for layer in range(layers):
        block = f"v.blk.{layer}"
        model.tensors |= norm(f"{block}.ln1") | norm(f"{block}.ln2")
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            model.tensors |= linear(f"{block}.{name}", width, width)
        model.tensors |= linear(f"{block}.ffn_up", width, hidden) | linear(f"{block}.ffn_down", hidden, width)
    return model.write()


def _tiles(*kinds: int) -> dict[int, bytes]:
    """Blocks at random of each kind, which matrices repeat."""
    draw = random.Random(1)  # noqa: S311 - weights, not secrets
    return {kind: b"".join(_block(draw, kind) for _ in range(VARIETY)) for kind in dict.fromkeys(kinds)}


def _matrix(tiles: dict[int, bytes], kind: int, inputs: int, outputs: int) -> Tensor:
    values, size = BLOCKS[kind]
    count = inputs * outputs // values
    return Tensor((inputs, outputs), kind, (tiles[kind] * (count // VARIETY + 1))[: count * size])


def _floats(value: float, *shape: int) -> Tensor:
    return Tensor(shape, F32, struct.pack("<f", value) * math.prod(shape))


def _block(draw: random.Random, kind: int) -> bytes:
    """Weights at random, with the block's scales in front; Q6_K has them behind."""
    scales = b"".join(struct.pack("<e", scale) for scale in SCALES[kind])
    rest = draw.randbytes(BLOCKS[kind][1] - len(scales))
    return rest + scales if kind == Q6_K else scales + rest


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
