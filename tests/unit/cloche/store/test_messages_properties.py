"""Whatever a person does, in whatever order, the tree of messages stays whole."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cloche.errors import NotFound
from cloche.store.store import Store

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "root", "delete", "restore", "select", "recover"]),
        st.integers(min_value=0, max_value=30),
    ),
    max_size=40,
)


class Model:
    """What should be there: parents, and by whose deletion a message is hidden."""

    def __init__(self) -> None:
        self.parent: dict[str, str | None] = {}
        self.hidden_by: dict[str, str | None] = {}

    def visible(self) -> list[str]:
        """All messages that can be seen."""
        return [message for message, by in self.hidden_by.items() if by is None]

    def below(self, message: str) -> list[str]:
        """The message and what follows it."""
        found = [message]
        for other, parent in self.parent.items():
            if parent in found:
                found.append(other)
        return found

    def delete(self, message: str) -> None:
        """Hide a message with what follows it."""
        for other in self.below(message):
            self.hidden_by[other] = self.hidden_by[other] or message

    def restore(self, message: str) -> None:
        """Show what this deletion hid."""
        for other, by in self.hidden_by.items():
            if by == message:
                self.hidden_by[other] = None

    def forget_hidden(self) -> None:
        """What a new start does."""
        for message in [message for message, by in self.hidden_by.items() if by]:
            del self.parent[message], self.hidden_by[message]


def check(store: Store, session_id: str, model: Model) -> None:
    """The branch is a path of visible messages from a root to the leaf, and the versions are those of the model."""
    branch = store.messages.branch(session_id)
    visible = model.visible()
    assert bool(branch) == bool(visible) or not branch
    parent = None
    for message in branch:
        assert message["id"] in visible
        assert message["parent_id"] == parent == model.parent[message["id"]]
        assert message["siblings"] == [other for other in visible if model.parent[other] == parent]
        parent = message["id"]
    assert store.sessions.get(session_id)["message_count"] == len(branch)
    assert store.database.rows("PRAGMA foreign_key_check") == []


def act(store: Store, session_id: str, model: Model, action: str, number: int) -> None:
    """Do one thing in the store and in the model."""
    every = list(model.parent)
    chosen = every[number % len(every)] if every else None
    if action == "recover":
        store.recover()
        model.forget_hidden()
        return
    if action in ("add", "root"):
        parent = chosen if action == "add" else None
        if parent is not None and model.hidden_by[parent]:
            return
        parts: list[dict[str, Any]] = [{"type": "text", "text": "x"}]
        message = store.messages.add(session_id, parent, "user", parts)["id"]
        model.parent[message], model.hidden_by[message] = parent, None
        assert store.messages.branch(session_id)[-1]["id"] == message
    elif chosen is None:
        return
    elif action == "delete":
        with suppress(NotFound):
            store.messages.delete(session_id, chosen)
            model.delete(chosen)
    elif action == "restore":
        with suppress(NotFound):
            store.messages.restore(session_id, chosen)
            model.restore(chosen)
            assert chosen in [message["id"] for message in store.messages.branch(session_id)]
    elif action == "select":
        with suppress(NotFound):
            store.messages.select(session_id, chosen)
            assert chosen in [message["id"] for message in store.messages.branch(session_id)]


@given(ACTIONS)
@settings(max_examples=150, deadline=None)
def test_the_tree_stays_whole(actions: list[tuple[str, int]]) -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    store.sessions.rename(session_id, "Kept through a new start")
    model = Model()
    for action, number in actions:
        act(store, session_id, model, action, number)
        check(store, session_id, model)
    store.close()
