"""Runs a turn whose answer must have a form: asks, judges, asks once more with the exact fault, and else gives up.

Owns that order. What cannot be used is never left in the conversation: a turn ends with a good answer, or with an error
that names the fault. Tools are left out: an engine holds to a form or calls tools, not both.
"""

from __future__ import annotations

from ..agent.session import AgentSession, Request
from ..calling.choice import NONE
from ..errors import GenerationFailed
from ..turn import Turn
from .plan import Plan


class AnswerInvalid(GenerationFailed):
    """The model did not give an answer of the wanted form, not even when asked again."""

    code = "answer_invalid"
    action = "Press Regenerate, raise the length limit, or simplify what is asked for in the parameters."


async def answer_as(plan: Plan, agent: AgentSession, request: Request, turn: Turn) -> None:
    """One turn. Raises AnswerInvalid, and whatever ends a turn early."""
    options = {**request.options, "response_format": plan.response_format, "tool_choice": NONE}
    request = request._replace(options=options, tools=())
    fault = await _try(plan, agent, request, turn)
    if fault and not agent.cancelled:
        bad = turn.answer_text()
        turn.rewrite(None)
        fault = await _try(plan, agent, repaired(request, bad, fault), turn)
    if fault and not agent.cancelled:
        turn.rewrite(None)
        raise AnswerInvalid(f"The model gave no answer of the wanted form, asked twice: {fault}.")


async def _try(plan: Plan, agent: AgentSession, request: Request, turn: Turn) -> str:
    """Ask once; the fault of the answer, empty if there is none."""
    await agent.run(request, turn.hear)
    text = turn.answer_text()
    try:
        plan.value(text)
    except ValueError as error:
        cut = "it was cut off at the length limit; " if turn.message["finish_reason"] == "length" else ""
        return f"{cut}{error}"
    turn.rewrite(plan.shown(text), plan.format)
    return ""


def repaired(request: Request, answer: str, fault: str) -> Request:
    """The question again, after the answer that cannot be used and what is wrong with it."""
    text = {"type": "text", "text": request.prompt}
    asked = [*request.attachments, text] if request.attachments else request.prompt
    messages = [*request.messages, {"role": "user", "content": asked}, {"role": "assistant", "content": answer or "-"}]
    prompt = f"This answer cannot be used: {fault}. Answer my question again, correctly and shorter."
    return request._replace(prompt=prompt, attachments=[], messages=messages)
