"""The protocol names (ALPN) that a TLS client offers.

Python's ``ssl`` goes on without a name when client and server have none in common; the protocol
wants such a handshake refused, and a client that offers no names at all let through.
"""

from __future__ import annotations

from collections.abc import Iterator

NO_APPLICATION_PROTOCOL = bytes((21, 3, 3, 0, 2, 2, 120))
"""The record of a fatal alert (RFC 7301, section 3.2)."""

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_ALPN_EXTENSION = 16
_LONGEST_HELLO_BYTES = 64 << 10


class Incomplete(Exception):
    """More bytes are needed."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) < count:
            raise Incomplete
        self._at += count
        return part

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        """Bytes behind their length."""
        return self.take(self.number(width))


def offered_protocols(data: bytes) -> list[bytes] | None:
    """The names in the ClientHello that ``data`` begins with; None if it offers none.

    Raises ``Incomplete`` while it has not arrived. What is no ClientHello offers none: to say what
    is wrong with it is for TLS itself.
    """
    hello = _client_hello(data)
    if hello is None:
        return None
    try:
        return next(_names(hello), None)
    except Incomplete:
        return None


def _client_hello(data: bytes) -> bytes | None:
    """Its body, of as many records as it takes (RFC 8446, sections 4 and 5.1)."""
    if len(data) > _LONGEST_HELLO_BYTES or data[:1] not in (b"", bytes((_HANDSHAKE_RECORD,))):
        return None
    records, handshake = _Reader(data), b""
    while len(handshake) < 4 or len(handshake) < 4 + int.from_bytes(handshake[1:4], "big"):
        if records.number(1) != _HANDSHAKE_RECORD:
            return None
        records.take(2)
        handshake += records.vector(2)
    return handshake[4:] if handshake[0] == _CLIENT_HELLO else None


def _names(hello: bytes) -> Iterator[list[bytes]]:
    fields = _Reader(hello)
    fields.take(2 + 32)  # version, random
    fields.vector(1)  # session id
    fields.vector(2)  # cipher suites
    fields.vector(1)  # compression methods
    extensions = _Reader(fields.vector(2))
    while not extensions.is_at_end:
        kind, content = extensions.number(2), _Reader(extensions.vector(2))
        if kind == _ALPN_EXTENSION:
            names, offered = _Reader(content.vector(2)), []
            while not names.is_at_end:
                offered.append(names.vector(1))
            yield offered
