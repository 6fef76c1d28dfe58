"""Bytes that wait to be written."""

from __future__ import annotations

from collections import deque

from ._frames import encode_frame


class Output:
    """Frames in order; whoever moves the bytes takes them in pieces."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self.size = 0

    def add(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        """Adds a frame."""
        data = encode_frame(kind, flags, stream, payload)
        self._chunks.append(data)
        self.size += len(data)

    def take(self, limit: int) -> bytes:
        """Whole frames up to about ``limit`` bytes, at least one if there is any."""
        taken: list[bytes] = []
        size = 0
        while self._chunks and (not taken or size + len(self._chunks[0]) <= limit):
            chunk = self._chunks.popleft()
            taken.append(chunk)
            size += len(chunk)
        self.size -= size
        return b"".join(taken)

    def clear(self) -> None:
        """Forgets what nobody will read."""
        self._chunks.clear()
        self.size = 0
