"""Running the cleanup functions that modules left behind.

Owns the order (last registered, first run), the choice of what is callable and the
rule that no failure stops the others. Coordinator and session both clean up.
"""

import inspect
import logging
from collections.abc import Callable
from typing import Any

from . import describe, owned_task


def callables(functions: list[Any]) -> list[Callable[[], Any]]:
    """What can be called, in the order in which it has to run."""
    return [function for function in reversed(functions) if callable(function)]


async def run(functions: list[Callable[[], Any]], logger: logging.Logger) -> list[BaseException]:
    """Run them one after the other; what they raise is logged and returned."""
    errors: list[BaseException] = []
    for function in functions:
        try:
            answer = function()
        except BaseException as error:
            logger.error("Error during cleanup: %s", describe.error(error))
            errors.append(error)
            continue
        if inspect.iscoroutine(answer):
            outcome = await owned_task.finish(answer)
            if outcome.error is not None:
                logger.error("Error during cleanup: %s", describe.error(outcome.error))
                errors.append(outcome.error)
    return errors
