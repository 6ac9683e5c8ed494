"""What a person does in a conversation: send, edit, regenerate, delete, restore, choose a version.

Owns the commands that change the tree of messages. A person's message is committed before anything else happens with
it; the answering itself belongs to turns.py. While a conversation is being answered its tree stays as it is.
"""

from __future__ import annotations

from .attached import check_files
from .contract import MessageEdit, MessageSend
from .errors import BadInput, Busy, EmptyMessage, ImageUnsupported
from .host.base import Host
from .pictures import check_images
from .store.store import Store
from .turn import Data
from .turns import Turns


class Conversations:
    """All conversations."""

    def __init__(self, host: Host, store: Store, turns: Turns) -> None:
        self._host = host
        self._store = store
        self._turns = turns

    def session(self, session_id: str) -> Data:
        """A session, with whether it is being answered."""
        return {**self._store.sessions.get(session_id), "working": self._turns.working(session_id)}

    def sessions(self) -> list[Data]:
        """All sessions, the one used last first."""
        return [{**session, "working": self._turns.working(session["id"])} for session in self._store.sessions.all()]

    def open(self, session_id: str) -> Data:
        """A session with the messages of its active branch, the one being written included."""
        messages = [self._turns.newest(message) for message in self._store.messages.branch(session_id)]
        return {"session": self.session(session_id), "messages": messages}

    # ------------------------------------------------------------ asking

    def send(self, params: MessageSend) -> Data:
        """A new message at the end of the active branch, and its answer."""
        session_id = params.session_id
        self._refuse_if_working(session_id)
        text = params.text
        if not text.strip() and not params.images and not params.files:
            raise EmptyMessage("There is nothing to send.")
        check_images(params.images)
        check_files(params.files)
        if params.images:
            self._refuse_if_blind(session_id)
        branch = self._store.messages.branch(session_id)
        with self._store.database.transaction():
            parts: list[Data] = [self._store.images.add(image).model_dump() for image in params.images]
            parts += [self._store.files.add(file).model_dump() for file in params.files]
            if text.strip():
                parts.append({"type": "text", "text": text})
            user = self._store.messages.add(session_id, branch[-1]["id"] if branch else None, "user", parts)
            self._store.sessions.name_after(session_id, text if text.strip() else named_after(params))
            answer = self._new_answer(session_id, user["id"])
        self._host.emit([("message:changed", {"message": message}) for message in (user, answer)])
        return self._begin(user, answer, branch)

    def edit(self, params: MessageEdit) -> Data:
        """A new version of a person's message with the same pictures and files, and its answer."""
        session_id = params.session_id
        self._refuse_if_working(session_id)
        *before, old = self._store.messages.path(session_id, params.message_id)
        if old["role"] != "user":
            raise BadInput("Only your own messages can be edited.", action="Use Regenerate for another answer.")
        parts = [part for part in old["parts"] if part["type"] in ("image", "file")]
        if not params.text.strip() and not parts:
            raise EmptyMessage("There is nothing to send.")
        if params.text.strip():
            parts.append({"type": "text", "text": params.text})
        with self._store.database.transaction():
            user = self._store.messages.add(session_id, old["parent_id"], "user", parts)
            answer = self._new_answer(session_id, user["id"])
        return self._begin(user, answer, before, redraw=True)

    def regenerate(self, session_id: str, message_id: str) -> Data:
        """Another answer to the message that this one answers (or to this one, if it is a person's)."""
        self._refuse_if_working(session_id)
        path = self._store.messages.path(session_id, message_id)
        if path[-1]["role"] == "assistant":
            path.pop()
        user = path.pop()
        with self._store.database.transaction():
            answer = self._new_answer(session_id, user["id"])
        return self._begin(user, answer, path, redraw=True)

    # ------------------------------------------------------------ changing the tree

    def delete_message(self, session_id: str, message_id: str) -> Data:
        """Hide a message and what follows it."""
        self._refuse_if_working(session_id)
        self._store.messages.delete(session_id, message_id)
        return self._redrawn(session_id)

    def restore_message(self, session_id: str, message_id: str) -> Data:
        """Undo the deletion of a message."""
        self._refuse_if_working(session_id)
        self._store.messages.restore(session_id, message_id)
        return self._redrawn(session_id)

    def select_version(self, session_id: str, message_id: str) -> Data:
        """Show this version of a message and what follows it."""
        self._refuse_if_working(session_id)
        self._store.messages.select(session_id, message_id)
        return self._redrawn(session_id)

    # ------------------------------------------------------------ in common

    def _new_answer(self, session_id: str, parent_id: str) -> Data:
        speaker = self._turns.chain(session_id)[0]
        answer = self._store.messages.add(
            session_id,
            parent_id,
            "assistant",
            [],
            status="streaming",
            model=speaker.model or None,
            provider=speaker.name,
            remote=speaker.remote,
        )
        self._store.sessions.touch(session_id)
        return answer

    def _begin(self, user: Data, answer: Data, before: list[Data], *, redraw: bool = False) -> Data:
        self._turns.begin(user, answer, before)
        if redraw:
            self._redrawn(user["session_id"])
        self._turns.tell_session(user["session_id"])
        return {"user_message_id": user["id"], "assistant_message_id": answer["id"]}

    def _redrawn(self, session_id: str) -> Data:
        conversation = self.open(session_id)
        self._host.emit([("conversation:changed", {"conversation": conversation})])
        return conversation

    def _refuse_if_working(self, session_id: str) -> None:
        self._turns.save_unsaved()
        if self._turns.working(session_id):
            raise Busy("This conversation is still being answered.")

    def _refuse_if_blind(self, session_id: str) -> None:
        card = self._turns.chain(session_id)[0].transport.card
        if card is not None and "image" not in card.modalities:
            raise ImageUnsupported(f"{card.name} reads text only; it cannot see pictures.")


def named_after(params: MessageSend) -> str:
    """What a message without words is about."""
    return params.files[0].name if params.files else "Picture"
