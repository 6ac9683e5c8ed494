"""The starter model's language half in the files that WebLLM reads besides the library.

Owns turning the shipped GGUF into weights (bfloat16 on disk, float32 on the GPU), tokenizer and chat settings. The
library that computes with them is made once by `build.py webllm` and lies in tests/data/webllm; these files are made
from whatever starter model the app ships, so they need numbers of the same shape and nothing else.
"""

from __future__ import annotations

import json
import struct
from array import array

from tests.e2e.gguf import Gguf, Tensor

CONFIG, TOKENIZER, TENSORS, SHARD = "mlc-chat-config.json", "tokenizer.json", "tensor-cache.json", "params_shard_0.bin"
F32, Q8_0 = 0, 8
CONTROL, NORMAL = 3, 1
Rows = list["array[float]"]


def files(weights: bytes) -> dict[str, bytes]:
    """Every file by name, from the bytes of the GGUF."""
    model = Gguf(weights)
    tensors = _tensors(model)
    shard = b"".join(_bfloat16(rows) for _, rows in tensors)
    records, offset = [], 0
    for name, rows in tensors:
        shape = [len(rows), len(rows[0])] if len(rows) > 1 else [len(rows[0])]
        size = 2 * len(rows) * len(rows[0])
        records.append(
            {"name": name, "shape": shape, "dtype": "float32", "format": "f32-to-bf16", "nbytes": size}
            | {"byteOffset": offset}
        )
        offset += size
    cache = {
        "metadata": {"ParamSize": len(tensors), "ParamBytes": 2 * len(shard), "BitsPerParam": 16.0},
        "records": [{"dataPath": SHARD, "format": "raw-shard", "nbytes": len(shard), "records": records}],
    }
    return {
        CONFIG: json.dumps(_config(model)).encode(),
        TOKENIZER: json.dumps(_tokenizer(model)).encode(),
        TENSORS: json.dumps(cache).encode(),
        SHARD: shard,
    }


def _tensors(model: Gguf) -> list[tuple[str, Rows]]:
    """Names and rows as architecture.py has them: attention's three matrices in one, the gate and what it gates too."""
    heads = model.uint32("llama.attention.head_count")

    def rows(name: str) -> Rows:
        return _rows(model.tensors[f"{name}.weight"])

    tensors = [("token_embd.weight", rows("token_embd"))]
    for number in range(model.uint32("llama.block_count")):
        block = f"blk.{number}"
        query, key = (_halves(rows(f"{block}.attn_{part}"), heads) for part in "qk")
        tensors += [
            (f"{block}.attn_norm.weight", rows(f"{block}.attn_norm")),
            (f"{block}.attn_qkv.weight", query + key + rows(f"{block}.attn_v")),
            (f"{block}.attn_output.weight", rows(f"{block}.attn_output")),
            (f"{block}.ffn_norm.weight", rows(f"{block}.ffn_norm")),
            (f"{block}.ffn_gate_up.weight", rows(f"{block}.ffn_gate") + rows(f"{block}.ffn_up")),
            (f"{block}.ffn_down.weight", rows(f"{block}.ffn_down")),
        ]
    return [*tensors, ("output_norm.weight", rows("output_norm"))]


def _rows(tensor: Tensor) -> Rows:
    """The numbers, row by row."""
    width = tensor.shape[0]
    if tensor.type == F32:
        numbers = array("f", tensor.data)
    elif tensor.type == Q8_0:
        numbers = array("f")
        for at in range(0, len(tensor.data), 34):
            scale, *quants = struct.unpack_from("<e32b", tensor.data, at)
            numbers.extend([scale * quant for quant in quants])
    else:
        raise ValueError(f"a tensor of type {tensor.type}")
    return [numbers[at : at + width] for at in range(0, len(numbers), width)]


def _halves(rows: Rows, heads: int) -> Rows:
    """Rows that turn together lie side by side in GGUF; TVM's rotary embedding wants all firsts, then all seconds."""
    head = len(rows) // heads
    starts = range(0, len(rows), head)
    return [row for start in starts for half in (0, 1) for row in rows[start + half : start + head : 2]]


def _bfloat16(rows: Rows) -> bytes:
    """The upper half of every float32, rounded."""
    return b"".join(
        array("H", [number + 0x8000 >> 16 for number in array("I", row.tobytes())]).tobytes() for row in rows
    )


def _strings(model: Gguf, name: str) -> list[str]:
    raw = model.keys[name][1]
    at, texts = 12, []
    for _ in range(struct.unpack_from("<Q", raw, 4)[0]):
        (length,) = struct.unpack_from("<Q", raw, at)
        texts.append(raw[at + 8 : at + 8 + length].decode())
        at += 8 + length
    return texts


def _tokenizer(model: Gguf) -> dict[str, object]:
    """Byte-level BPE with single digits, in the form of Hugging Face's tokenizers."""
    tokens = _strings(model, "tokenizer.ggml.tokens")
    types = array("i", model.keys["tokenizer.ggml.token_type"][1][12:])
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, "special": types[number] == CONTROL} | flags
            for number, token in enumerate(tokens)
            if types[number] != NORMAL
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": _strings(model, "tokenizer.ggml.merges"),
        },
    }


def _config(model: Gguf) -> dict[str, object]:
    """ChatML, and the starter's greedy answers."""
    end = model.uint32("tokenizer.ggml.eos_token_id")
    return {
        "model_type": "llama",
        "vocab_size": model.uint32("llama.vocab_size"),
        "context_window_size": model.uint32("llama.context_length"),
        "sliding_window_size": -1,
        "attention_sink_size": -1,
        "tokenizer_files": [TOKENIZER],
        "tokenizer_info": {
            "token_postproc_method": "byte_level",
            "prepend_space_in_encode": False,
            "strip_space_in_decode": False,
        },
        "temperature": 0.0,
        "top_p": 1.0,
        "repetition_penalty": 1.0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
        "conv_template": {
            "name": "chatml",
            "system_template": "<|im_start|>system\n{system_message}<|im_end|>\n",
            "system_message": "",
            "render_empty_system_message": False,
            "add_role_after_system_message": True,
            "roles": {role: f"<|im_start|>{role}" for role in ("user", "assistant", "tool")},
            "role_templates": {role: f"{{{role}_message}}" for role in ("user", "assistant", "tool")},
            "role_content_sep": "\n",
            "role_empty_sep": "\n",
            "seps": ["<|im_end|>\n"],
            "stop_str": ["<|im_end|>"],
            "stop_token_ids": [end],
        },
    }
