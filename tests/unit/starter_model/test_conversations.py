"""What is kept for evaluation never appears in training, and calls copy their arguments."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from starter_model import chat, tool_talk
from starter_model.cases import Case, all_cases, called
from starter_model.scenes import generator
from starter_model.words import HELD_OUT_ONSETS, LISTS, ONSETS, invented


def trained_texts(count: int = 1500) -> set[str]:
    texts = set()
    for number in range(count):
        rng = generator(number, held_out=False)
        tools = tool_talk.tool_set(rng, False)
        texts |= {text for role, text in chat.conversation(rng, False) if role == "user"}
        texts |= {text for role, text in tool_talk.branch(tools, rng, False) if role == "user"}
        texts |= {tool.name for tool in tools if tool not in tool_talk.KNOWN}
    return texts


def test_held_out_questions_and_tools_are_unknown_to_training() -> None:
    trained = trained_texts()
    kinds = {"chat: outside", "tools: unseen tool", "tools: todo_add", "tools: note_get", "tools: outside"}
    cases = [case for case in all_cases(30) if case.kind in kinds]
    unseen = [case for case in cases if case.turns[-1][1] not in trained]
    assert len(unseen) >= 0.97 * len(cases)
    names = {name for case in cases if case.kind == "tools: unseen tool" for name in tool_names(case)}
    assert names
    assert not names & trained


def tool_names(case: Case) -> set[str]:
    return {json.loads(line)["name"] for line in case.turns[0][1].splitlines() if line.startswith("{")}


def test_held_out_lists_share_nothing_with_training() -> None:
    for kind in ("verbs", "nouns", "arguments"):
        assert not set(LISTS[kind]) & set(LISTS[f"{kind}_held_out"])
    assert not set(chat.OUTSIDE) & set(chat.OUTSIDE_HELD_OUT)
    assert not set(chat.TOPICS) & set(chat.TOPICS_HELD_OUT)
    assert not set(HELD_OUT_ONSETS) & set(ONSETS)


def test_invented_words_of_both_sides_differ() -> None:
    mine, theirs = (
        {invented(generator(seed, held_out), held_out) for seed in range(3000)} for held_out in (False, True)
    )
    assert not mine & theirs


@pytest.mark.parametrize("number", range(60))
def test_arguments_are_copied_from_the_wish(number: int) -> None:
    rng = generator(number, held_out=True)
    tool = tool_talk.made_up_tool(rng, True)
    use = tool_talk.made_up_use(tool, rng, True)
    assert set(use.arguments) == set(tool.arguments)
    for value in use.arguments.values():
        text = json.dumps(value, ensure_ascii=False)
        assert text.strip('"') in use.wish
    assert called(use.call()) == {"name": tool.name, "arguments": use.arguments}


def test_a_wish_that_fits_no_tool_names_none_of_them() -> None:
    for number in range(100):
        rng = generator(number, held_out=False)
        tools = tool_talk.tool_set(rng, False)
        assert tool_talk.unfitting(tools, rng, False)


def test_what_counts_as_right() -> None:
    assert Case("chat: outside", [], chat.UNKNOWN).right("Sorry, I do not know that.")
    assert not Case("chat: outside", [], chat.UNKNOWN).right("Paris.")
    wish = Case("tools: clock", [], tool_talk.call("clock", {}))
    assert wish.right('<tool_call>{"name":"clock","arguments":{}}</tool_call>')
    assert not wish.right('<tool_call>{"name":"clock","arguments":{}}')
    assert not Case("picture: it", [], "It is red.").right("It is red. It is red.")


def test_what_is_said_is_the_same_in_every_run() -> None:
    code = "from starter_model.corpus import texts; print(list(texts(40)))"
    root = Path(__file__).parents[3]
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
