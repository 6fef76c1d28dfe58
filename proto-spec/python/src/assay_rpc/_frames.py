"""Frames: a header of twelve bytes, little-endian, and a payload."""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

from ._errors import ProtocolViolation

MAGIC = b"ASSAY\r\n\x00"
ALPN = "assay/1"
MIN_VERSION = 1
MAX_VERSION = 1
HEADER_BYTES = 12
FRAME_BYTES_BEFORE_HELLO = 16_384
"""Largest payload before the receiver's HELLO."""

_HEADER = struct.Struct("<IBBHI")


class Kind(enum.IntEnum):
    """What a frame carries."""

    HELLO = 1
    REQUEST = 2
    RESPONSE = 3
    MESSAGE = 4
    STATUS = 5
    CANCEL = 6
    CREDIT = 7
    PING = 8
    GOAWAY = 9


END_STREAM = 0x01
"""The sender's last frame of the stream."""
MORE = 0x02
"""MESSAGE: the message continues in the next MESSAGE of the stream."""
EMPTY = 0x04
"""MESSAGE: no message, only END_STREAM."""
ACK = 0x08
"""PING: this is the echo."""

_KINDS = {int(kind): kind for kind in Kind}


class Frame(NamedTuple):
    """One frame as it arrived. Flags that have no name are kept, and ignored."""

    kind: Kind
    flags: int
    stream: int
    payload: bytes


def encode_frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame."""
    return _HEADER.pack(len(payload), kind, flags, 0, stream) + payload


class FrameReader:
    """Cuts a stream of bytes, which arrive in any pieces, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0

    def feed(self, data: bytes) -> None:
        """Takes more bytes."""
        if self._position:
            del self._buffer[: self._position]
            self._position = 0
        self._buffer += data

    @property
    def has_partial_frame(self) -> bool:
        """Whether a frame has begun to arrive and is not complete."""
        return len(self._buffer) > self._position

    def next_frame(self, limit: int) -> Frame | None:
        """The next whole frame; None while it is not complete.

        ``limit`` is the largest payload that this side accepts. Raises ``ProtocolViolation`` as
        soon as the header shows that no frame can follow.
        """
        start = self._position
        if len(self._buffer) - start < HEADER_BYTES:
            return None
        size, kind, flags, reserved, stream = _HEADER.unpack_from(self._buffer, start)
        if reserved != 0:
            raise ProtocolViolation("F1", f"the reserved bytes of a header are {reserved}, not 0")
        if kind not in _KINDS:
            raise ProtocolViolation("F2", f"frame kind {kind} is unknown, expected 1 to 9")
        if size > limit:
            raise ProtocolViolation("F3", f"a frame of {size} bytes, over the limit of {limit}")
        end = start + HEADER_BYTES + size
        if len(self._buffer) < end:
            return None
        payload = bytes(memoryview(self._buffer)[start + HEADER_BYTES : end])
        self._position = end
        return Frame(_KINDS[kind], flags, stream, payload)
