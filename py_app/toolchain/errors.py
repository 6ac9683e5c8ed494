"""The one error of the toolchain: what failed, why, and what to do about it."""

from __future__ import annotations


class BuildError(Exception):
    """A step cannot go on. `what` and `todo` are whole sentences for people; `why` is a tool's own words."""

    def __init__(self, what: str, *, why: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why.strip()
        self.todo = todo

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines += ["    " + line for line in self.why.splitlines()]
        if self.todo:
            lines.append(f"What to do: {self.todo}")
        return "\n".join(lines)
