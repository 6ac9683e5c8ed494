"""Names of the capabilities that a model can declare.

Owns the 16 well-known constants. Any other string is a capability as well; these
are only the ones that modules agree on.
"""

from typing import Final

TOOLS: Final = "tools"
STREAMING: Final = "streaming"
THINKING: Final = "thinking"
VISION: Final = "vision"
JSON_MODE: Final = "json_mode"
FAST: Final = "fast"
CODE_EXECUTION: Final = "code_execution"
WEB_SEARCH: Final = "web_search"
DEEP_RESEARCH: Final = "deep_research"
LOCAL: Final = "local"
AUDIO: Final = "audio"
IMAGE_GENERATION: Final = "image_generation"
COMPUTER_USE: Final = "computer_use"
EMBEDDINGS: Final = "embeddings"
LONG_CONTEXT: Final = "long_context"
BATCH: Final = "batch"

ALL_WELL_KNOWN_CAPABILITIES: Final[list[str]] = [
    TOOLS,
    STREAMING,
    THINKING,
    VISION,
    JSON_MODE,
    FAST,
    CODE_EXECUTION,
    WEB_SEARCH,
    DEEP_RESEARCH,
    LOCAL,
    AUDIO,
    IMAGE_GENERATION,
    COMPUTER_USE,
    EMBEDDINGS,
    LONG_CONTEXT,
    BATCH,
]
