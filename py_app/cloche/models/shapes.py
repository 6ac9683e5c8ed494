"""What the page knows of the catalogue and of this device, and the commands about them.

Sizes in bytes, contexts in tokens. Downloads and what lies on the disk have shapes of their own (storage_shapes.py).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..engine_contract import Device, Measured
from ..model_shapes import EngineOptions, ModelCard, ModelStatus
from ..shapes import Model
from .file_shapes import FileFacts


class ModelRef(Model):
    """Names a model."""

    model_id: str


class Fit(Model):
    """Whether a model runs on this device, and why.

    `bytes` is what has to be fetched, `memory_bytes` what it needs while it runs; `estimated` says that both follow
    from the number of its parameters, because its files have not been looked up yet. `tokens_per_second` comes from
    the measurement of this device, None without one. `alternative` would run instead."""

    verdict: Literal["runs", "slow", "cannot"]
    reason: str
    bytes: int
    memory_bytes: int
    estimated: bool
    tokens_per_second: float | None = None
    alternative: str | None = None


class CatalogueEntry(Model):
    """A model as people see it. `installed`: its files lie on this device. `origins` are contacted to fetch them.

    `held`: its files are in memory, for this visit; `holdable`: they could be, should there be no room on the disk.
    """

    card: ModelCard
    installed: bool
    held: bool
    holdable: bool
    fit: Fit
    options: EngineOptions
    origins: list[str]


class CatalogueList(Model):
    """All models that are known here. `recommended` is the best one for this device."""

    entries: list[CatalogueEntry]
    recommended: str | None
    device: Device
    measured: Measured | None


class RepoQuery(Model):
    """What a person typed: a repository id of the hub, the address of a repository or of a file."""

    text: str = Field(min_length=1, max_length=2000)


class Variant(Model):
    """One way to take a model from a repository: usually one quantisation. `advice` weighs it."""

    card: ModelCard
    fit: Fit
    advice: str = ""


class Offer(Model):
    """What was found. `repo` is "" for a file that belongs to none."""

    repo: str
    revision: str
    variants: list[Variant]
    origins: list[str]


class NewModel(Model):
    """A model that a person wants in the catalogue: one of the variants that were offered."""

    card: ModelCard


class FileHead(Model):
    """The beginning of a file on this machine, and its whole size."""

    name: str = Field(max_length=200)
    size: int = Field(ge=0)
    head: bytes


class FileHeads(Model):
    """The files that together are to be one model."""

    files: list[FileHead] = Field(min_length=1, max_length=64)


class HeadsRead(Model):
    """`card` is the model that the files are; while it is None, give the first `needed` bytes of each."""

    card: ModelCard | None
    fit: Fit | None
    needed: list[int]


class ImportedModel(Model):
    """All files of a model came from the person's disk."""

    model_id: str
    files: list[FileFacts]


class ModelOptions(Model):
    """The advanced settings of a model."""

    model_id: str
    options: EngineOptions


COMMANDS: dict[str, Command] = {
    "catalogue.list": Command(NoParams, CatalogueList),
    "catalogue.find": Command(RepoQuery, Offer),
    "catalogue.add": Command(NewModel, ModelCard),
    "catalogue.read_files": Command(FileHeads, HeadsRead),
    "catalogue.imported": Command(ImportedModel, ModelCard),
    "catalogue.remove": Command(ModelRef, None),
    "catalogue.set_options": Command(ModelOptions, CatalogueList),
    "device.measure": Command(NoParams, CatalogueList),
    "model.unload": Command(NoParams, ModelStatus),
    "model.hold": Command(ModelRef, None),
    "model.release": Command(ModelRef, None),
}
EVENTS: dict[str, type[Model]] = {"catalogue:changed": CatalogueList}
