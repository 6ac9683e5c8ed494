# Write a tool and mount it at once
from cloche.extensions import tool


@tools.mount
@tool(access="read")  # it only reads, so it runs without asking; the default asks first
def word_count(text: str) -> int:
    """Count the words of a text.

    Args:
        text: the text
    """
    return len(text.split())


# Every conversation offers it to its model from now on, until this tab closes. You can call it, too:
await tools.call("word_count", text="one two three")
