"""Runs a piece of Python in a namespace: statements, top-level await, and the value of a last expression.

Owns compiling and running only; output, stopping and what an error looks like belong to console.py.
"""

from __future__ import annotations

import ast
import inspect
from types import CodeType
from typing import Any

from ..traces import remember

FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


async def run(code: str, namespace: dict[str, Any], filename: str) -> Any:
    """The value of the last expression; None when there is none, or a semicolon follows it. Raises what it raises."""
    remember(filename, code)
    tree = ast.parse(code, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    await _evaluate(compile(tree, filename, "exec", FLAGS, dont_inherit=True), namespace)
    if not isinstance(last, ast.Expr):
        return None
    expression = compile(ast.Expression(last.value), filename, "eval", FLAGS, dont_inherit=True)
    value = await _evaluate(expression, namespace)
    return None if code.rstrip().endswith(";") else value


async def _evaluate(code: CodeType, namespace: dict[str, Any]) -> Any:
    value = eval(code, namespace)  # noqa: S307 - running a person's own code is what this is for
    return await value if code.co_flags & inspect.CO_COROUTINE else value
