# Forbid a tool with a hook
from cloche.extensions import HookResult


def no_notes(event, data):
    if data["tool_name"].startswith("note_"):
        return HookResult(action="deny", reason="Notes are off while I test.")


allow_again = on("tool:pre", no_notes)

# Ask a conversation to note something now: the call is denied, whatever you answer. Then run: allow_again()
"Notes are off."
