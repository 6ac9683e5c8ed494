"""The relay: what it adds to a frame's way, against a server of the same library that answers at once."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from tests.bench.report import Figure
from tests.bench.stage import median
from tests.unit.relay.scripted_tab import serving
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

FRAMES = 300
WARM_UP = 30


def measure() -> Iterator[Figure]:
    frame = camera_frame()
    relayed, direct = asyncio.run(_both(frame))
    size = f"{len(frame) / 1000:.0f} kB, 640 x 480, quality 70"
    yield Figure("frame and reply through relay and tab", relayed, "ms", against=direct, note="against no relay")
    yield Figure("what the relay adds to a frame", relayed - direct, "ms", at_most=10, note=size)


def camera_frame() -> str:
    """A message as a camera sends it: something with edges and noise, not one colour."""
    picture = Image.effect_noise((640, 480), 60).convert("RGB").resize((640, 480))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=70)
    return json.dumps({"timestamp": time.time(), "frame": base64.b64encode(buffer.getvalue()).decode()})


async def _both(frame: str) -> tuple[float, float]:
    """Milliseconds of a round trip, with the relay and without."""

    def answer(job: dict[str, object]) -> list[dict[str, object]]:
        return [{"type": "body", "text": "A reply."}, {"type": "end"}]

    with TemporaryDirectory() as folder:
        async with (
            serving(Path(folder)) as served,
            served.tab(answer),
            served.client() as client,
            _answering() as other,
        ):
            relayed, direct = [], []
            for number in range(WARM_UP + FRAMES):
                pair = await _round_trip(client, frame), await _round_trip(other, frame)
                if number >= WARM_UP:
                    relayed.append(pair[0])
                    direct.append(pair[1])
                await asyncio.sleep(1 / 100)  # the relay ends connections that flood
            return median(relayed), median(direct)


@asynccontextmanager
async def _answering() -> AsyncIterator[ClientConnection]:
    async def handle(connection: ServerConnection) -> None:
        async for message in connection:
            json.loads(message)
            await connection.send(json.dumps({"vlm_reply": "A reply."}))

    async with serve(handle, "localhost", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://localhost:{port}", compression=None) as client:
            yield client


async def _round_trip(client: ClientConnection, frame: str) -> float:
    begun = time.perf_counter()
    await client.send(frame)
    await client.recv()
    return (time.perf_counter() - begun) * 1000
