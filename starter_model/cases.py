"""The held-out cases: seeds, words, numbers, wordings, topics and tool names that training never saw.

Owns what is asked and when an answer counts. Does not own running a model.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from starter_model import changes, chat, questions, scenes, tool_talk
from starter_model.scenes import Scene, generator

FIRST = 50_000_000
"""Where the seeds of evaluation begin; they are odd besides (`scenes.generator`)."""
REFUSALS = ("I don't know", "Sorry")
Turns = list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One question with what came before it; pictures, if any, open the first turn."""

    kind: str
    turns: Turns
    answer: str
    scenes: tuple[Scene, ...] = ()

    def right(self, given: str) -> bool:
        """Whether an answer counts: whole and exact, except that every refusal is one and JSON may be spaced."""
        if self.answer in (chat.UNKNOWN, tool_talk.NO_TOOL):
            return given.startswith(REFUSALS)
        if self.answer.startswith("<tool_call>"):
            return called(given) == called(self.answer)
        return given.strip() == self.answer


def called(text: str) -> object:
    """The call in an answer, or None."""
    head, _, rest = text.partition("<tool_call>")
    body, end, tail = rest.partition("</tool_call>")
    try:
        return json.loads(body) if end and not head.strip() and not tail.strip() else None
    except ValueError:
        return None


def all_cases(each: int) -> list[Case]:
    """`each` cases of every kind, always the same."""
    return [*_pictures(each), *_follow_ups(each), *_changes(each), *_chat(each), *_tools(each)]


def _pictures(each: int) -> Iterator[Case]:
    wanted: dict[str, int] = {
        **dict.fromkeys((*questions.ALWAYS, *questions.THINGS, *questions.TEXTS), each), "read word": each,
        "read number": each, "nothing to see": each // 3,
        **{f"describe {count}": each // 2 for count in (1, 2, 3, 4)},
    }  # fmt: skip
    del wanted["describe"], wanted["read"]
    wanted["no text"] = each // 3
    for number in range(each * 1000):
        if not any(wanted.values()):
            return
        rng = generator(FIRST + number, held_out=True)
        scene = scenes.scene(rng)
        for kind in _worth_asking(scene, rng):
            if wanted.get(kind):
                asked = questions.ask(_plain(kind), scene, rng, True)
                if asked:
                    wanted[kind] -= 1
                    yield Case(f"picture: {kind}", [("user", asked[0])], asked[1], (scene,))
                    break


def _worth_asking(scene: Scene, rng: random.Random) -> list[str]:
    """Kinds in random order; for shapes mostly those that are about them."""
    if scene.text:
        kinds = ["read number" if scene.text.isdigit() else "read word", *questions.TEXTS]
    elif not scene.things:
        kinds = ["nothing to see", "no text", "how many in all"]
    else:
        kinds = [*(kind for kind in questions.ALWAYS if kind not in {"describe", "read"}), *questions.THINGS, "no text",
                 f"describe {len(scene.things)}"]  # fmt: skip
    return rng.sample(kinds, len(kinds))


def _plain(kind: str) -> str:
    if kind.startswith("describe") or kind == "nothing to see":
        return "describe"
    return "read" if kind in {"read number", "read word", "no text"} else kind


def _follow_ups(each: int) -> Iterator[Case]:
    """A second question about the picture of the turn before."""
    number = FIRST * 2
    made = 0
    while made < each:
        number += 1
        rng = generator(number, held_out=True)
        scene = scenes.scene(rng)
        first, second = (questions.ask(rng.choice(questions.kinds(scene)), scene, rng, True) for _ in range(2))
        if first and second and first[0] != second[0]:
            made += 1
            turns = [("user", first[0]), ("assistant", first[1]), ("user", second[0])]
            yield Case("picture: follow-up question", turns, second[1], (scene,))


def _changes(each: int) -> Iterator[Case]:
    """Two pictures in one message."""
    for number in range(each):
        first, second, (question, answer) = changes.changed(generator(FIRST * 30 + number, held_out=True), True)
        yield Case("picture: what changed", [("user", question)], answer, (first, second))


def _chat(each: int) -> Iterator[Case]:
    for index, kind in enumerate(chat.KINDS):
        for number in range(each if kind in {"outside", "as JSON"} else each // 3):
            rng = generator(FIRST * (3 + index) + number, held_out=True)
            turns = [] if rng.random() < 0.5 else _opening(rng)
            said, answer = chat.said(kind, rng, True)
            yield Case(f"chat: {kind}", [*turns, ("user", said)], answer)


def _opening(rng: random.Random) -> Turns:
    question, answer = chat.said(rng.choice(("greeting", "thanks", "who are you", "outside")), rng, True)
    return [("user", question), ("assistant", answer)]


def _tools(each: int) -> Iterator[Case]:
    for number in range(each):
        rng = generator(FIRST * 20 + number, held_out=True)
        system = ("system", tool_talk.system(list(tool_talk.KNOWN)))
        for make in dict.fromkeys(tool_talk.USES):
            use = make(rng, True)
            yield Case(f"tools: {use.tool.name}", [system, ("user", use.wish)], use.call())
        use = rng.choice(tool_talk.USES)(rng, True)
        after = [system, ("user", use.wish), ("assistant", use.call()), ("tool", use.result)]
        yield Case("tools: answer from the result", after, use.reply)
        failed = [*after[:-1], ("tool", f"Error: {use.tool.name} is busy")]
        yield Case("tools: say that it failed", failed, tool_talk.FAILED.format(f"{use.tool.name} is busy"))
        tools = [tool_talk.made_up_tool(rng, True) for _ in range(4)]
        system = ("system", tool_talk.system(tools))
        use = tool_talk.made_up_use(rng.choice(tools), rng, True)
        yield Case("tools: unseen tool", [system, ("user", use.wish)], use.call())
        some = rng.sample(tool_talk.KNOWN, 4)
        system = ("system", tool_talk.system(some))
        yield Case("tools: none fits", [system, ("user", tool_talk.unfitting(some, rng, True))], tool_talk.NO_TOOL)
        yield Case("tools: outside", [system, ("user", chat.outside(rng, True))], chat.UNKNOWN)
        row = tool_talk.in_a_row(some, rng, True)
        yield Case("tools: second of two calls", [system, *row[:3]], row[3][1])
