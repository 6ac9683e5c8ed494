"""The rules of the mount points.

Owns which points take one module, which take modules by name, and the wording when
something does not fit. The dict itself belongs to the coordinator and may be changed
by anybody who holds it, so every rule looks at the dict as it is.
"""

from typing import Any

from . import arguments

_SINGLE = ("orchestrator", "context", "module-source-resolver")
_NAMED = ("providers", "tools")


def empty(hooks: Any) -> dict[str, Any]:
    """The mount points of a new session."""
    return {
        "orchestrator": None,
        "providers": {},
        "tools": {},
        "context": None,
        "hooks": hooks,
        "module-source-resolver": None,
    }


def mount(points: dict[str, Any], point: str, module: Any, name: str | None) -> None:
    """Put a module in its place."""
    point = _known(points, point)
    name = arguments.optional_text(name)
    if point == "hooks":
        raise ValueError("Hooks should be registered directly with the HookRegistry")
    if point in _SINGLE:
        points[point] = module
    elif point in _NAMED:
        if name is None:
            if not hasattr(module, "name"):
                raise ValueError(f"Name required for {point}")
            name = arguments.text(module.name)
        points[point][name] = module


def unmount(points: dict[str, Any], point: str, name: str | None) -> None:
    """Take a module out of its place, if it is there."""
    point = _known(points, point)
    name = arguments.optional_text(name)
    if point in _SINGLE:
        points[point] = None
    elif point in _NAMED:
        if name is None:
            raise ValueError(f"Name required to unmount from {point}")
        arguments.dictionary(points[point]).pop(name, None)


def get(points: dict[str, Any], point: str, name: str | None) -> Any:
    """A mounted module, or all of a kind, or None."""
    point = _known(points, point)
    name = arguments.optional_text(name)
    if point in _NAMED:
        modules = points[point]
        return modules if name is None else arguments.dictionary(modules).get(name)
    return points[point] if point in _SINGLE or point == "hooks" else None


def overview(points: dict[str, Any]) -> dict[str, Any]:
    """Names of the tools and providers, and whether the two required modules are there."""
    return {
        "tools": list(_required(points, "tools")),
        "providers": list(_required(points, "providers")),
        "has_orchestrator": _required(points, "orchestrator") is not None,
        "has_context": _required(points, "context") is not None,
    }


def _known(points: dict[str, Any], point: str) -> str:
    point = arguments.text(point)
    if point not in points:
        raise ValueError(f"Unknown mount point: {point}")
    return point


def _required(points: dict[str, Any], point: str) -> Any:
    if point not in points:
        raise RuntimeError(f"mount_points missing '{point}'")
    return points[point]
