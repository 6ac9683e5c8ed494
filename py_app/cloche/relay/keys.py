"""The keys of programs that may ask this tab's model, and the relay's settings, as rows.

Owns the tables `api_keys` and `relay_settings`. Of a key only the SHA-256 is kept: it is made of 256 random bits, so
nothing slower is needed.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid

from ..errors import NotFound
from ..store.database import Database
from .shapes import ApiKey, RelaySettings

PREFIX = "cloche-"
HINT_CHARS = 4


class ApiKeys:
    """Reading and keeping them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[ApiKey]:
        """All, in the order in which they were made."""
        rows = self._database.rows("SELECT id, name, hint, created_at FROM api_keys ORDER BY seq")
        return [ApiKey(id=key_id, name=name, hint=hint, created_at=at) for key_id, name, hint, at in rows]

    def hashes(self) -> dict[str, str]:
        """The hashes by id, as the relay compares them."""
        return dict(self._database.rows("SELECT id, sha256 FROM api_keys"))

    def make(self, name: str) -> tuple[ApiKey, str]:
        """A new key and its secret."""
        secret = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            id=uuid.uuid4().hex,
            name=name.strip() or f"Key {len(self.all()) + 1}",
            hint=secret[-HINT_CHARS:],
            created_at=time.time(),
        )
        self._database.write(
            "INSERT INTO api_keys (id, name, hint, sha256, created_at) VALUES (?, ?, ?, ?, ?)",
            (key.id, key.name, key.hint, hashlib.sha256(secret.encode()).hexdigest(), key.created_at),
        )
        return key, secret

    def revoke(self, key_id: str) -> None:
        """Forget a key. Raises NotFound."""
        if not self._database.write("DELETE FROM api_keys WHERE id = ?", (key_id,)):
            raise NotFound("There is no such key.")

    def settings(self) -> RelaySettings:
        """The settings; what this version does not understand gives way to the defaults."""
        (kept,) = self._database.row("SELECT settings FROM relay_settings") or (None,)
        return RelaySettings.read_kept(kept)

    def save(self, settings: RelaySettings) -> None:
        """Keep the settings."""
        self._database.write("INSERT OR REPLACE INTO relay_settings VALUES (1, ?)", (settings.model_dump_json(),))
