"""Frames: twelve bytes of header, little-endian, and a payload."""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

HEADER_BYTES = 12
MAGIC = b"ASSAY\r\n\0"
#: What a HELLO may be at most, checked before its own limits are known.
MAXIMUM_HELLO_BYTES = 16_384
MIN_VERSION = MAX_VERSION = 1
APPLICATION_PROTOCOL = "assay/1"

_HEADER = struct.Struct("<IBBHI")


class ProtocolViolation(Exception):
    """The peer did what the protocol forbids; the connection ends."""


class Kind(enum.IntEnum):
    HELLO = 1
    REQUEST = 2
    RESPONSE = 3
    MESSAGE = 4
    STATUS = 5
    CANCEL = 6
    CREDIT = 7
    PING = 8
    GOAWAY = 9


class Flag(enum.IntFlag):
    #: The sender's last frame of the stream.
    END_STREAM = 0x01
    #: The message continues in the next MESSAGE of the stream.
    MORE = 0x02
    #: No message, only END_STREAM.
    EMPTY = 0x04
    #: The echo of a PING.
    ACK = 0x08


class Frame(NamedTuple):
    kind: Kind
    flags: int
    stream: int
    payload: bytes

    def encode(self) -> bytes:
        return _HEADER.pack(len(self.payload), self.kind, self.flags, 0, self.stream) + self.payload


class FrameReader:
    """Cuts a stream of bytes into frames, wherever the bytes were cut."""

    def __init__(self, limit: int = MAXIMUM_HELLO_BYTES):
        self.limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Frame | None:
        """The next whole frame, or None. Raises before a payload over the limit is waited for."""
        if len(self._buffer) < HEADER_BYTES:
            return None
        size, kind, flags, reserved, stream = _HEADER.unpack_from(self._buffer)
        if reserved != 0:
            raise ProtocolViolation(f"the reserved bytes of a frame header are {reserved}, expected 0")
        if not Kind.HELLO <= kind <= Kind.GOAWAY:
            raise ProtocolViolation(f"frame kind {kind} is unknown, expected 1 to 9")
        if size > self.limit:
            raise ProtocolViolation(
                f"a frame announces {size} bytes of payload, more than the limit of {self.limit}"
            )
        if len(self._buffer) < HEADER_BYTES + size:
            return None
        payload = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + size])
        del self._buffer[: HEADER_BYTES + size]
        return Frame(Kind(kind), flags, stream, payload)
