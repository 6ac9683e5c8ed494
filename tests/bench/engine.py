"""Cloche's own engine against wllama and native llama.cpp: reading, writing and seeing, loading and going on.

The browser's engines run in the same browser and take turns with the native one, so a busy machine slows all alike:
figures are medians, ratios are medians of the pairs' ratios. Nothing is measured where the engine has not been built.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from playwright.sync_api import Page
from tests.bench.native import MARKER, Native, native
from tests.bench.random_model import Q4_0, Q4_K, Q6_K, Q8_0, SHAPES, random_model, random_projector
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage

from toolchain.paths import DIST, ENGINE

ROUNDS = 3
#: What takes milliseconds is measured so often, after as many times in which browsers compile what it needs.
MANY_ROUNDS = 12
#: Browsers compile for seconds what pictures need, on the processor that a second thread wants.
FIRST_LOOKS = 5
WORDS = 80
#: of the conversation that goes on after a reload
MANY_WORDS = 400
TOKENS = 24
IMAGE = 256
WLLAMA, NATIVE, TWO = "against wllama", "against native llama.cpp", "two threads against one"


def measure() -> Iterator[Figure]:
    if not (ENGINE / "engine.json").exists():
        return
    for name in ("135M", "360M", "0.5B"):
        for kind, letters in ((Q8_0, "Q8_0"), (Q4_0, "Q4_0")):
            yield from _text(f"{name} {letters}", random_model(SHAPES[name], kind))
    # wllama is less slow with K-quants than with the others.
    yield from _text("140M Q4_K_M", random_model(SHAPES["140M"], Q4_K, Q6_K), read_at_least=3, write_at_least=1)
    yield from _reload("135M Q8_0", random_model(SHAPES["135M"], Q8_0))
    yield from _starter()
    for size in (224, 512):
        rounds = _looks(size, random_projector(size))
        yield from _seeing(f"{size} x {size} pixels, four layers of SigLIP-base", rounds, wllama=7)


def _text(name: str, weights: bytes, *, read_at_least: float = 8, write_at_least: float = 4.5) -> Iterator[Figure]:
    with stage() as built, ExitStack() as open_ones:
        file = file_of(built, weights)
        own, other, two = pages_with(open_ones, built, [file], threads=(1, None, 2))
        reference = open_ones.enter_context(native(built.overlay / file["url"]))
        rounds: list[dict[str, dict[str, Any]]] = []
        for index in range(ROUNDS + 1):
            text = f"{index} " + " ".join(f"shape {number % 10}" for number in range(WORDS))
            pages = {"own": own, WLLAMA: other, TWO: two}
            told = {key: _told(page, "given => bench.ask(...given)", [text, TOKENS]) for key, page in pages.items()}
            if reference:
                told[NATIVE] = reference.ask([{"role": "user", "content": text}], TOKENS)
            rounds.append(told)
    reading, writing = (
        [{key: rate(each) for key, each in told.items()} for told in rounds[1:]] for rate in (_read, _written)
    )
    yield from _rates(f"reading, {name}", reading, wllama=read_at_least, native=0.6)
    yield from _rates(f"writing, {name}", writing, wllama=write_at_least, native=0.9)
    yield from _costs(f"an answer, {name}", rounds[1:])


def _told(page: Page, asking: str, given: Any = None) -> dict[str, Any]:
    """What a page tells of an answer, with the processor time that all threads of its process took meanwhile."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def spent() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(float(each["value"]) for each in metrics if each["name"] == "ProcessTime")

    before = spent()
    told: dict[str, Any] = page.evaluate(asking, given)
    told["processor_ms"] = (spent() - before) * 1000
    devtools.detach()
    return told


def _read(answer: dict[str, float]) -> float:
    return answer["prompt_tokens"] / answer["prompt_ms"] * 1000


def _written(answer: dict[str, float]) -> float:
    return answer["tokens_per_second"]


def _reload(name: str, weights: bytes) -> Iterator[Figure]:
    with stage() as built, ExitStack() as open_ones:
        pages = pages_with(open_ones, built, [file_of(built, weights)])
        loads = [[page.evaluate("() => bench.reload()")["load_ms"] for page in pages] for _ in range(ROUNDS + 1)][1:]
        own, pairs, turns = pages[0], [], []
        for index in range(ROUNDS):
            text = f"{index} " + " ".join(f"shape {number % 10}" for number in range(WORDS))
            turns.append([page.evaluate("text => bench.askAgain(text, 4)", text)["first_token_ms"] for page in pages])
        for index in range(ROUNDS):
            text = f"{index} " + " ".join(f"shape {number % 10}" for number in range(MANY_WORDS))
            read = own.evaluate("text => bench.ask(text, 2)", text)
            own.evaluate("() => bench.reload()")
            again = own.evaluate("text => bench.ask(text, 2)", text)
            assert again["prompt_tokens"] < 10, "what was read did not come back"
            pairs.append([again["first_token_ms"], read["first_token_ms"]])
    yield _time(f"loading, {name}", loads, WLLAMA, at_most=1)
    yield _time(f"first token of a second turn, {name}", turns, WLLAMA, at_most=1)
    note = f"against reading its {read['prompt_tokens']} tokens again"
    yield _time(f"first token of a conversation after a reload, {name}", pairs, note, at_most=0.1)


def file_of(built: Stage, data: bytes, role: str = "weights") -> dict[str, Any]:
    """A model's file, served and described as in a card."""
    name = f"{role}.gguf"
    (built.overlay / "bench" / name).write_bytes(data)
    file = {"role": role, "name": name, "url": f"bench/{name}", "size": len(data)}
    return {**file, "sha256": hashlib.sha256(data).hexdigest()}


def _starter() -> Iterator[Figure]:
    rounds = _looks(IMAGE, None, before=MANY_ROUNDS, count=MANY_ROUNDS)
    whole = [{key: 1000 / each["total_ms"] for key, each in told.items()} for told in rounds]
    yield from _seeing("starter model", rounds, wllama=None)
    yield from _rates("a question about a picture, starter model", whole, "answers/s", wllama=2)


def _seeing(name: str, rounds: list[dict[str, dict[str, Any]]], *, wllama: float | None) -> Iterator[Figure]:
    seen = [{key: 1000 / each["image_ms"] for key, each in told.items()} for told in rounds]
    yield from _rates(f"seeing, {name}", seen, "pictures/s", wllama=wllama)
    yield from _costs(f"an answer about a picture, {name}", rounds)


def _looks(
    size: int, projector: bytes | None, before: int = FIRST_LOOKS, count: int = ROUNDS
) -> list[dict[str, dict[str, Any]]]:
    """What each engine tells of its answers about pictures of noise, with the starter model's eyes or with others."""
    with stage() as built, ExitStack() as open_ones:
        files = {file["role"]: file for file in built.card["files"]}
        paths = {role: DIST / file["url"] for role, file in files.items()}
        if projector:
            files["projector"] = file_of(built, projector, "projector")
            paths["projector"] = built.overlay / files["projector"]["url"]
        own, other, two = pages_with(open_ones, built, [*files.values()], threads=(1, None, 2))
        reference = open_ones.enter_context(native(paths["weights"], paths["projector"]))
        rounds: list[dict[str, dict[str, Any]]] = []
        for _ in range(before + count):
            picture = own.evaluate("size => bench.noise(size)", size)
            told = {}
            for key, page in {"own": own, WLLAMA: other, TWO: two}.items():
                page.evaluate("picture => bench.show(picture)", picture)
                told[key] = _told(page, "() => bench.see()")
            if reference:
                question = [{"role": "user", "content": f"{MARKER}Describe what you see."}]
                told[NATIVE] = reference.ask(question, 8, images=(picture,))
            rounds.append(told)
    return rounds[before:]


def native_starter(built: Stage, *, plain: bool = False) -> AbstractContextManager[Native | None]:
    """The starter model in native llama.cpp, or in its plain C."""
    files = {file["role"]: DIST / file["url"] for file in built.card["files"]}
    return native(files["weights"], files["projector"], plain=plain)


def code_of(built: Stage) -> str:
    """The address of the engine's code."""
    name = json.loads((ENGINE / "engine.json").read_text("utf-8"))["files"]["relaxed"]
    return f"{built.server.url}engine/{name}"


def pages_with(
    open_ones: ExitStack, built: Stage, files: list[dict[str, Any]], threads: tuple[int | None, ...] = (1, None)
) -> list[Page]:
    """The model in Cloche's engine, with so many threads each, and where that is None in wllama with one.

    A worker that finds no other engine beside it uses wllama.
    """
    shutil.copytree(DIST / "assets", built.overlay / "bare" / "assets")
    (built.overlay / "bare" / "engine").mkdir()
    (built.overlay / "bare" / "engine" / "engine.json").write_text("{}")
    workers = [built.asset(f"{name}.worker-*.js") for name in ("llamacpp", "downloads")]
    pages = []
    for count in threads:
        page = open_ones.enter_context(built.profile()).new_page()
        page.goto(f"{built.server.url}bench/engine.html")
        page.wait_for_function("globalThis.bench !== undefined")
        given = [worker if count else worker.replace("/assets/", "/bare/assets/") for worker in workers]
        info = page.evaluate("given => bench.load(...given)", [*given, built.server.url, files, count or 1])
        assert ("Cloche" in info["engine"]) == (count is not None), f"{info['engine']} runs"
        pages.append(page)
    return pages


def _rates(
    name: str,
    rounds: list[dict[str, float]],
    unit: str = "tokens/s",
    *,
    wllama: float | None,
    native: float | None = None,
) -> Iterator[Figure]:
    """One thread against each of the others. What two bring is not judged: not every machine has two idle cores."""
    targets = {WLLAMA: wllama, NATIVE: native}
    for note, pairs in _compared(rounds):
        yield _rate(name, pairs, unit, note, targets.get(note))


def _costs(name: str, rounds: list[dict[str, dict[str, Any]]]) -> Iterator[Figure]:
    """Processor time, of all threads together."""
    spent = [{key: each["processor_ms"] for key, each in told.items()} for told in rounds]
    for note, pairs in _compared(spent):
        yield _time(f"processor time of {name}, {note}", pairs)


def _compared(rounds: list[dict[str, float]]) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """What is compared with what: one thread with each of the others, two threads with one."""
    for other in (WLLAMA, NATIVE):
        if other in rounds[0]:
            yield other, [(told["own"], told[other]) for told in rounds]
    yield TWO, [(told[TWO], told["own"]) for told in rounds]


def _rate(name: str, pairs: list[tuple[float, float]], unit: str, note: str, at_least: float | None) -> Figure:
    other = median([pair[1] for pair in pairs])
    ratio = median([pair[0] / pair[1] for pair in pairs])
    return Figure(f"{name}, {note}", ratio * other, unit, against=other, at_least=at_least)


def _time(name: str, pairs: Sequence[Sequence[float]], note: str = "", *, at_most: float | None = None) -> Figure:
    other = median([pair[1] for pair in pairs])
    ratio = median([pair[0] / pair[1] for pair in pairs])
    return Figure(name, ratio * other, "ms", against=other, at_most=at_most, note=note)
