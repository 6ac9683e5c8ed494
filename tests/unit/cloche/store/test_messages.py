"""The tree of messages: versions, the active branch, deletion and restore, recovery."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.errors import NotFound
from cloche.shapes import Message
from cloche.store.store import Store


class Tree:
    """A session whose messages go by short names."""

    def __init__(self) -> None:
        self.store = Store(":memory:")
        self.session_id = str(self.store.sessions.create()["id"])
        self.ids: dict[str, str] = {}

    def add(self, name: str, under: str | None = None, **more: Any) -> None:
        """Add a message with that text."""
        parent = self.ids[under] if under else None
        role = "assistant" if name.startswith("a") else "user"
        parts = [{"type": "text", "text": name}]
        self.ids[name] = self.store.messages.add(self.session_id, parent, role, parts, **more)["id"]

    def branch(self) -> list[str]:
        """The texts of the active branch."""
        return [message["parts"][0]["text"] for message in self.store.messages.branch(self.session_id)]

    def siblings(self, name: str) -> list[str]:
        """The names of all versions of a message."""
        names = {message_id: name for name, message_id in self.ids.items()}
        return [names[i] for i in self.store.messages.get(self.session_id, self.ids[name])["siblings"]]

    def delete(self, name: str) -> None:
        """Delete a message."""
        self.store.messages.delete(self.session_id, self.ids[name])

    def restore(self, name: str) -> None:
        """Restore a message."""
        self.store.messages.restore(self.session_id, self.ids[name])

    def select(self, name: str) -> None:
        """Choose a version."""
        self.store.messages.select(self.session_id, self.ids[name])


@pytest.fixture
def tree() -> Tree:
    """u1 - a1 - u2 - a2, with u2b - a2b as another version of u2."""
    tree = Tree()
    tree.add("u1")
    tree.add("a1", "u1")
    tree.add("u2", "a1")
    tree.add("a2", "u2")
    tree.add("u2b", "a1")
    tree.add("a2b", "u2b")
    return tree


def test_messages_fit_the_contract(tree: Tree) -> None:
    for message in tree.store.messages.branch(tree.session_id):
        Message.model_validate(message)


def test_the_newest_version_is_active_and_the_older_one_stays_reachable(tree: Tree) -> None:
    assert tree.branch() == ["u1", "a1", "u2b", "a2b"]
    assert tree.siblings("u2b") == ["u2", "u2b"]
    tree.select("u2")
    assert tree.branch() == ["u1", "a1", "u2", "a2"]


def test_choosing_a_version_shows_the_newest_of_what_follows_it(tree: Tree) -> None:
    tree.add("a2c", "u2")
    tree.select("u2b")
    tree.select("u2")
    assert tree.branch()[-1] == "a2c"


def test_the_count_of_a_session_is_the_length_of_its_active_branch(tree: Tree) -> None:
    assert tree.store.sessions.get(tree.session_id)["message_count"] == 4
    tree.delete("a1")
    assert tree.store.sessions.get(tree.session_id)["message_count"] == 1


def test_deleting_a_version_shows_the_other_one(tree: Tree) -> None:
    tree.delete("u2b")
    assert tree.branch() == ["u1", "a1", "u2", "a2"]
    assert tree.siblings("u2") == ["u2"]


def test_deleting_the_only_version_ends_the_branch_before_it(tree: Tree) -> None:
    tree.delete("a1")
    assert tree.branch() == ["u1"]
    tree.delete("u1")
    assert tree.branch() == []


def test_deleting_in_another_branch_leaves_the_active_one(tree: Tree) -> None:
    tree.select("u2")
    tree.delete("u2b")
    assert tree.branch() == ["u1", "a1", "u2", "a2"]


def test_a_deletion_can_be_undone(tree: Tree) -> None:
    tree.delete("a1")
    tree.restore("a1")
    assert tree.branch() == ["u1", "a1", "u2b", "a2b"]


def test_restoring_brings_back_only_what_went_with_it(tree: Tree) -> None:
    tree.delete("a2b")
    tree.delete("u2b")
    tree.restore("u2b")
    assert tree.branch() == ["u1", "a1", "u2b"]


def test_a_message_under_a_deleted_one_waits_for_it(tree: Tree) -> None:
    tree.delete("a2b")
    tree.delete("u2b")
    with pytest.raises(NotFound) as caught:
        tree.restore("a2b")
    assert "first" in caught.value.action


def test_what_was_not_deleted_cannot_be_restored(tree: Tree) -> None:
    with pytest.raises(NotFound):
        tree.restore("u1")


def test_deleted_messages_are_gone_at_the_next_start(tree: Tree) -> None:
    tree.delete("u2b")
    tree.store.recover()
    with pytest.raises(NotFound):
        tree.restore("u2b")
    assert tree.branch() == ["u1", "a1", "u2", "a2"]
    assert tree.store.database.row("SELECT count(*) FROM message_texts") == (4,)


def test_a_message_of_another_session_is_not_found(tree: Tree) -> None:
    other = tree.store.sessions.create()["id"]
    with pytest.raises(NotFound):
        tree.store.messages.get(other, tree.ids["u1"])
    with pytest.raises(NotFound):
        tree.store.messages.select(other, tree.ids["u1"])


def test_answers_left_unfinished_are_marked_at_the_next_start() -> None:
    tree = Tree()
    tree.add("u1")
    tree.add("a1", "u1", status="streaming")
    call = {"type": "tool_call", "id": "1", "name": "clock", "arguments": {}, "status": "running"}
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "partial words"},
        {**call, "output": None, "duration_ms": None},
    ]
    tree.store.messages.save_partial(tree.ids["a1"], parts)
    assert tree.store.recover() == 1
    message = tree.store.messages.get(tree.session_id, tree.ids["a1"])
    assert message["status"] == "interrupted"
    assert message["parts"][1]["status"] == "cancelled"
    assert [hit["message_id"] for hit in tree.store.search.find("partial", 10)] == [tree.ids["a1"]]


def test_everything_known_about_an_answer_is_kept() -> None:
    tree = Tree()
    tree.add("u1")
    tree.add("a1", "u1", status="streaming", model="starter")
    message = tree.store.messages.get(tree.session_id, tree.ids["a1"])
    message.update(
        status="error",
        error={"code": "engine_crashed", "message": "It died.", "action": "Again.", "retryable": True},
        finish_reason="length",
        usage={"prompt_tokens": 3, "completion_tokens": 4, "cached_tokens": 1},
        timings={"time_to_first_token_ms": 1.5, "prompt_ms": 1.0, "image_ms": None, "total_ms": 9.0}
        | {"tokens_per_second": 55.0},
    )
    tree.store.messages.finish(message)
    assert tree.store.messages.get(tree.session_id, tree.ids["a1"]) == message


def test_a_thousand_messages_open_with_two_queries() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    parent = None
    with store.database.transaction():
        for number in range(1000):
            role = "assistant" if number % 2 else "user"
            parts = [{"type": "text", "text": f"Message {number}. " * 20}]
            parent = store.messages.add(session_id, parent, role, parts)["id"]
    asked: list[str] = []
    store.database._connection.set_trace_callback(asked.append)
    messages = store.messages.branch(session_id)
    assert [len(messages), len(asked)] == [1000, 2]


def test_a_session_longer_than_any_recursion_can_be_deleted() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    parent = first = None
    with store.database.transaction():
        for _ in range(3000):
            parent = store.messages.add(session_id, parent, "user", [{"type": "text", "text": "x"}])["id"]
            first = first or parent
    store.messages.delete(session_id, str(first))
    store.sessions.delete(session_id)
    store.recover()
    assert store.database.row("SELECT count(*) FROM messages") == (0,)
