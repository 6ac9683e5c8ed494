"""Makes the starter model: `python -m starter_model` with `--train`, `--smoke`, `--evaluate`, `--export`, `--install`.

Owns the order of the steps and where their files lie (everything in one work folder). Does not own the steps.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from starter_model import card, cases, corpus, evaluate, gguf_files, samples, stages, team
from starter_model.model import Shape, Starter
from starter_model.tokenizer import Tokenizer
from starter_model.train import Training

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "starter"
SHIPPED = ROOT / "public" / "models" / "starter"
SAMPLES = ROOT / "tests" / "data" / "starter_answers.json"
CASES_EACH = 20
ROWS = {"cpu": (4, 3, 1), "cuda": (48, 32, 12)}
"""Rows of pictures, tools and chat in a step, of each process."""

ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 26)}
"""glibc keeps memory instead of giving it back between steps; otherwise half of the time goes into page faults."""


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="starter", description="Makes, measures and exports the starter model.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--train", action="store_true", help="train or go on with a stopped training; then export")
    what.add_argument("--smoke", action="store_true", help="the whole way in two minutes")
    what.add_argument("--evaluate", action="store_true", help="measure a pair of files on the held-out cases")
    what.add_argument("--export", action="store_true", help="write the files of the last checkpoint")
    what.add_argument("--install", action="store_true", help="measure the exported pair and make it the shipped one")
    parser.add_argument("--minutes", type=float, default=240, help="time for training (default: %(default)s)")
    parser.add_argument("--from", dest="start", type=Path, metavar="FOLDER", help="go on from the pair in this folder")
    parser.add_argument("--pair", type=Path, default=SHIPPED, metavar="FOLDER", help="what to measure")
    parser.add_argument("--work", type=Path, default=WORK, metavar="FOLDER", help="where files go")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    chosen = options(arguments)
    chosen.work.mkdir(parents=True, exist_ok=True)
    if chosen.smoke:
        return smoke(chosen.work / "smoke")
    if chosen.train:
        train(chosen.work, chosen.minutes, chosen.start)
    if chosen.train or chosen.export:
        for path in export(chosen.work):
            print(path)
    if chosen.evaluate:
        measure(chosen.pair, chosen.work)
    if chosen.install:
        install(chosen.work)
    return 0


def measure(folder: Path, work: Path) -> card.Figures:
    """The figures of a pair, on the screen and in figures.json; what went wrong in wrong.jsonl."""
    model, tokenizer = gguf_files.load(*gguf_files.pair(folder))
    figures = evaluate.measure(model, tokenizer, cases.all_cases(CASES_EACH), work / "wrong.jsonl")
    (work / "figures.json").write_text(json.dumps(figures, indent=1))
    for kind, (right, count) in figures.items():
        print(f"{kind:34} {right / count:6.1%} of {count}")
    return figures


def install(work: Path) -> None:
    """Measures the exported pair, puts it where the app takes it from, and its figures into the card."""
    figures = measure(work / "pair", work)
    for source, target in zip(gguf_files.pair(work / "pair"), gguf_files.pair(SHIPPED), strict=True):
        shutil.copyfile(source, target)
    card.write(SHIPPED / "card.json", figures, gguf_files.pair(SHIPPED))
    samples.write(SAMPLES, *gguf_files.load(*gguf_files.pair(SHIPPED)))


def train(work: Path, minutes: float, start: Path | None) -> None:
    """All processes of one training; one on a GPU, one a core on a CPU."""
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
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
    begun = (work / "checkpoint.pt").exists()
    prepared = 0.0 if start else minutes * sum(stages.SHARES.values())
    if begun or start:
        model, tokenizer = _made(work) if start is None else gguf_files.load(*gguf_files.pair(start))
        model.to(device)
    else:
        tokenizer = Tokenizer.train(corpus.texts(), corpus.VOCABULARY)
        model = Starter(Shape(vocabulary=corpus.VOCABULARY)).to(device)
        for line in stages.prepare(model, tokenizer, minutes * 60):
            if team.rank() == 0:
                print(line, flush=True)
    if rank == 0:
        tokenizer.save(work / "tokenizer.json")
    Training(model, tokenizer, work, minutes - prepared).run(*ROWS[device.type])
    if count > 1:
        dist.destroy_process_group()


def _made(work: Path) -> tuple[Starter, Tokenizer]:
    tokenizer = Tokenizer.load(work / "tokenizer.json")
    return Starter(Shape(vocabulary=len(tokenizer.tokens))), tokenizer


def export(work: Path) -> list[Path]:
    """The averaged weights of the last checkpoint, as the pair that ships."""
    model, tokenizer = _made(work)
    model.load_state_dict(torch.load(work / "checkpoint.pt", map_location="cpu")["average"])
    return gguf_files.export(model, tokenizer, work / "pair")


def smoke(work: Path) -> int:
    """Two minutes of the whole way; fails where a step is broken."""
    for old in ("checkpoint.pt", "tokenizer.json"):
        (work / old).unlink(missing_ok=True)
    work.mkdir(exist_ok=True)
    train(work, 1.2, None)
    export(work)
    model, tokenizer = gguf_files.load(*gguf_files.pair(work / "pair"))
    some = cases.all_cases(3)[::9]
    given = evaluate.answers(model, tokenizer, some)
    print(f"{sum(case.right(answer) for case, answer in zip(some, given, strict=True))} of {len(some)} right")
    flowing = any(answer.strip() for answer in given)
    print("answers flow" if flowing else "no answers")
    return 0 if flowing else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
