"""The processes of one training: started, given their model, joined again.

Owns where a training begins: from nothing, from a pair of files, or from its own checkpoint. Does not own the loop.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from starter_model import corpus, gguf_files, stages, team
from starter_model.model import Shape, Starter
from starter_model.tokenizer import Tokenizer
from starter_model.train import Training

ROWS = {"cpu": (4, 3, 1), "cuda": (48, 32, 12)}
"""Rows of pictures, tools and chat in a step, of each process."""
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 26)}
"""glibc keeps memory instead of giving it back between steps; otherwise half of the time goes into page faults."""


def train(work: Path, minutes: float, start: Path | None, texts: int = 3000) -> None:
    """All processes of one training; one on a GPU, one a core on a CPU. `texts` are what the tokenizer learns from."""
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    if start is None and not (work / "tokenizer.json").exists():
        Tokenizer.train(corpus.texts(texts), corpus.VOCABULARY).save(work / "tokenizer.json")
    if start is not None:
        gguf_files.load(*gguf_files.pair(start))[1].save(work / "tokenizer.json")
    count = 1 if torch.cuda.is_available() else max(1, os.cpu_count() or 1)
    address = (work / "meeting").resolve()
    address.unlink(missing_ok=True)
    spawn(_process, (count, str(address), work, minutes, start), nprocs=count)  # type: ignore[no-untyped-call]


def _process(rank: int, count: int, address: str, work: Path, minutes: float, start: Path | None) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if count > 1:
        dist.init_process_group("gloo", init_method=f"file://{address}", rank=rank, world_size=count)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, tokenizer = gguf_files.load(*gguf_files.pair(start)) if start else made(work)
    model.to(device)
    if start is None:
        seconds = minutes * 60
        minutes *= 1 - sum(stages.SHARES.values())
        if not (work / "checkpoint.pt").exists():
            for line in stages.prepare(model, tokenizer, seconds):
                if team.rank() == 0:
                    print(line, flush=True)
    Training(model, tokenizer, work, minutes).run(*ROWS[device.type])
    if count > 1:
        dist.destroy_process_group()


def made(work: Path) -> tuple[Starter, Tokenizer]:
    """A new model for the tokenizer of the work folder."""
    tokenizer = Tokenizer.load(work / "tokenizer.json")
    return Starter(Shape(vocabulary=len(tokenizer.tokens))), tokenizer
