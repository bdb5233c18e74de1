"""In what two protocols differ, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

_MOST, _LONGEST = 5, 50
_ABSENT = object()


def differences(first: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The keys of two runs' protocols that have other values, with both: `split.test is 0.2 and 0.3`.

    Args:
        first: what a run's `run.json` holds.
        other: likewise, of another run.
    """
    found = [f"{path} is {_said(one)} and {_said(two)}" for path, one, two in _apart(_protocol(first), _protocol(other), "")]
    if not found:
        return "what they write down of them is the same, so that they are of versions with other defaults"
    return "; ".join([*found[:_MOST], *([f"and {len(found) - _MOST} more"] if len(found) > _MOST else [])])


def _protocol(record: Mapping[str, Any]) -> Any:
    """With the defaults that it leaves to components, where the run has written them down."""
    return record.get("complete_configuration", record["configuration"]).get("protocol", {})


def _apart(one: Any, two: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        for key in sorted(one.keys() | two.keys()):
            yield from _apart(one.get(key, _ABSENT), two.get(key, _ABSENT), f"{path}.{key}" if path else key)
    elif _has_tables(one) and _has_tables(two):
        for place, (left, right) in enumerate(zip_longest(one, two, fillvalue=_ABSENT)):
            yield from _apart(left, right, f"{path}.{place}")
    elif one != two:
        yield path, one, two


def _has_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _said(value: Any) -> str:
    text = "not there" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
