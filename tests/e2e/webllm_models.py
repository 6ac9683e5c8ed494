"""The starter model for WebLLM, for the server's overlay folder.

Owns its card and its files; the weights are made from the shipped starter model (tests/webllm_model/weights.py), the
library is tests/data/webllm/starter.wasm.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.e2e.models import original
from tests.webllm_model.weights import CONFIG, TOKENIZER, files

GPU_FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
LIBRARY = "starter.wasm"
MODEL = "cloche-starter-webllm"
NAME = "Cloche starter on WebGPU"
FOLDER = Path("models") / "starter-webllm"


@cache
def contents(weights: bytes) -> dict[str, bytes]:
    """Every file of the model by its name, from the bytes of its GGUF."""
    library = Path(__file__).resolve().parents[1] / "data" / "webllm" / LIBRARY
    return {LIBRARY: library.read_bytes()} | files(weights)


def card(contents: dict[str, bytes]) -> dict[str, Any]:
    """The starter's card, for its language half on the other engine."""
    roles = {LIBRARY: "library", CONFIG: "config", TOKENIZER: "tokenizer"}
    return (
        json.loads(original("card.json"))
        | {
            "id": MODEL,
            "name": NAME,
            "engine": "webllm",
            "modalities": ["text"],
            "native_tools": False,
            "tools": False,
            "source": "catalogue",
        }
        | {
            "files": [
                {
                    "role": roles.get(name, "weights"),
                    "name": name,
                    "url": (FOLDER / name).as_posix(),
                    "size": len(data),
                    "sha256": hashlib.sha256(data).hexdigest(),
                }
                for name, data in contents.items()
            ]
        }
    )


def install(overlay: Path, contents: dict[str, bytes]) -> None:
    """Put the files into a server's overlay, with a catalogue that has this model and nothing else of ours."""
    (overlay / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        (overlay / FOLDER / name).write_bytes(data)
    (overlay / "catalogue.json").write_text(json.dumps({"llamacpp": [card(contents)], "webllm": []}))
