"""Whether Cloche's engine says what native llama.cpp, wllama and PyTorch say.

Answers to the starter model's fixed cases word by word, and the logits of random models. Nothing is compared where the
engine has not been built, and nothing with native llama.cpp where that cannot be compiled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import fmean
from typing import Any

from playwright.sync_api import Page
from starter_model.samples import asked, chosen
from tests.bench.engine import code_of, file_of, native_starter, pages_with
from tests.bench.native import MARKER, Native, native
from tests.bench.random_model import Q8_0, SHAPES, random_model
from tests.bench.report import Figure
from tests.bench.stage import Stage, stage
from tests.e2e.models import WEIGHTS, original

from toolchain.paths import ENGINE, ROOT

SAMPLES = ROOT / "tests" / "data" / "starter_answers.json"
ANSWER_TOKENS = 120
#: cases of every kind that native llama.cpp is asked, too
EACH = 30
#: of whose answers the first tokens' logits are compared; the distance of one is a fifth more or less than another's
QUESTIONS = 48
#: how far the mean of so many may be from where that of many more would be: two standard errors
CHANCE = 0.05
OWN, NATIVE, PLAIN, PYTORCH, WLLAMA = "Cloche's engine", "native llama.cpp", "its plain C", "PyTorch", "wllama"


def measure() -> Iterator[Figure]:
    if not (ENGINE / "engine.json").exists():
        return
    yield from _answers()
    yield from _native_answers()
    yield from _dictated()
    yield from _logits("starter model", original(WEIGHTS))
    for name in ("135M", "360M"):
        yield from _logits(f"{name} Q8_0", random_model(SHAPES[name], Q8_0))


def _answers() -> Iterator[Figure]:
    """How many greedy answers of both engines to the fixed cases are PyTorch's, which was asked before."""
    cases = json.loads(SAMPLES.read_text("utf-8"))["cases"]
    with stage() as built, ExitStack() as open_ones:
        own, wllama = pages_with(open_ones, built, built.card["files"])
        given = [
            {PYTORCH: _plain(case["answer"]), OWN: _said(own, case), WLLAMA: _said(wllama, case)} for case in cases
        ]
    yield from _alike(cases, given, (OWN, PYTORCH), (WLLAMA, PYTORCH))


def _native_answers() -> Iterator[Figure]:
    """The same beside native llama.cpp, with so many cases that the few with a tie in them do not decide.

    How like the answers are of what one compiler made of llama.cpp in two ways says what can be expected.
    """
    cases = [asked(case) for case in chosen(EACH)]
    with stage() as built, ExitStack() as open_ones:
        reference = open_ones.enter_context(native_starter(built))
        plain = open_ones.enter_context(native_starter(built, plain=True))
        if reference is None or plain is None:
            return
        (own,) = pages_with(open_ones, built, built.card["files"], (1,))
        given = [
            {NATIVE: _answered(reference, case), PLAIN: _answered(plain, case), OWN: _said(own, case)} for case in cases
        ]
    yield from _alike(cases, given, (OWN, NATIVE), (PLAIN, NATIVE))


def _alike(cases: list[dict[str, Any]], given: list[dict[str, str]], *pairs: tuple[str, str]) -> Iterator[Figure]:
    """The share of answers that are the same, where the first one asked is no call that was cut.

    The browser's engines let only names from the list through in a call, and give one that was cut in parts.
    """
    fair = [
        told
        for case, told in zip(cases, given, strict=True)
        if case["kind"] != "tools: unseen tool" and not next(iter(told.values())).startswith("<tool_call>")
    ]
    for one, other in pairs:
        same = sum(told[one] == told[other] for told in fair) / len(fair)
        note = f"greedy answers to {len(fair)} cases that are the same"
        yield Figure(f"{one} and {other}, starter model", same, "of 1", at_least=0.99, note=note)


def _tool(name: str, arguments: list[str]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {each: {} for each in arguments}}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


def _tools(case: dict[str, Any]) -> list[dict[str, Any]] | None:
    return [_tool(**tool) for tool in case["tools"]] or None


def _answered(reference: Native, case: dict[str, Any]) -> str:
    messages, images = _with_markers(case)
    answer = reference.ask(messages, ANSWER_TOKENS, tools=_tools(case), images=images)
    return _plain(answer["text"])


def _with_markers(case: dict[str, Any]) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """A case's messages for native llama.cpp, and the pictures that the markers in them stand for."""
    messages = [{"role": each["role"], "content": each["text"]} for each in case["messages"]]
    messages[0]["content"] = MARKER * len(case["images"]) + messages[0]["content"]
    return messages, tuple(case["images"])


def _said(page: Page, case: dict[str, Any]) -> str:
    messages = [{"role": each["role"], "content": each["text"], "images": []} for each in case["messages"]]
    messages[0]["images"] = case["images"]
    told = page.evaluate("given => bench.answer(...given)", [messages, _tools(case), ANSWER_TOKENS])
    if not told["tool_calls"]:
        return _plain(told["text"])
    call = told["tool_calls"][0]["function"]
    return _plain(f'<tool_call>{{"name": "{call["name"]}", "arguments": {call["arguments"]}}}</tool_call>')


def _plain(text: str) -> str:
    """An answer in one form: text, or the call with its arguments as values; one that was cut stays as it is."""
    text = text.strip()
    if text.startswith("<tool_call>") and text.endswith("</tool_call>"):
        try:
            return json.dumps(json.loads(text[len("<tool_call>") : -len("</tool_call>")]))
        except ValueError:
            pass
    return text


def _logits(name: str, weights: bytes) -> Iterator[Figure]:
    """How far the log-probabilities of answers' first tokens lie from native llama.cpp's, which has other kernels.

    llama.cpp's plain C is as far from them: sums in another order change what some activations are rounded to, and each
    layer makes more of it.
    """
    with stage() as built, ExitStack() as open_ones:
        file = file_of(built, weights)
        reference = open_ones.enter_context(native(built.overlay / file["url"]))
        plain = open_ones.enter_context(native(built.overlay / file["url"], plain=True))
        if reference is None or plain is None:
            return
        page = open_ones.enter_context(_own_thread(built, file))
        errors, plain_errors = [], []
        for index in range(QUESTIONS):
            text = f"{index} " + " ".join(f"shape {number * index % 10}" for number in range(3 * (index % 8) + 1))
            wanted = _first_token(reference, text)
            given = page.evaluate("given => bench.logits(...given)", [text, len(wanted)])
            errors.append(_relative_rms(given, wanted))
            plain_errors.append(_relative_rms(_first_token(plain, text), wanted))
    yield Figure(
        f"logits against native llama.cpp's, {name}",
        fmean(errors),
        "relative rms",
        against=fmean(plain_errors),
        at_most=1 + CHANCE,
        note=f"against that of plain C, mean of {QUESTIONS}",
    )


@contextmanager
def _own_thread(built: Stage, *files: dict[str, Any]) -> Iterator[Page]:
    """A page with the thread of Cloche's engine, and a model in it."""
    with built.profile() as context:
        page = context.new_page()
        page.goto(f"{built.server.url}bench/engine.html")
        page.wait_for_function("globalThis.bench !== undefined")
        urls = [f"{built.server.url}{file['url']}" for file in files]
        page.evaluate(
            "given => bench.open(...given)", [built.asset("cloche_engine.worker-*.js"), code_of(built), urls, 1024]
        )
        yield page


def _dictated() -> Iterator[Figure]:
    """Whether each token of native llama.cpp's answers is the likeliest in Cloche's engine, which is led along them."""
    cases = json.loads(SAMPLES.read_text("utf-8"))["cases"]
    same = places = 0
    with stage() as built, ExitStack() as open_ones:
        reference = open_ones.enter_context(native_starter(built))
        if reference is None:
            return
        files = {file["role"]: file for file in built.card["files"]}
        page = open_ones.enter_context(_own_thread(built, files["weights"], files["projector"]))
        for case in cases:
            if case["tools"]:  # A grammar and tools go together in no engine.
                continue
            messages, images = _with_markers(case)
            answer = reference.ask(messages, ANSWER_TOKENS, images=images)
            seen: list[dict[str, Any]] = [{"role": each["role"], "content": each["text"]} for each in case["messages"]]
            shown = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{each}"}} for each in images]
            seen[0]["content"] = [*shown, {"type": "text", "text": seen[0]["content"]}]
            places += len(answer["tokens"])
            told = page.evaluate("given => bench.dictated(...given)", [seen, answer["text"]])
            for token, (given, likeliest) in zip(answer["tokens"], told, strict=False):
                if token != given:
                    break
                same += likeliest == token
    note = f"tokens of native llama.cpp's answers that are the likeliest at their {places} places"
    yield Figure("dictated answers, starter model", same / places, "of 1", at_least=0.99, note=note)


def _first_token(reference: Native, text: str) -> list[float]:
    logits: list[float] = reference.ask([{"role": "user", "content": text}], 1, logits=True)["logits"]
    return logits


def _relative_rms(given: list[float], wanted: list[float]) -> float:
    """Both without their mean: what is said is the same whatever is added to all."""
    one, other = fmean(given), fmean(wanted)
    distance = sum((a - one - b + other) ** 2 for a, b in zip(given, wanted, strict=True))
    return float((distance / sum((b - other) ** 2 for b in wanted)) ** 0.5)
