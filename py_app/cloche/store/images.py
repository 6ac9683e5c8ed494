"""Pictures as BLOBs: adding, reading, and clearing those that no message shows any more.

Owns the table `images` and the links from messages to it; knows nothing of what is in a picture.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable

from ..errors import NotFound
from ..shapes import ImagePart, NewImage
from .database import Database


class Images:
    """The stored pictures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, image: NewImage) -> ImagePart:
        """Keep a picture; gives the part that shows it in a message."""
        image_id = uuid.uuid4().hex
        self._database.write(
            "INSERT INTO images (id, mime, width, height, name, created_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (image_id, image.mime, image.width, image.height, image.name, time.time(), image.bytes),
        )
        return ImagePart(image_id=image_id, mime=image.mime, width=image.width, height=image.height, name=image.name)

    def link(self, message_id: str, image_ids: Iterable[str]) -> None:
        """Say that a message shows these pictures."""
        for image_id in image_ids:
            self._database.write(
                "INSERT OR IGNORE INTO message_images (message_id, image_id) VALUES (?, ?)", (message_id, image_id)
            )

    def read(self, image_id: str) -> tuple[bytes, str]:
        """Bytes and media type of a picture."""
        row = self._database.row("SELECT bytes, mime FROM images WHERE id = ?", (image_id,))
        if row is None:
            raise NotFound("This picture is not in the store.")
        return row[0], row[1]

    def remove_unused(self) -> int:
        """Remove pictures that no message shows; gives their number."""
        return self._database.write("DELETE FROM images WHERE id NOT IN (SELECT image_id FROM message_images)")
