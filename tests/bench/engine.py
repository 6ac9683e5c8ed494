"""Cloche's own engine against wllama, one thread each: reading, writing and seeing.

Both run in the same browser and take turns, so a busy machine slows both alike: figures are medians, ratios are medians
of the pairs' ratios. Nothing is measured where the engine has not been built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Page
from tests.bench.random_model import Q4_0, Q8_0, SHAPES, random_model
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage

from toolchain.paths import ENGINE

ROUNDS = 3
WORDS = 80
TOKENS = 24
IMAGE = 256


def measure() -> Iterator[Figure]:
    if not (ENGINE / "engine.json").exists():
        return
    for name, kind, letters in (("135M", Q8_0, "Q8_0"), ("135M", Q4_0, "Q4_0"), ("360M", Q8_0, "Q8_0")):
        yield from _text(f"{name} {letters}", random_model(SHAPES[name], kind))
    yield from _starter()


def _text(name: str, weights: bytes) -> Iterator[Figure]:
    file = {"role": "weights", "name": "model.gguf", "url": "bench/model.gguf", "size": len(weights)}
    file["sha256"] = hashlib.sha256(weights).hexdigest()
    with stage() as built, ExitStack() as open_ones:
        (built.overlay / "bench" / "model.gguf").write_bytes(weights)
        pages = _pages(open_ones, built, [file])
        rounds = []
        for index in range(ROUNDS + 1):
            text = f"{index} " + " ".join(f"shape {number % 10}" for number in range(WORDS))
            rounds.append([page.evaluate("([text, n]) => bench.ask(text, n)", [text, TOKENS]) for page in pages])
    read = [[answer["prompt_tokens"] / answer["prompt_ms"] * 1000 for answer in pair] for pair in rounds[1:]]
    write = [[answer["tokens_per_second"] for answer in pair] for pair in rounds[1:]]
    yield _rate(f"reading, {name}", read, at_least=8)
    yield _rate(f"writing, {name}", write, at_least=4.5)


def _starter() -> Iterator[Figure]:
    with stage() as built, ExitStack() as open_ones:
        pages = _pages(open_ones, built, built.card["files"])
        rounds = [[page.evaluate("size => bench.see(size)", IMAGE) for page in pages] for _ in range(ROUNDS + 1)][1:]
    seen = [[1000 / answer["image_ms"] for answer in pair] for pair in rounds]
    whole = [[1000 / answer["total_ms"] for answer in pair] for pair in rounds]
    yield _rate("seeing, starter model", seen, "pictures/s", at_least=7)
    yield _rate("a question about a picture, starter model", whole, "answers/s", at_least=2)


def _pages(open_ones: ExitStack, built: Stage, files: list[dict[str, Any]]) -> list[Page]:
    """The model in Cloche's engine, and in wllama, which is used where the server has no other engine."""
    pages = []
    for own in (True, False):
        if not own:
            (built.overlay / "engine").mkdir()
            (built.overlay / "engine" / "engine.json").write_text("{}")
        page = open_ones.enter_context(built.private()).new_page()
        page.goto(f"{built.server.url}bench/engine.html")
        page.wait_for_function("globalThis.bench !== undefined")
        arguments = [built.asset("llamacpp.worker-*.js"), built.server.url, files]
        info = page.evaluate("([worker, base, files]) => bench.load(worker, base, files)", arguments)
        assert ("Cloche" in info["engine"]) == own, f"{info['engine']} runs"
        pages.append(page)
    return pages


def _rate(name: str, pairs: list[list[float]], unit: str = "tokens/s", *, at_least: float) -> Figure:
    other = median([pair[1] for pair in pairs])
    ratio = median([pair[0] / pair[1] for pair in pairs])
    return Figure(name, ratio * other, unit, against=other, at_least=at_least, note="against wllama, one thread")
