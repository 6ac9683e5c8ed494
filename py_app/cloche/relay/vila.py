"""Answers for clients of the VILA streaming protocol: a question about the last few frames.

Owns the request that is made of frames; which frames, and whose turn it is, is the relay's business (py_app/relay).
"""

from __future__ import annotations

import base64
import binascii

from ..engine_contract import ChatMessage, ChatRequest, ImageContent, TextContent
from ..errors import BadImage, ImageUnsupported
from ..providers.base import Transport
from ..tools.camera import sees
from .shapes import RelaySettings


async def reply_to(transport: Transport, frames: list[str], settings: RelaySettings) -> str:
    """What the model says about frames, each a JPEG in base64. Raises ClocheError."""
    await transport.ready()
    if not sees(transport):
        raise ImageUnsupported("The model that is loaded in the tab reads text only.")
    try:
        pictures = [ImageContent(data=base64.b64decode(frame, validate=True)) for frame in frames]
    except (binascii.Error, ValueError) as error:
        raise BadImage("A frame is not base64.") from error
    request = ChatRequest(
        messages=[ChatMessage(role="user", content=[*pictures, TextContent(text=settings.question)])],
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
    )
    completion = await transport.complete(request, lambda _: None)
    return completion.text.strip()
