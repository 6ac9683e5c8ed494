"""WebLLM's models: cards from the list that its package brings, and the words that the catalogue has for some of them.

Owns the translation of one entry of the package's `prebuiltAppConfig` into a card. The build writes that list into
`webllm_models.json` (vite.config.ts); nothing of it is copied by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from ..model_shapes import ModelCard
from ..shapes import Model
from .hub import PUBLIC_HUB
from .hub_models import card_id

#: as WebLLM numbers them
EMBEDDING, VISION = 1, 2
PARAMETERS = re.compile(r"(?:^|[-_])(\d+(?:[._]\d+)?)([bm])(?=[-_]|$)", re.IGNORECASE)
WEIGHTS = re.compile(r"-(q\df(?:16|32)(?:_\d)?)-MLC", re.IGNORECASE)
DEFAULT_CONTEXT = 4096
DEFAULT_IMAGE_TOKENS = 256


class WebllmNote(Model):
    """Words for the models whose id begins with `prefix`, and what the package's list does not tell of their pictures.

    `image_tokens` is the most that one picture takes of the context, `max_images` how many fit into it.
    """

    prefix: str
    name: str
    licence: str
    summary: str
    abilities: list[str] = Field(default=[])
    tools: bool = False
    parameter_count: int = 0
    image_tokens: int = DEFAULT_IMAGE_TOKENS
    max_images: int | None = None


def cards_from(listed: Sequence[dict[str, Any]], notes: Sequence[WebllmNote]) -> list[ModelCard]:
    """One card for each entry of the package's list, those with words of ours first. Raises ValueError."""
    cards = [(_note(entry, notes), _card(entry, _note(entry, notes))) for entry in listed]
    order = {note.prefix: number for number, note in enumerate(notes)}
    cards.sort(key=lambda pair: order[pair[0].prefix] if pair[0] else len(order))
    return [card for _, card in cards]


def _note(entry: dict[str, Any], notes: Sequence[WebllmNote]) -> WebllmNote | None:
    return next((note for note in notes if str(entry["model_id"]).startswith(f"{note.prefix}-q")), None)


def _card(entry: dict[str, Any], note: WebllmNote | None) -> ModelCard:
    name = str(entry["model_id"])
    kind = entry.get("model_type") or 0
    weights = WEIGHTS.search(name)
    quantisation = weights.group(1) if weights else ""
    short = name[: weights.start()] if weights else name.removesuffix("-MLC")
    tail = " (short context)" if name.endswith("-1k") else ""
    features = set(entry.get("required_features") or [])
    if "f16" in quantisation:
        features.add("shader-f16")  # many entries leave it out
    repo = str(entry["model"]).removeprefix(f"{PUBLIC_HUB}/")
    library = str(entry["model_lib"])
    return ModelCard.model_validate(
        {
            "id": card_id(name),
            "name": f"{note.name if note else short} ({quantisation}){tail}" if quantisation else name,
            "engine": "webllm",
            "purpose": "embedding" if kind == EMBEDDING else "chat",
            "modalities": ["text", "image"] if kind == VISION else ["text"],
            "tools": note.tools if note else False,
            "image_tokens": note.image_tokens if note else DEFAULT_IMAGE_TOKENS,
            "max_images": note.max_images if note else None,
            "context_window": int((entry.get("overrides") or {}).get("context_window_size") or DEFAULT_CONTEXT),
            "licence": note.licence if note else "see its page",
            "summary": note.summary if note else f"{short}, compiled for WebGPU, from WebLLM's own list.",
            "abilities": note.abilities if note else [],
            "repo": repo,
            "engine_model": name,
            "quantisation": quantisation,
            "parameter_count": (note.parameter_count if note else 0) or _parameters(short),
            "memory_bytes": round(float(entry.get("vram_required_MB") or 0) * 1e6),
            "buffer_bytes": int(entry.get("buffer_size_required_bytes") or 0),
            "features": sorted(features),
            "files": [{"role": "library", "name": library.rsplit("/", 1)[-1], "url": library}],
        }
    )


def _parameters(name: str) -> int:
    match = PARAMETERS.search(name)
    if match is None:
        return 0
    return round(float(match.group(1).replace("_", ".")) * (1e9 if match.group(2).lower() == "b" else 1e6))
