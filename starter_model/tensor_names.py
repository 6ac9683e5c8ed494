"""What llama.cpp calls the parameters of the encoder and projector.

Owns those names only; the parameters of the language half already bear theirs.
"""

from __future__ import annotations


def vision_tensor(name: str) -> str:
    """GGUF's name of a parameter of `model.Vision`."""
    if name.startswith(("mm0.", "mm1.")):
        return f"mm.{name[2:]}"
    return f"v.{name}.weight" if name == "position_embd" else f"v.{name}"
