"""The app's settings."""

from __future__ import annotations

from cloche.shapes import Settings
from cloche.store.store import Store


def test_settings_begin_with_their_defaults_and_are_kept() -> None:
    store = Store(":memory:")
    assert store.settings.load() == Settings()
    store.settings.save(Settings(theme="dark"))
    assert store.settings.load().theme == "dark"


def test_a_value_of_another_version_gives_way_to_the_default() -> None:
    store = Store(":memory:")
    store.settings.save(Settings(theme="dark"))
    store.database.write("INSERT OR REPLACE INTO settings VALUES ('theme', '\"sepia\"'), ('future', '1')")
    store.database.write("INSERT OR REPLACE INTO settings VALUES ('send_with', '\"ctrl-enter\"')")
    assert store.settings.load() == Settings(send_with="ctrl-enter")
