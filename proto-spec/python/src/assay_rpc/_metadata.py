"""A call's metadata: lower-case ASCII keys, values of bytes, in order; keys may repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Union

Metadata = tuple[tuple[str, bytes], ...]
MetadataLike = Union[Mapping[str, Union[str, bytes]], Iterable[tuple[str, Union[str, bytes]]], None]

_KEY = re.compile(r"[a-z0-9_.\-]+\Z")


def make_metadata(entries: MetadataLike) -> Metadata:
    """Pairs of what a caller gave: a mapping, or pairs; text becomes UTF-8."""
    if entries is None:
        return ()
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    made = []
    for key, value in pairs:
        if not _KEY.match(key):
            raise ValueError(f"metadata key {key!r}: expected lower-case letters, digits, '_-.'")
        made.append((key, value.encode() if isinstance(value, str) else bytes(value)))
    return tuple(made)


def first(metadata: Metadata, key: str) -> bytes | None:
    """The first value of a key; None if there is none."""
    return next((value for name, value in metadata if name == key), None)
