"""Runs a turn whose answer must have a form: asks, judges, asks once more with the exact fault, and else gives up.

Owns that order. What cannot be used is never left in the conversation: a turn ends with a good answer, or with an error
that names the fault. Tools are left out: an engine holds to a form or calls tools, not both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from ..agent.session import AgentSession, Request
from ..calling.choice import NONE
from ..errors import GenerationFailed
from ..turn import Turn
from .plan import Plan


class AnswerInvalid(GenerationFailed):
    """The model did not give an answer of the wanted form, not even when asked again."""

    code = "answer_invalid"
    action = "Press Regenerate, raise the length limit, or simplify what is asked for in the parameters."


class Answered(NamedTuple):
    """The text of an answer, and whether it was cut off at the length limit."""

    text: str
    cut: bool


async def good_answer(plan: Plan, request: Request, ask: Callable[[Request], Awaitable[Answered | None]]) -> str | None:
    """The text of a good answer; None as soon as `ask` gives None, which means stopped. Raises AnswerInvalid."""
    options = {**request.options, **plan.options, "tool_choice": NONE}
    request = request._replace(options=options, tools=())
    fault = ""
    for _ in range(2):
        answered = await ask(request)
        if answered is None:
            return None
        try:
            plan.value(answered.text)
        except ValueError as error:
            fault = f"{'it was cut off at the length limit; ' if answered.cut else ''}{error}"
            request = repaired(request, answered.text, fault)
        else:
            return answered.text
    raise AnswerInvalid(f"The model gave no answer of the wanted form, asked twice: {fault}.")


async def answer_as(plan: Plan, agent: AgentSession, request: Request, turn: Turn) -> None:
    """One turn. Raises AnswerInvalid, and whatever ends a turn early."""

    async def ask(request: Request) -> Answered | None:
        if turn.answer_text():
            turn.rewrite(None)
        await agent.run(request, turn.hear)
        cut = turn.message["finish_reason"] == "length"
        return None if agent.cancelled else Answered(turn.answer_text(), cut)

    try:
        text = await good_answer(plan, request, ask)
    except AnswerInvalid:
        turn.rewrite(None)
        raise
    if text is not None:
        turn.rewrite(plan.shown(text), plan.format)


def repaired(request: Request, answer: str, fault: str) -> Request:
    """The question again, after the answer that cannot be used and what is wrong with it."""
    text = {"type": "text", "text": request.prompt}
    asked = [*request.attachments, text] if request.attachments else request.prompt
    messages = [*request.messages, {"role": "user", "content": asked}, {"role": "assistant", "content": answer or "-"}]
    prompt = f"This answer cannot be used: {fault}. Answer my question again, correctly and shorter."
    return request._replace(prompt=prompt, attachments=[], messages=messages)
