"""What the kernel reads from a session's configuration.

Owns the two required entries, the metadata for life-cycle events and the limits on
injections. Everything else in it is read by the package's own `_session_init`.
"""

import logging
from typing import Any

from . import arguments, describe, payload
from .payload import JsonError

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("_engine.coordinator")


def metadata(config: dict[str, Any]) -> dict[str, Any]:
    """Check a configuration and return the metadata its events carry."""
    if not config:
        raise ValueError("Configuration is required")
    section = config.get("session")
    if "session" in config:
        arguments.dictionary(section)
    for name in ("orchestrator", "context"):
        if section is None or section.get(name) is None:
            raise ValueError(f"Configuration must specify session.{name}")
    try:
        plain = payload.canonical(config)
    except JsonError as fault:
        raise RuntimeError(f"Invalid config JSON: {fault}") from None
    found = plain["session"].get("metadata")
    return {"metadata": found} if found else {}


def check(config: Any) -> None:
    """Warn of a configuration that is no JSON object; a coordinator lives with it."""
    try:
        value = payload.canonical(payload.dumped(config))
        reason = "" if isinstance(value, dict) else f"invalid type: {describe.kind(value)}, expected a map"
    except JsonError as fault:
        reason = str(fault)
    if reason:
        logger.warning("Failed to parse session config as JSON object (using empty config): %s", reason)


def policy(config: Any, name: str) -> Any:
    """A limit from the session's section, or None."""
    section = config.get("session")
    return None if section is None else section.get(name)
