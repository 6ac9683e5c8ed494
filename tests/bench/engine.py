"""Cloche's own engine against wllama, one thread each: reading, writing and seeing, loading and going on.

Both run in the same browser and take turns, so a busy machine slows both alike: figures are medians, ratios are medians
of the pairs' ratios. Nothing is measured where the engine has not been built.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Page
from tests.bench.random_model import Q4_0, Q4_K, Q6_K, Q8_0, SHAPES, random_model
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage

from toolchain.paths import DIST, ENGINE

ROUNDS = 3
WORDS = 80
#: of the conversation that goes on after a reload
MANY_WORDS = 600
TOKENS = 24
IMAGE = 256


def measure() -> Iterator[Figure]:
    if not (ENGINE / "engine.json").exists():
        return
    for name, kind, letters in (("135M", Q8_0, "Q8_0"), ("135M", Q4_0, "Q4_0"), ("360M", Q8_0, "Q8_0")):
        yield from _text(f"{name} {letters}", random_model(SHAPES[name], kind))
    # wllama is less slow with K-quants than with the others.
    yield from _text("140M Q4_K_M", random_model(SHAPES["140M"], Q4_K, Q6_K), read_at_least=3, write_at_least=1)
    yield from _reload("135M Q8_0", random_model(SHAPES["135M"], Q8_0))
    yield from _starter()


def _text(name: str, weights: bytes, *, read_at_least: float = 8, write_at_least: float = 4.5) -> Iterator[Figure]:
    with stage() as built, ExitStack() as open_ones:
        pages = _pages(open_ones, built, [_file(built, weights)])
        rounds = []
        for index in range(ROUNDS + 1):
            text = f"{index} " + " ".join(f"shape {number % 10}" for number in range(WORDS))
            rounds.append([page.evaluate("([text, n]) => bench.ask(text, n)", [text, TOKENS]) for page in pages])
    read = [[answer["prompt_tokens"] / answer["prompt_ms"] * 1000 for answer in pair] for pair in rounds[1:]]
    write = [[answer["tokens_per_second"] for answer in pair] for pair in rounds[1:]]
    yield _rate(f"reading, {name}", read, at_least=read_at_least)
    yield _rate(f"writing, {name}", write, at_least=write_at_least)


def _reload(name: str, weights: bytes) -> Iterator[Figure]:
    with stage() as built, ExitStack() as open_ones:
        pages = _pages(open_ones, built, [_file(built, weights)])
        loads = [[page.evaluate("() => bench.reload()")["load_ms"] for page in pages] for _ in range(ROUNDS + 1)][1:]
        own, pairs = pages[0], []
        for index in range(ROUNDS):
            text = f"{index} " + " ".join(f"shape {number % 10}" for number in range(MANY_WORDS))
            read = own.evaluate("text => bench.ask(text, 2)", text)
            own.evaluate("() => bench.reload()")
            again = own.evaluate("text => bench.ask(text, 2)", text)
            assert again["prompt_tokens"] < 10, "what was read did not come back"
            pairs.append([again["first_token_ms"], read["first_token_ms"]])
    yield _time(f"loading, {name}", loads, "against wllama, one thread", at_most=1)
    note = f"against reading its {read['prompt_tokens']} tokens again"
    yield _time(f"first token of a conversation after a reload, {name}", pairs, note, at_most=0.1)


def _file(built: Stage, weights: bytes) -> dict[str, Any]:
    (built.overlay / "bench" / "model.gguf").write_bytes(weights)
    file = {"role": "weights", "name": "model.gguf", "url": "bench/model.gguf", "size": len(weights)}
    return {**file, "sha256": hashlib.sha256(weights).hexdigest()}


def _starter() -> Iterator[Figure]:
    with stage() as built, ExitStack() as open_ones:
        pages = _pages(open_ones, built, built.card["files"])
        rounds = [[page.evaluate("size => bench.see(size)", IMAGE) for page in pages] for _ in range(ROUNDS + 1)][1:]
    seen = [[1000 / answer["image_ms"] for answer in pair] for pair in rounds]
    whole = [[1000 / answer["total_ms"] for answer in pair] for pair in rounds]
    yield _rate("seeing, starter model", seen, "pictures/s", at_least=7)
    yield _rate("a question about a picture, starter model", whole, "answers/s", at_least=2)


def _pages(open_ones: ExitStack, built: Stage, files: list[dict[str, Any]]) -> list[Page]:
    """The model in Cloche's engine, and in wllama, which a worker uses that finds no other engine beside it."""
    shutil.copytree(DIST / "assets", built.overlay / "bare" / "assets")
    (built.overlay / "bare" / "engine").mkdir()
    (built.overlay / "bare" / "engine" / "engine.json").write_text("{}")
    workers = [built.asset(f"{name}.worker-*.js") for name in ("llamacpp", "downloads")]
    pages = []
    for own in (True, False):
        page = open_ones.enter_context(built.profile()).new_page()
        page.goto(f"{built.server.url}bench/engine.html")
        page.wait_for_function("globalThis.bench !== undefined")
        given = [worker if own else worker.replace("/assets/", "/bare/assets/") for worker in workers]
        info = page.evaluate("given => bench.load(...given)", [*given, built.server.url, files])
        assert ("Cloche" in info["engine"]) == own, f"{info['engine']} runs"
        pages.append(page)
    return pages


def _rate(name: str, pairs: list[list[float]], unit: str = "tokens/s", *, at_least: float) -> Figure:
    other = median([pair[1] for pair in pairs])
    ratio = median([pair[0] / pair[1] for pair in pairs])
    return Figure(name, ratio * other, unit, against=other, at_least=at_least, note="against wllama, one thread")


def _time(name: str, pairs: list[list[float]], note: str, *, at_most: float) -> Figure:
    other = median([pair[1] for pair in pairs])
    ratio = median([pair[0] / pair[1] for pair in pairs])
    return Figure(name, ratio * other, "ms", against=other, at_most=at_most, note=note)
