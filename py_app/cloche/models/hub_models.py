"""The models in a list of files: which files make one, its quantisations, its projector.

Owns the reading of file names as people on the hub write them (`-Q8_0.gguf`, `-00001-of-00003.gguf`, `mmproj-…`), and
the cards that follow from them and from what the hub says. Does not fetch and does not look into files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..errors import HubFailed
from ..model_shapes import ModelCard, ModelFile
from .hub import HubFile, Repo, hub_url
from .quantisations import quantisation_in

SPLIT = re.compile(r"^(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$", re.IGNORECASE)
PROJECTOR = re.compile(r"mmproj", re.IGNORECASE)
ADAPTER = re.compile(r"(?:^|[-_.])lora(?:[-_.]|$)", re.IGNORECASE)
#: the projector that is fastest and exact enough first
PROJECTOR_ORDER = ("Q8_0", "F16", "BF16", "F32", "")
DEFAULT_CONTEXT = 4096
SMALLEST_CONTEXT = 512


def groups_of(files: Sequence[HubFile]) -> list[list[HubFile]]:
    """The weights, each group one model: a file, or all parts of one that is split. Incomplete splits are left out."""
    single: list[list[HubFile]] = []
    split: dict[tuple[str, int], dict[int, HubFile]] = {}
    for file in files:
        name = file.path.rsplit("/", 1)[-1]
        if not name.lower().endswith(".gguf") or PROJECTOR.search(name) or ADAPTER.search(name):
            continue
        match = SPLIT.match(file.path)
        if match is None:
            single.append([file])
        else:
            key = (match["stem"], int(match["count"]))
            split.setdefault(key, {})[int(match["number"])] = file
    for (_, count), parts in split.items():
        if sorted(parts) == list(range(1, count + 1)):
            single.append([parts[number] for number in sorted(parts)])
    return sorted(single, key=lambda group: group[0].path)


def projector_for(weights: HubFile, files: Sequence[HubFile]) -> HubFile | None:
    """The picture encoder that belongs to these weights, None where there is none."""
    found = [file for file in files if PROJECTOR.search(file.path) and file.path.lower().endswith(".gguf")]

    def rank(file: HubFile) -> tuple[int, int]:
        quantisation = quantisation_in(_name(file.path))
        order = PROJECTOR_ORDER.index(quantisation) if quantisation in PROJECTOR_ORDER else len(PROJECTOR_ORDER)
        return (-_alike(_plain(file.path), _plain(weights.path)), order)

    return min(found, key=rank, default=None)


def cards_of(repo: Repo) -> list[ModelCard]:
    """One card for each model and quantisation in a repository. Raises HubFailed where there is none."""
    groups = groups_of(repo.files)
    if not groups:
        other = "safetensors" if any(file.path.endswith(".safetensors") for file in repo.files) else "other"
        raise HubFailed(
            f"{repo.id} holds no GGUF file, only {other} files.",
            action="Look for a repository of the same model whose name ends in GGUF.",
        )
    return [_card(repo, group) for group in groups]


def card_id(name: str) -> str:
    """A model's id from a name that people gave."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:110] or "model"


def file_of(repo: Repo, role: str, file: HubFile) -> ModelFile:
    """The card's entry of a repository's file."""
    return ModelFile.model_validate(
        {
            "role": role,
            "name": _name(file.path),
            "url": hub_url(repo.id, repo.revision, file.path),
            "size": file.size,
            "sha256": file.sha256,
        }
    )


def purpose_of(task: str, tags: Sequence[str], name: str) -> str:
    """What a model is for, from what its repository says of itself."""
    words = {task, *tags}
    if "rerank" in name.lower() or "text-ranking" in words:
        return "rerank"
    if words & {"sentence-similarity", "feature-extraction", "sentence-transformers"}:
        return "embedding"
    return "chat"


def _card(repo: Repo, group: Sequence[HubFile]) -> ModelCard:
    first = group[0]
    match = SPLIT.match(_name(first.path))
    stem = match["stem"] if match else _name(first.path)[: -len(".gguf")]
    projector = projector_for(first, repo.files)
    context = _number(repo.facts, "context_length")
    template = repo.facts.get("chat_template")
    files = [file_of(repo, "weights", part) for part in group]
    if projector is not None:
        files.append(file_of(repo, "projector", projector))
    return ModelCard.model_validate(
        {
            "id": card_id(f"{repo.id.split('/')[0]}-{stem}"),
            "name": stem,
            "engine": "llamacpp",
            "source": "added",
            "purpose": purpose_of(repo.task, repo.tags, repo.id),
            "modalities": ["text", "image"] if projector is not None else ["text"],
            "tools": isinstance(template, str) and "tools" in template,
            "context_window": max(SMALLEST_CONTEXT, min(context or DEFAULT_CONTEXT, DEFAULT_CONTEXT)),
            "trained_context": context or None,
            "licence": repo.licence or "see its page",
            "summary": f"From {repo.id}, added by you.",
            "repo": repo.id,
            "revision": repo.revision,
            "architecture": str(repo.facts.get("architecture") or ""),
            "quantisation": quantisation_in(stem),
            "parameter_count": _number(repo.facts, "total"),
            "files": files,
        }
    )


def _number(facts: dict[str, Any], key: str) -> int:
    value = facts.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _plain(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", PROJECTOR.sub("", _name(path).lower()))


def _alike(one: str, other: str) -> int:
    """How many letters two names have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
