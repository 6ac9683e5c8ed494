"""Looking at a picture: asks the model that sees about what the open camera sees, else about the newest picture.

Owns which picture is meant and the wording. What a picture says was written by others: it comes from outside.
For the model what an open camera sees is the newest picture; a trained model knows the tool by these words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from ..engine_contract import ChatMessage, ChatRequest, ImageContent, TextContent
from ..providers.base import Transport
from ..store.store import Store
from .live_camera import LiveCamera
from .tool import FunctionTool, ToolFault, tool

NO_PICTURE = "There is no picture in this conversation. Attach one, or open the camera."
NO_EYES = "No model that sees pictures is loaded."
MAX_TOKENS = 256
SECONDS = 120.0

NEWEST = """
    SELECT i.image_id FROM message_images i JOIN messages m ON m.id = i.message_id
    WHERE m.session_id = ? AND m.deleted_by IS NULL ORDER BY m.seq DESC LIMIT 1
"""
Eyes = Callable[[str], Transport | None]


def camera_tools(store: Store, camera: LiveCamera, eyes: Eyes, session_id: str) -> list[FunctionTool]:
    """The tool of one conversation; `eyes` gives the transport to a model that sees."""

    @tool(access="read", outside=True, seconds=SECONDS)
    async def camera_look(question: Annotated[str, Field(min_length=1, max_length=2000)]) -> str:
        """Look at the newest picture of the conversation and answer a question about it.

        Args:
            question: what to find out
        """
        transport = eyes(session_id)
        if transport is None:
            raise ToolFault(NO_EYES)
        picture = await camera.frame()
        if picture is None:
            newest = store.database.row(NEWEST, (session_id,))
            if newest is None:
                raise ToolFault(NO_PICTURE)
            picture = store.images.read(str(newest[0]))[0]
        return await look(transport, picture, question)

    return [camera_look]


def sees(transport: Transport) -> bool:
    """Whether the model behind a transport sees pictures."""
    engine, card = transport.engine, transport.card
    return engine.images if engine is not None else card is not None and "image" in card.modalities


async def look(transport: Transport, picture: bytes, question: str) -> str:
    """What the model says about a picture."""
    message = ChatMessage(role="user", content=[ImageContent(data=picture), TextContent(text=question)])
    request = ChatRequest(messages=[message], max_tokens=MAX_TOKENS, temperature=0)
    completion = await transport.complete(request, lambda _: None)
    return completion.text.strip() or "The model says nothing about it."
