"""Conversations with tools: which to call, with which arguments, and what to say about the result.

Owns known tools, made-up tools and the words that ask for them. Arguments are copied exactly from the message. The last
wording of each tool, and made-up tools of held-out words, are kept for evaluation.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from starter_model import chat
from starter_model.wordings import wording
from starter_model.words import invented, label, number, phrase, word

Turns = list[tuple[str, str]]
NO_TOOL = "Sorry, I have no tool for that."
FAILED = "Sorry, the tool failed: {}"
TROUBLES = (
    "is not ready", "cannot be reached", "took too long", "needs a network", "is full", "was stopped",
    "is not allowed", "has no permission", "found nothing", "ran out of memory", "does not answer", "is locked",
)  # fmt: skip


@dataclass(frozen=True)
class Tool:
    """Name and argument names, as the template shows them; `words` are what a made-up tool does, and with what."""

    name: str
    arguments: tuple[str, ...] = ()
    words: tuple[str, str] = ("", "")

    def line(self) -> str:
        return f'{{"name": "{self.name}", "arguments": [{", ".join(json.dumps(a) for a in self.arguments)}]}}'


@dataclass(frozen=True)
class Use:
    """A wish, the call that fulfils it, its result and what is said then."""

    tool: Tool
    wish: str
    arguments: dict[str, object]
    result: str
    reply: str

    def call(self) -> str:
        return call(self.tool.name, self.arguments)


def call(name: str, arguments: dict[str, object]) -> str:
    """The assistant's turn that calls a tool."""
    values = json.dumps(arguments, ensure_ascii=False)
    return f'<tool_call>\n{{"name": "{name}", "arguments": {values}}}\n</tool_call>'


def system(tools: list[Tool], words: str = "") -> str:
    """The system turn as the chat template writes it."""
    lines = "".join(tool.line() + "\n" for tool in tools)
    return f"{words}{chr(10) * 2 if words else ''}You can call these tools:\n<tools>\n{lines}</tools>"


CALCULATOR = Tool("calculator", ("expression",))
TODO_ADD = Tool("todo_add", ("text",))
TODO_LIST = Tool("todo_list")
CLOCK = Tool("clock")
NOTE_SAVE = Tool("note_save", ("key", "value"))
NOTE_GET = Tool("note_get", ("key",))
CAMERA_LOOK = Tool("camera_look", ("question",))
KNOWN = (CALCULATOR, TODO_ADD, TODO_LIST, CLOCK, NOTE_SAVE, NOTE_GET, CAMERA_LOOK)


def _calculator(rng: random.Random, held_out: bool) -> Use:
    parts = [number(rng).lstrip("-")]
    for _ in range(rng.choice((1, 1, 1, 2))):
        sign = rng.choice("+-*/") if rng.random() < 0.75 else rng.choice(("plus", "minus", "times", "divided by"))
        parts += [sign, number(rng).lstrip("-")]
    expression = (" " if rng.random() < 0.8 or not set(parts[1::2]) <= set("+-*/") else "").join(parts)
    if len(parts) > 3 and rng.random() < 0.4:
        expression = f"({' '.join(parts[:3])}) {' '.join(parts[3:])}"
    wish = wording(rng, held_out, (
        "What is {}?", "Calculate {}.", "Compute {}", "How much is {}?", "{}", "{} = ?", "Please work out {}.",
        "Can you calculate {}?", "what's {}", "Solve {}.", "What does {} make?", "How much does {} make?",
        "Work out {}", "What is the result of {}?", "I need {}.", "Give me {}", "calc {}", "Do the sum {}.",
        "Tell me the result of {}.",
    )).format(expression)  # fmt: skip
    result = number(rng)
    return Use(CALCULATOR, wish, {"expression": expression}, result, f"The result is {result}.")


def _todo_add(rng: random.Random, held_out: bool) -> Use:
    text = phrase(rng, held_out)
    if rng.random() < 0.15:
        text += f" and {word(rng, held_out)}"
    wish = wording(rng, held_out, (
        "Add {} to my list.", "Add {} to my to-do list", "Remind me to {}.", "Put {} on my todo list.",
        "New todo: {}", "Please add the todo {}", "Todo: {}", "I have to {}, put it on the list.", "Add a task: {}",
        "Note the task {}.", "I must {}, note it.", "Put {} on my list", "Add the task {}", "My list needs {}.",
        "Don't let me forget to {}.", "Add to my list: {}", "Add {} to the list", "Another task: {}",
        "Add to my to-do list: {}", "Please put {} on the to-do list.", "Add {} to my tasks.",
        "Append {} to my list.", "List: add {}", "Add a new item to my list: {}",
    )).format(text)  # fmt: skip
    return Use(TODO_ADD, wish, {"text": text}, f"Added: {text}", f"I added {text} to your list.")


def _todo_list(rng: random.Random, held_out: bool) -> Use:
    wish = wording(rng, held_out, (
        "What is on my list?", "Show my todos.", "What do I have to do?", "Show me my to-do list.", "List my tasks.",
        "What's on my todo list?", "Which tasks are open?", "Read me my list.", "What is on my to-do list?",
        "My tasks?", "Show the list", "Show my list.", "What must I do?", "Do I have to do anything?",
        "Are there open tasks?", "What did I put on my list?", "Give me my to-do list.", "What are my tasks?",
        "What is left to do?",
    ))  # fmt: skip
    items = [phrase(rng, held_out, 2) for _ in range(rng.choice((0, 1, 2, 2, 3)))]
    reply = f"On your list: {', '.join(items)}." if items else "Your list is empty."
    return Use(TODO_LIST, wish, {}, json.dumps(items, ensure_ascii=False), reply)


def _clock(rng: random.Random, held_out: bool) -> Use:
    wish = wording(rng, held_out, (
        "What time is it?", "Tell me the time.", "How late is it?", "What's the time?", "Do you know the time?",
        "time please", "What is the time?", "The time?", "What does the clock say?", "Look at the clock.",
        "What's the time now?", "Can you tell me what time it is?",
    ))  # fmt: skip
    time = f"{rng.randrange(24):02}:{rng.randrange(60):02}"
    date = f"20{rng.randint(20, 39)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    result = rng.choice((time, json.dumps({"time": time}), json.dumps({"time": time, "date": date}), f"{date} {time}"))
    return Use(CLOCK, wish, {}, result, f"It is {time}.")


def _note_save(rng: random.Random, held_out: bool) -> Use:
    key, value = phrase(rng, held_out, 2), phrase(rng, held_out, 3) if rng.random() < 0.7 else number(rng)
    wish = wording(rng, held_out, (
        "Save the note {}: {}", "Save a note named {} with the value {}.", "Note that {} is {}.",
        "Remember that {} is {}.", "Save {} as {}.", "Keep a note {}: {}", "Write down that my {} is {}.",
        "Please remember {} = {}", "Note {}: {}", "Keep in mind that {} is {}.", "Make a note {}: {}",
        "Note down {}: {}", "Take the note {}: {}", "Remember {}: {}", "My {} is {}, remember that.",
        "New note {}: {}", "Write the note {}: {}", "Save that {} is {}.", "Don't forget that {} is {}.",
        "Store a note called {} saying {}.",
    ))  # fmt: skip
    if "save {} as {}" in wish.lower():
        return Use(NOTE_SAVE, wish.format(value, key), {"key": key, "value": value}, "Saved.", f"I saved {key}.")
    return Use(NOTE_SAVE, wish.format(key, value), {"key": key, "value": value}, "Saved.", f"I saved {key}.")


def _note_get(rng: random.Random, held_out: bool) -> Use:
    key, value = phrase(rng, held_out, 2), phrase(rng, held_out, 3)
    wish = wording(rng, held_out, (
        "What does the note {} say?", "Read the note {}.", "What did I note about {}?", "Show me the note {}",
        "Get my note {}.", "What is in my note {}?", "What did I save as {}?", "What is my note {}?",
        "Open the note {}.", "Find the note {}.", "What was {}?", "Which note did I save as {}?",
        "Give me the note {}", "What do you remember about {}?", "What does my note say about {}?",
        "Look up the note called {}.",
    )).format(key)  # fmt: skip
    return Use(NOTE_GET, wish, {"key": key}, value, f"The note says: {value}")


def _camera_look(rng: random.Random, held_out: bool) -> Use:
    question, reply = rng.choice((
        ("Describe what you see.", "I see a red circle."), ("How many shapes are there?", "There are 3 shapes."),
        ("What does the text say?", f"The text says {number(rng)}."), ("Is there a star?", "No, there is no star."),
    ))  # fmt: skip
    wish = wording(rng, held_out, ("Look through the camera: {}", "Use the camera: {}", "Look at the camera. {}",
                                   "Camera: {}", "With the camera: {}", "Turn on the camera. {}",
                                   "See with the camera: {}", "Ask the camera: {}", "Through the camera: {}",
                                   "Take a look with the camera. {}"))  # fmt: skip
    if question.startswith("Describe") and rng.random() < 0.6:
        wish = rng.choice((
            "What do you see in the camera?", "Look through the camera.", "What does the camera show?",
            "What does the camera see?", "What is in front of the camera?", "Use the camera.",
            "Look at this with the camera",
        ))  # fmt: skip
    return Use(CAMERA_LOOK, wish.format(question), {"question": question}, reply, reply)


USES: tuple[Callable[[random.Random, bool], Use], ...] = (
    _calculator, _todo_add, _todo_add, _todo_list, _clock, _note_save, _note_save, _note_get, _camera_look,
)  # fmt: skip


def made_up_tool(rng: random.Random, held_out: bool) -> Tool:
    """A tool that never was, of real words or of invented ones: names are to be copied, not remembered."""
    verb, thing = label("verbs", rng, held_out), label("nouns", rng, held_out)
    name = rng.choices((f"{verb}_{thing}", f"{thing}_{verb}", thing), (7, 2, 1))[0]
    arguments = dict.fromkeys(label("arguments", rng, held_out) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))))
    return Tool(name, tuple(arguments), (verb, thing))


def made_up_use(tool: Tool, rng: random.Random, held_out: bool) -> Use:
    """A wish that names the tool or its words and gives each argument by name."""
    verb, thing = tool.words
    said: dict[str, str] = {}
    arguments: dict[str, object] = {}
    for name in tool.arguments:
        said[name], arguments[name] = _value(rng, held_out)
    start = wording(rng, held_out, (
        "{v} the {t}", "{v} {t}", "{v} my {t}", "{v} this {t}", "I need to {v} the {t}", "Could you {v} the {t}",
        "Let us {v} the {t}", "Run {n}", "{n}", "Try {n}", "Please {v} the {t}", "{v} a {t}", "I want to {v} a {t}",
        "Can you {v} the {t}", "Use {n}", "Call the tool {n}", "Now {v} the {t}",
    )).format(v=verb, t=thing, n=tool.name)  # fmt: skip
    between, joint = rng.choice(((": ", ", "), (" with ", " and "), (", ", ", ")))
    link = rng.choice((" ", " ", " = ", ": ", " is "))
    wish = start + (between + joint.join(f"{n}{link}{v}" for n, v in said.items()) if said else "")
    wish = (wish[0].upper() if rng.random() < 0.7 else wish[0]) + wish[1:] + rng.choice(("", ".", "!"))
    result = rng.choice(("ok", "done", '{"ok": true}'))
    return Use(tool, wish, arguments, result, "Done.")


def _value(rng: random.Random, held_out: bool) -> tuple[str, object]:
    pick = rng.random()
    if pick < 0.6:
        text = phrase(rng, held_out, 2).replace(",", "")
        return text, text
    if pick < 0.87:
        value = number(rng)
        return value, json.loads(value)
    if pick < 0.92:
        return rng.choice((("true", True), ("false", False)))
    if pick < 0.96:
        items = [word(rng, held_out) for _ in range(rng.randint(1, 3))]
        return json.dumps(items, ensure_ascii=False), items
    mail = f"{invented(rng, held_out)}@{invented(rng, held_out)}.{rng.choice(('com', 'org', 'de'))}"
    return mail, mail


def tool_set(rng: random.Random, held_out: bool) -> list[Tool]:
    """Some known and some made-up tools, in any order."""
    known = list(KNOWN) if rng.random() < 0.3 else rng.sample(KNOWN, rng.choice((0, 1, 2, 3, 4)))
    made = [made_up_tool(rng, held_out) for _ in range(rng.choice((0, 0, 1, 2, 3) if known else (1, 2, 3, 4)))]
    tools = list({tool.name: tool for tool in known + made}.values())
    rng.shuffle(tools)
    return tools


def use_of(tools: list[Tool], rng: random.Random, held_out: bool) -> Use:
    """A use of one of the tools."""
    tool = rng.choice(tools)
    if tool not in KNOWN:
        return made_up_use(tool, rng, held_out)
    while True:
        use = rng.choice(USES)(rng, held_out)
        if use.tool == tool:
            return use


def branch(tools: list[Tool], rng: random.Random, held_out: bool) -> Turns:
    """One conversation below a list of tools; where it ends with words it may go on."""
    turns = part(tools, rng, held_out)
    while len(turns) < 8 and "<tool_call>" not in turns[-1][1] and rng.random() < 0.35:
        turns += part(tools, rng, held_out)
    return turns


def part(tools: list[Tool], rng: random.Random, held_out: bool) -> Turns:
    """One wish and what follows from it."""
    pick = rng.random()
    if pick < 0.58:
        return used(use_of(tools, rng, held_out), rng, rng.random() < 0.5)
    if pick < 0.68:
        return in_a_row(tools, rng, held_out)
    if pick < 0.78:
        return [("user", unfitting(tools, rng, held_out)), ("assistant", NO_TOOL)]
    if pick < 0.85:
        return [("user", chat.outside(rng, held_out)), ("assistant", chat.UNKNOWN)]
    question, answer = chat.said(rng.choice(tuple(chat.TALK)), rng, held_out)
    talk: Turns = [("user", question), ("assistant", answer)]
    return talk if rng.random() < 0.4 else [*talk, *used(use_of(tools, rng, held_out), rng, rng.random() < 0.5)]


def used(use: Use, rng: random.Random, to_the_end: bool) -> Turns:
    """A wish and its call; often the result and what is said then."""
    turns: Turns = [("user", use.wish), ("assistant", use.call())]
    if to_the_end:
        if rng.random() < 0.2:
            reason = rng.choice((rng.choice(TROUBLES), phrase(rng, False, 4)))
            if rng.random() < 0.6:
                reason = f"{use.tool.name} {reason}"
            result = rng.choice(("Error: ", "error: ", "Failed: ")) + reason
            turns += [("tool", result), ("assistant", FAILED.format(reason))]
        else:
            turns += [("tool", use.result), ("assistant", use.reply)]
    return turns


def in_a_row(tools: list[Tool], rng: random.Random, held_out: bool) -> Turns:
    """Two wishes in one message, two calls."""
    first, second = (use_of(tools, rng, held_out) for _ in range(2))
    join = rng.choice((" and then ", ". Then ", " Then: ", ". After that: "))
    wish = first.wish.rstrip(".!?") + join + second.wish
    return [
        ("user", wish), ("assistant", first.call()), ("tool", first.result), ("assistant", second.call()),
        ("tool", second.result), ("assistant", f"{first.reply} {second.reply}"),
    ]  # fmt: skip


def unfitting(tools: list[Tool], rng: random.Random, held_out: bool) -> str:
    """A wish for a tool that is not in the list."""
    names = {tool.name for tool in tools}
    while True:
        use = rng.choice(USES)(rng, held_out) if rng.random() < 0.5 else None
        use = use or made_up_use(made_up_tool(rng, held_out), rng, held_out)
        if use.tool.name not in names:
            return use.wish
