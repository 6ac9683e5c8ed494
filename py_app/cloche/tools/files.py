"""Reading the text files that are attached to a conversation, in pieces.

Owns which file is meant; what a file says was written by others.
"""

from __future__ import annotations

from ..attached import text_of_file
from ..store.store import Store
from .reading import LENGTH, Length, Start, piece
from .tool import FunctionTool, ToolFault, tool

NO_FILE = "No text file is attached to this conversation."
FILE_READ = "file_read"


def file_tools(store: Store, session_id: str) -> list[FunctionTool]:
    """The tool of one conversation."""

    @tool(access="read", outside=True)
    def file_read(name: str = "", start: Start = 0, length: Length = LENGTH) -> str:
        """Read an attached text file.

        Args:
            name: the name of the file; without one, the newest
            start: the character from which to read on
            length: how many characters to read
        """
        files = store.files.of_session(session_id)
        if not files:
            raise ToolFault(NO_FILE)
        wanted = name.strip().casefold()
        found = [file_id for file_id, known in files if known.casefold() == wanted or not wanted]
        if not found:
            raise ToolFault(f"There is no file '{name}'. Attached: {', '.join(known for _, known in files)}.")
        return piece(text_of_file(store.files.read(found[0]).data) or "", start, length)

    return [file_read]
