"""Makes the starter model: `python -m starter_model` with `--train`, `--smoke`, `--evaluate`, `--export`, `--install`.

Owns the order of the steps and where their files lie (everything in one work folder). Does not own the steps.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import torch

from starter_model import card, cases, evaluate, gguf_files, samples, stages
from starter_model.processes import made, train

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "starter"
SHIPPED = ROOT / "public" / "models" / "starter"
SAMPLES = ROOT / "tests" / "data" / "starter_answers.json"
CASES_EACH = 60


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="starter", description="Makes, measures and exports the starter model.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--train", action="store_true", help="train or go on with a stopped training; then export")
    what.add_argument("--smoke", action="store_true", help="the whole way in two minutes")
    what.add_argument("--evaluate", action="store_true", help="measure a pair of files on the held-out cases")
    what.add_argument("--export", action="store_true", help="write the files of the last checkpoint")
    what.add_argument("--install", action="store_true", help="measure the exported pair and make it the shipped one")
    parser.add_argument("--share", type=float, default=1, help="share of the plan's steps (default: all)")
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
        train(chosen.work, stages.plan(chosen.share, "together" if chosen.start else ""), chosen.start)
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
    shipped = gguf_files.load(*gguf_files.pair(SHIPPED))
    samples.write(SAMPLES, lambda chosen: evaluate.answers(*shipped, chosen))


def export(work: Path) -> list[Path]:
    """The averaged weights of the last checkpoint, as the pair that ships."""
    model, tokenizer = made(work)
    weights = torch.load(work / "checkpoint.pt", map_location="cpu")["average"]
    learner = stages.Learner(model, tokenizer)
    learner.load_state_dict(weights)
    return gguf_files.export(model, tokenizer, work / "pair")


def smoke(work: Path) -> int:
    """Two minutes of the whole way; fails where a step is broken."""
    work.mkdir(exist_ok=True)
    for old in ("checkpoint.pt", "tokenizer.json"):
        (work / old).unlink(missing_ok=True)
    train(work, stages.plan(0.003), None, texts=300)
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
