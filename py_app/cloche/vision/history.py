"""What the Live view saw: captions as rows, so that nothing is lost on reload.

Owns the tables `live_captions` and `live_settings`. Frames are kept for the newest captions only, and the oldest
captions go: a camera that runs for days must not fill the disk.
"""

from __future__ import annotations

import time
from typing import Any

from ..errors import NotFound
from ..shapes import NewImage
from ..store.database import Database
from .shapes import Description, LiveCaption, LiveHistory, LiveQuery, LiveSettings

MOST_CAPTIONS = 10_000
MOST_PICTURES = 100
COLUMNS = "id, at, prompt, text, answer, fired, source, difference, picture IS NOT NULL, description"


class History:
    """The captions and the settings of the Live view."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settings(self) -> LiveSettings:
        """The kept settings; what this version does not know gives way to the defaults."""
        (kept,) = self._database.row("SELECT value FROM live_settings") or (None,)
        return LiveSettings.read_kept(kept)

    def keep(self, settings: LiveSettings) -> None:
        """Keep the settings."""
        self._database.write("INSERT OR REPLACE INTO live_settings VALUES (1, ?)", (settings.model_dump_json(),))

    def add(
        self,
        description: Description,
        *,
        prompt: str,
        source: str,
        difference: float,
        picture: NewImage,
        answer: str | None,
        fired: bool,
    ) -> LiveCaption:
        """Keep a caption and let the oldest go."""
        with self._database.transaction():
            self._database.write(
                """
                INSERT INTO live_captions (at, prompt, text, answer, fired, source, difference, picture, mime,
                    width, height, description) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (
                    time.time(),
                    prompt,
                    description.text,
                    answer,
                    fired,
                    source,
                    difference,
                    picture.bytes,
                    picture.mime,
                    picture.width,
                    picture.height,
                    description.model_dump_json(),
                ),
            )
            (newest,) = self._database.row("SELECT max(id) FROM live_captions") or (0,)
            self._database.write("DELETE FROM live_captions WHERE id <= ?", (newest - MOST_CAPTIONS,))
            # One comes, so one goes; to look for others would read the whole history for each caption.
            self._database.write("UPDATE live_captions SET picture = NULL WHERE id = ?", (newest - MOST_PICTURES,))
        return self.get(newest)

    def get(self, caption_id: int) -> LiveCaption:
        """One caption. Raises NotFound."""
        row = self._database.row(f"SELECT {COLUMNS} FROM live_captions WHERE id = ?", (caption_id,))  # noqa: S608
        if row is None:
            raise NotFound("This caption is not in the history.")
        return caption(row)

    def find(self, query: LiveQuery) -> LiveHistory:
        """Captions, newest first."""
        text = query.query.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        where = "(? = '' OR text LIKE ? ESCAPE '\\' OR answer LIKE ? ESCAPE '\\')"
        like = f"%{text}%"
        (total,) = self._database.row(f"SELECT count(*) FROM live_captions WHERE {where}", (text, like, like)) or (0,)  # noqa: S608
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM live_captions WHERE {where} AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",  # noqa: S608
            (text, like, like, query.before, query.before, query.limit),
        )
        return LiveHistory(captions=[caption(row) for row in rows], total=total)

    def frame(self, caption_id: int) -> NewImage:
        """The frame of a caption as a picture for a message. Raises NotFound."""
        row = self._database.row("SELECT picture, mime, width, height FROM live_captions WHERE id = ?", (caption_id,))
        if row is None or row[0] is None:
            raise NotFound("This frame is no longer kept.")
        return NewImage(bytes=row[0], mime=row[1], width=row[2], height=row[3], name="Frame")

    def clear(self) -> None:
        """Forget all captions."""
        self._database.write("DELETE FROM live_captions")


def caption(row: tuple[Any, ...]) -> LiveCaption:
    """A row of COLUMNS."""
    number, at, prompt, text, answer, fired, source, difference, picture, description = row
    return LiveCaption(
        id=number,
        at=at,
        prompt=prompt,
        text=text,
        answer=answer,
        fired=bool(fired),
        source=source,
        difference=difference,
        picture=bool(picture),
        description=Description.model_validate_json(description),
    )
