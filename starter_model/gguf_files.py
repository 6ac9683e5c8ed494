"""The model as GGUF files: writes the pair that llama.cpp and wllama load, and reads such a pair back.

Owns keys, tensor names and quantisation. Reading back is for measuring any pair of this architecture and for going on
with its training. Does not own where the files belong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from starter_model.model import Shape, Starter
from starter_model.tensor_names import vision_tensor
from starter_model.tokenizer import END, END_OF_TEXT, Tokenizer

NAME = "cloche-starter"
TEMPLATE = Path(__file__).with_name("template.jinja")
QUANTISATIONS = {"q8_0": gguf.GGMLQuantizationType.Q8_0, "f16": gguf.GGMLQuantizationType.F16}
FILE_TYPES = {"q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "f16": gguf.LlamaFileType.MOSTLY_F16}


def text_name(folder: Path, kind: str) -> Path:
    """Where the language half lies."""
    return folder / f"{NAME}-{kind}.gguf"


def projector_name(folder: Path, kind: str) -> Path:
    """Where the encoder and projector lie."""
    return folder / f"mmproj-{NAME}-{kind}.gguf"


def pair(folder: Path, kind: str = "q8_0") -> tuple[Path, Path]:
    """Both files of a folder."""
    return text_name(folder, kind), projector_name(folder, kind)


def export(model: Starter, tokenizer: Tokenizer, folder: Path, kind: str = "q8_0") -> list[Path]:
    """Writes both files; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = list(pair(folder, kind))
    _write_text(model, tokenizer, paths[0], kind)
    _write_vision(model, paths[1], kind)
    return paths


def _write_text(model: Starter, tokenizer: Tokenizer, path: Path, kind: str) -> None:
    shape = model.shape
    out = gguf.GGUFWriter(path, "llama")
    out.add_name(NAME)
    out.add_file_type(FILE_TYPES[kind])
    out.add_context_length(shape.context)
    out.add_embedding_length(shape.width)
    out.add_block_count(shape.layers)
    out.add_feed_forward_length(shape.hidden)
    out.add_head_count(shape.heads)
    out.add_head_count_kv(shape.heads)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_freq_base(shape.rope_base)
    out.add_rope_dimension_count(shape.width // shape.heads)
    out.add_vocab_size(shape.vocabulary)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("smollm")
    out.add_token_list(tokenizer.tokens)
    out.add_token_types(tokenizer.types())
    out.add_token_merges([" ".join(pair) for pair in tokenizer.merges])
    out.add_bos_token_id(tokenizer.numbers[END_OF_TEXT])
    out.add_eos_token_id(tokenizer.numbers[END])
    out.add_pad_token_id(tokenizer.numbers[END_OF_TEXT])
    out.add_add_bos_token(False)
    out.add_chat_template(TEMPLATE.read_text())
    for name, value in model.text.state_dict().items():
        _add(out, name, value, kind)
    _finish(out)


def _write_vision(model: Starter, path: Path, kind: str) -> None:
    shape = model.shape
    out = gguf.GGUFWriter(path, "clip")
    out.add_type("mmproj")
    out.add_name(f"mmproj-{NAME}")
    out.add_file_type(FILE_TYPES[kind])
    out.add_bool("clip.has_vision_encoder", True)
    out.add_string("clip.projector_type", "janus_pro")
    out.add_bool("clip.use_gelu", True)
    out.add_uint32("clip.vision.image_size", shape.image)
    out.add_uint32("clip.vision.patch_size", shape.patch)
    out.add_uint32("clip.vision.embedding_length", shape.width)
    out.add_uint32("clip.vision.feed_forward_length", shape.vision_hidden)
    out.add_uint32("clip.vision.block_count", shape.vision_layers)
    out.add_uint32("clip.vision.projection_dim", shape.width)
    out.add_uint32("clip.vision.attention.head_count", shape.vision_heads)
    out.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    out.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    out.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    for name, value in model.vision.state_dict().items():
        tensor = vision_tensor(name)
        if tensor == "v.patch_embd.weight":
            _add(out, tensor, value.reshape(-1, 3, shape.patch, shape.patch), "f16")
        else:
            _add(out, tensor, value, "f32" if tensor == "v.position_embd.weight" else kind)
    _finish(out)


def _add(out: gguf.GGUFWriter, name: str, value: torch.Tensor, kind: str) -> None:
    """Vectors stay exact; matrices are stored as asked."""
    data = value.detach().float().cpu().numpy()
    if data.ndim == 1 or kind == "f32":
        out.add_tensor(name, data)
    elif kind == "f16":
        out.add_tensor(name, data.astype(np.float16))
    else:
        out.add_tensor(name, gguf.quants.quantize(data, QUANTISATIONS[kind]), raw_dtype=QUANTISATIONS[kind])


def _finish(out: gguf.GGUFWriter) -> None:
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def load(text: Path, projector: Path) -> tuple[Starter, Tokenizer]:
    """A pair of this architecture, whoever wrote it."""
    reader = gguf.GGUFReader(text)
    tokens: list[str] = _field(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ", 1)) for merge in _field(reader, "tokenizer.ggml.merges")]
    model = Starter(Shape(vocabulary=len(tokens)))
    model.text.load_state_dict(_tensors(reader, {n: n for n in model.text.state_dict()}))
    vision = _tensors(gguf.GGUFReader(projector), {vision_tensor(n): n for n in model.vision.state_dict()})
    vision["patch_embd.weight"] = vision["patch_embd.weight"].reshape(model.shape.width, -1)
    model.vision.load_state_dict(vision)
    return model, Tokenizer(tokens, merges)


def _field(reader: gguf.GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    if field is None:
        raise ValueError(f"The file has no {key}.")
    return field.contents()


def _tensors(reader: gguf.GGUFReader, names: dict[str, str]) -> dict[str, torch.Tensor]:
    return {
        names[tensor.name]: torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy()).float()
        for tensor in reader.tensors
        if tensor.name in names
    }
