"""The app's settings: one row a field, so that a field added later simply has its default.

Owns the table `settings`.
"""

from __future__ import annotations

import json

from pydantic import ValidationError

from ..shapes import Settings
from .database import Database


class SettingsStore:
    """Reading and keeping the settings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Settings:
        """The settings; a value that this version does not know gives way to the default."""
        settings = Settings()
        for key, value in self._database.rows("SELECT key, value FROM settings"):
            try:
                settings = Settings.model_validate({**settings.model_dump(), key: json.loads(value)})
            except ValidationError:
                continue
        return settings

    def save(self, settings: Settings) -> None:
        """Keep all settings."""
        with self._database.transaction():
            for key, value in settings.model_dump().items():
                self._database.write("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))
