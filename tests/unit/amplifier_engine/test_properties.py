"""Whatever chain of handlers runs over whatever data, both engines end up the same.

The examples are the same in every run. Where there is no native engine, the recorded
chains of `scenarios.generated` take this place.
"""

import asyncio
import json
import logging
import warnings
from typing import Any

from tests.unit.amplifier_engine import engines
from tests.unit.amplifier_engine.chains import Step, run
from tests.unit.amplifier_engine.observer import LogLines, Observer

if engines.NATIVE is not None:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    _same_in_every_run = settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=200,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )

    _texts = st.text(max_size=12) | st.sampled_from(["\ud800", "a\udc00", "\ud83d\ude00", "\\ud800", '"', "NaN"])
    _scalars = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.sampled_from([2**64, 2**70, -(2**63) - 1])
        | st.floats(width=32)
        | _texts
        | st.binary(max_size=4)
        | st.decimals(allow_nan=True, places=2)
        | st.datetimes()
        | st.sets(st.integers(), max_size=1)
    )
    _keys = _texts | st.integers() | st.booleans() | st.none()
    _values = st.recursive(
        _scalars,
        lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(_keys, inner, max_size=4),
        max_leaves=12,
    )
    _payloads = st.dictionaries(_texts, _values, max_size=5)

    _items = st.fixed_dictionaries(
        {"content": _texts},
        optional={
            "role": st.sampled_from(["system", "user", "assistant", "tool"]),
            "ephemeral": st.booleans(),
            "append_to_last_tool_result": st.booleans(),
            "hook_name": _texts,
        },
    )
    _fields = st.fixed_dictionaries(
        {"action": st.sampled_from(["continue", "deny", "modify", "inject_context", "ask_user"])},
        optional={
            "data": st.none() | _payloads,
            "reason": st.none() | _texts,
            "context_injection": st.none() | _texts,
            "context_injection_role": st.sampled_from(["system", "user", "assistant"]),
            "context_injections": st.lists(_items, max_size=3),
            "ephemeral": st.booleans(),
            "append_to_last_tool_result": st.booleans(),
            "suppress_output": st.booleans(),
            "user_message": st.none() | _texts,
            "user_message_level": st.sampled_from(["info", "warning", "error"]),
            "approval_timeout": st.floats(width=16) | st.integers(-5, 10**20),
        },
    )
    # Mostly sound answers, sometimes with one field that may hold anything.
    _names = st.sampled_from(["action", "reason", "ephemeral", "data", "approval_timeout", "more"])
    _spoiled = st.tuples(_fields, _names, _values).map(lambda parts: {**parts[0], parts[1]: parts[2]})
    _answers = st.none() | _fields | _fields | _fields | _spoiled | _values
    _errors = st.sampled_from([None, None, None, None, ValueError("v"), asyncio.CancelledError("c"), KeyError("k")])
    _steps = st.lists(
        st.builds(Step, answer=_answers, error=_errors, priority=st.integers(-2, 2), waits=st.booleans()), max_size=5
    )

    def _seen(engine: engines.Engine, data: Any, steps: list[Step], defaults: dict[str, Any] | None) -> Any:
        observer = Observer()
        lines = LogLines(observer)
        logging.getLogger().addHandler(lines)
        try:
            with engine.use() as core, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                asyncio.run(run(core, observer, data, steps, defaults))
        finally:
            logging.getLogger().removeHandler(lines)
        # Of several faults in one broken answer the engines may name different ones.
        return json.loads(json.dumps([seen[0] if seen[0].startswith("log") else seen for seen in observer.seen]))

    def _same(data: Any, steps: list[Step], defaults: dict[str, Any] | None = None) -> None:
        assert engines.NATIVE is not None
        assert _seen(engines.OURS, data, steps, defaults) == _seen(engines.NATIVE, data, steps, defaults)

    @_same_in_every_run
    @given(_payloads, _steps)
    def test_chains_end_the_same(data: dict[str, Any], steps: list[Step]) -> None:
        _same(data, steps)

    @_same_in_every_run
    @given(_values)
    def test_any_data_arrives_the_same(data: Any) -> None:
        _same(data, [Step(), Step(answer={"action": "modify", "data": {"v": data}}), Step()])

    @_same_in_every_run
    @given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), _values, max_size=4), _payloads)
    def test_defaults_are_laid_under_the_same(defaults: dict[str, Any], data: dict[str, Any]) -> None:
        _same(data, [Step()], defaults)
