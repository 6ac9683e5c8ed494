"""Pictures in the store."""

from __future__ import annotations

import pytest
from tests.unit.cloche.scripted import PICTURE, PNG

from cloche.errors import NotFound
from cloche.shapes import NewImage
from cloche.store.store import Store


def test_a_picture_comes_back_byte_for_byte() -> None:
    store = Store(":memory:")
    part = store.images.add(NewImage.model_validate(PICTURE))
    assert store.images.read(part.image_id) == (PNG, "image/png")
    assert (part.width, part.height, part.name) == (1, 1, "dot.png")


def test_an_unknown_picture_is_not_found() -> None:
    with pytest.raises(NotFound):
        Store(":memory:").images.read("none")


def test_pictures_that_no_message_shows_are_removed() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    shown, lost = (store.images.add(NewImage.model_validate(PICTURE)) for _ in range(2))
    store.messages.add(session_id, None, "user", [shown.model_dump()])
    assert store.images.remove_unused() == 1
    assert store.images.read(shown.image_id)
    with pytest.raises(NotFound):
        store.images.read(lost.image_id)


def test_a_picture_goes_with_the_session_that_was_deleted() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    part = store.images.add(NewImage.model_validate(PICTURE))
    store.messages.add(session_id, None, "user", [part.model_dump()])
    store.sessions.delete(session_id)
    assert store.images.read(part.image_id)
    store.recover()
    with pytest.raises(NotFound):
        store.images.read(part.image_id)
