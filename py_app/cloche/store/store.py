"""The store as a whole: the database with everything kept in it.

Owns how the parts of the store belong together and what happens at start; each kind of row has a module of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from .database import Database
from .files import Files
from .images import Images
from .messages import Messages
from .models import ModelRows
from .schema import MIGRATIONS
from .search import Search
from .sessions import Sessions
from .settings import SettingsStore


class Store:
    """Opened on a path; `:memory:` keeps nothing."""

    def __init__(self, path: str, migrations: Sequence[str] = MIGRATIONS) -> None:
        self.database = Database(path, migrations)
        self.search = Search(self.database)
        self.images = Images(self.database)
        self.files = Files(self.database)
        self.sessions = Sessions(self.database, self.search)
        self.messages = Messages(self.database, self.images, self.files, self.search)
        self.settings = SettingsStore(self.database)
        self.models = ModelRows(self.database)

    def recover(self) -> int:
        """Clean up after the last run: gives the number of answers that it left unfinished."""
        interrupted = self.messages.mark_interrupted()
        with self.database.transaction():
            removed = self.messages.purge() + self.sessions.purge()
            if removed:
                self.images.remove_unused()
                self.files.remove_unused()
                self.search.remove_unused()
        return interrupted

    def close(self) -> None:
        """Give the database file back."""
        self.database.close()
