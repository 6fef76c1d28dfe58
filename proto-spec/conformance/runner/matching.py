"""Whether what happened is what a case expects."""

from __future__ import annotations

from typing import Any

from .schemas import to_bytes


def mismatches(expected: Any, actual: Any, place: str = "") -> list[str]:
    """What differs, in words; empty if all that is expected is there.

    A table must hold the expected keys, others do not matter; a list must have the same length.
    Tables whose keys begin with a dollar are conditions: $min, $max, $contains, $length,
    $present, $one_of.
    """
    if isinstance(actual, bytes) and _is_bytes(expected):
        expected = to_bytes(expected)
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        return _conditions(expected, actual, place)
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return [f"{place}: expected {expected}, got {_shown(actual)}"]
        found = []
        for key, value in expected.items():
            if key not in actual:
                found.append(f"{place}.{key}: expected {_shown(value)}, got nothing")
            else:
                found += mismatches(value, actual[key], f"{place}.{key}")
        return found
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f"{place}: expected {len(expected)} elements, got {_shown(actual)}"]
        return [
            line
            for index, (want, have) in enumerate(zip(expected, actual))
            for line in mismatches(want, have, f"{place}[{index}]")
        ]
    if expected != actual:
        return [f"{place}: expected {_shown(expected)}, got {_shown(actual)}"]
    return []


def _is_bytes(expected: Any) -> bool:
    return isinstance(expected, str) or isinstance(expected, dict) and "filler" in expected


def _conditions(expected: dict[str, Any], actual: Any, place: str) -> list[str]:
    tests = {
        "$min": lambda bound: actual >= bound,
        "$max": lambda bound: actual <= bound,
        "$contains": lambda part: part in actual,
        "$present": lambda wanted: bool(actual) == wanted,
        "$length": lambda size: len(actual) == size,
        "$one_of": lambda choices: any(not mismatches(choice, actual) for choice in choices),
    }
    return [
        f"{place}: expected {key} {_shown(value)}, got {_shown(actual)}"
        for key, value in expected.items()
        if not tests[key](value)
    ]


def _shown(value: Any) -> str:
    if isinstance(value, bytes) and len(value) > 40:
        return f"{len(value)} bytes {value[:16].hex()}…"
    text = repr(value)
    return text if len(text) <= 300 else text[:300] + "…"
