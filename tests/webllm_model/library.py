"""The model as WebAssembly objects: kernels for WebGPU, and the program that calls them.

Owns which passes TVM runs and the metadata that WebLLM reads. Does not own the model (architecture.py, sampling.py) or
linking (linking.py).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.webllm_model.architecture import PREFILL_CHUNK, Shape, export
from tests.webllm_model.sampling import with_sampling
from tvm import relax
from tvm.ir import IRModule, StringImm
from tvm.ir.transform import Sequential
from tvm.relax import transform
from tvm.relax.backend import gpu_generic
from tvm.s_tir import dlight
from tvm.target import Target

TARGET = Target({"kind": "webgpu"}, host={"kind": "llvm", "mtriple": "wasm32-unknown-unknown-wasm"})


def compile_model(folder: Path) -> list[Path]:
    """Object files of the model, in this folder."""
    shape = Shape()
    with TARGET:
        module, parameters = export(shape, TARGET)
        module = _with_metadata(with_sampling(module, shape.vocabulary), parameters)
        passes = _passes()
    objects: list[Path] = []

    def keep(_output: str, files: list[str], **_options: Any) -> None:
        for file in files:
            objects.append(folder / f"model_{len(objects)}.o")
            shutil.copy(file, objects[-1])

    keep.object_format = "o"  # type: ignore[attr-defined]
    relax.build(module, TARGET, relax_pipeline=passes).export_library(str(folder / "model"), fcompile=keep)
    return objects


def _passes() -> Sequential:
    """TVM's usual ones, but every kernel is one thread an output: a software GPU is slow at sharing memory."""
    return Sequential(
        [
            *gpu_generic.library_dispatch_passes(TARGET),
            transform.LegalizeOps(),
            transform.AnnotateTIROpPattern(),
            transform.FoldConstant(),
            transform.FuseOps(),
            transform.FuseTIR(),
            dlight.ApplyDefaultSchedule(dlight.gpu.Fallback()),
            *gpu_generic.dataflow_lower_passes(TARGET),
            *gpu_generic.finalize_passes(TARGET),
        ]
    )


def _with_metadata(module: IRModule, parameters: list[tuple[str, Any]]) -> IRModule:
    """Adds `_metadata`, which says in JSON what weights the other functions are to be given, and how."""
    metadata = {
        "params": [
            {"name": name, "shape": [int(length) for length in value.shape], "dtype": value.dtype}
            for name, value in parameters
        ],
        "prefill_chunk_size": PREFILL_CHUNK,
        "kv_state_kind": "kv_cache",
    }
    builder = relax.BlockBuilder(module)
    with builder.function("_metadata", []):
        builder.emit_func_output(StringImm(json.dumps(metadata)))
    return builder.finalize()
