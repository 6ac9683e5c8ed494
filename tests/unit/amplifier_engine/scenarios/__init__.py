"""Scripted scenarios that run on both engines.

Each is a function `(core, see)`: `core` is the amplifier_core package under test and
`see` takes down what happens. A scenario asserts nothing; the observations of the two
engines are compared.
"""

import inspect

from tests.unit.amplifier_engine.scenarios import (
    approvals,
    cancellation,
    coordinators,
    generated,
    hook_answers,
    hook_order,
    hook_tasks,
    injections,
    modules,
    payloads,
    retries,
    session_failures,
    sessions,
    tool_results,
)

SCENARIOS = {
    f"{part.__name__.rpartition('.')[2]}.{name}": function
    for part in (
        approvals,
        cancellation,
        coordinators,
        generated,
        hook_answers,
        hook_order,
        hook_tasks,
        injections,
        modules,
        payloads,
        retries,
        session_failures,
        sessions,
        tool_results,
    )
    for name, function in vars(part).items()
    if inspect.isfunction(function)
    and function.__module__ == part.__name__
    and [*inspect.signature(function).parameters] == ["core", "see"]
}
