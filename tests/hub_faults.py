"""What can go wrong with an answer of the hub (hub.py): each a `Fault`, made by a function that says what it is.

Owns the kinds of faults and what each needs to know. That they strike is the servers' business. Exists only for tests.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

FOR_EVER = 1 << 30
EXPOSED = (
    "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, Accept-Ranges, "
    "Content-Range, X-Linked-Size, X-Linked-ETag, X-Xet-Hash"
)

Where = Literal["hub", "cdn"]


@dataclass
class Fault:
    """One way to go wrong, for the next `times` requests of that server whose path holds `path`.

    `after` counts bytes of the answer's body. Without `ranges` the answer is the whole file, whatever was asked for.
    `reached` is set once a fault has struck; a stalled answer goes on when `go_on` is set.
    """

    kind: Literal["drop", "stall", "refuse", "truncate", "wrong", "no_ranges", "expired"]
    where: Where = "cdn"
    after: int = 0
    status: int = 500
    ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    times: int = 1
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


def drop(after: int, **more: Any) -> Fault:
    """The connection breaks."""
    return Fault("drop", after=after, **more)


def stall(after: int, **more: Any) -> Fault:
    """Nothing more comes, but the connection stays."""
    return Fault("stall", after=after, **more)


def truncate(after: int, **more: Any) -> Fault:
    """The answer is shorter than asked for and looks whole."""
    return Fault("truncate", after=after, **more)


def refuse(status: int, retry_after: float | str | None = None, **more: Any) -> Fault:
    """An error: 429, 500, ... The page may read how long to wait, which not every server lets it."""
    told = {"Retry-After": str(retry_after), "Access-Control-Expose-Headers": f"{EXPOSED}, Retry-After"}
    headers = {} if retry_after is None else told
    return Fault("refuse", status=status, headers=headers, **more)


def wrong(**more: Any) -> Fault:
    """Other bytes of the same length."""
    return Fault("wrong", **more)


def no_ranges(**more: Any) -> Fault:
    """The whole file, whatever was asked for."""
    return Fault("no_ranges", ranges=False, **more)


def expired(**more: Any) -> Fault:
    """The address is said to be too old."""
    return Fault("expired", **more)
