# An extension to keep: save it, then switch it on
from cloche.extensions import HookResult, tool


@tool(access="read")
def reverse(text: str) -> str:
    """Write a text backwards.

    Args:
        text: the text
    """
    return text[::-1]


def shorten(event, data):
    if len(data["output"]) > 2000:
        return HookResult(action="modify", data={**data, "output": data["output"][:2000] + " (cut)"})


def register_tools(register):
    register(reverse)


def register_hooks(register):
    register("tool:post", shorten)
