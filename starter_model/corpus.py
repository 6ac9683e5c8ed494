"""Text for the tokenizer: what is really said in training.

Owns the mix only.
"""

from __future__ import annotations

from collections.abc import Iterator

from starter_model import changes, chat, questions, scenes, tool_talk
from starter_model.scenes import generator

VOCABULARY = 1280


def texts(count: int = 3000) -> Iterator[str]:
    """Conversations of every kind; held-out words and wordings stay out."""
    for number in range(count):
        rng = generator(number, held_out=False)
        scene = scenes.scene(rng)
        asked = questions.ask(rng.choice(questions.kinds(scene)), scene, rng, False)
        yield " ".join(asked or ())
        yield " ".join(changes.changed(rng, False)[2])
        tools = tool_talk.tool_set(rng, False)
        yield tool_talk.system(tools)
        for _, text in (*tool_talk.branch(tools, rng, False), *chat.conversation(rng, False)):
            yield text
