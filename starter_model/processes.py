"""The processes of one training: started, given their model, joined again.

Owns where a training begins: from nothing, from a pair of files, or from its own checkpoint. Does not own the loop.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from starter_model import corpus, gguf_files, heads, team
from starter_model.model import Shape, Starter
from starter_model.stages import Learner, Stage
from starter_model.tokenizer import Tokenizer
from starter_model.train import Training

ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 26)}
"""glibc keeps memory instead of giving it back between steps; otherwise half of the time goes into page faults."""


def train(work: Path, stages: Sequence[Stage], start: Path | None, texts: int = 3000) -> None:
    """All processes of one training, through `stages`. `texts` are what the tokenizer learns from."""
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    if start is not None:
        gguf_files.load(*gguf_files.pair(start))[1].save(work / "tokenizer.json")
    elif not (work / "tokenizer.json").exists():
        Tokenizer.train(corpus.texts(texts), corpus.VOCABULARY).save(work / "tokenizer.json")
    count = 1 if torch.cuda.is_available() or os.cpu_count() == 1 else team.PORTIONS
    address = (work / "meeting").resolve()
    address.unlink(missing_ok=True)
    spawn(_process, (count, str(address), work, stages, start), nprocs=count)  # type: ignore[no-untyped-call]


def _process(rank: int, count: int, address: str, work: Path, stages: Sequence[Stage], start: Path | None) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if count > 1:
        dist.init_process_group("gloo", init_method=f"file://{address}", rank=rank, world_size=count)
    if start is None:
        model, tokenizer = made(work)
        heads.plant(model.text)
    else:
        model, tokenizer = gguf_files.load(*gguf_files.pair(start))
    learner = Learner(model, tokenizer).to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    Training(learner, work).run(stages)
    if count > 1:
        dist.destroy_process_group()


def made(work: Path) -> tuple[Starter, Tokenizer]:
    """A new model for the tokenizer of the work folder."""
    tokenizer = Tokenizer.load(work / "tokenizer.json")
    return Starter(Shape(vocabulary=len(tokenizer.tokens))), tokenizer
