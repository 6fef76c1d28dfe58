"""A connection with or without TLS under it: what the front ends move bytes for."""

from __future__ import annotations

import ssl

from ._connection import Connection
from ._errors import StatusCode, runtime_error
from ._events import Event
from ._tls import TLSLayer

LINGER_SECONDS = 2.0
"""How long what still arrives is dropped after this side's direction has ended [G5]."""


class Pipeline:
    """Bytes of the socket in and out; everything else is the connection's."""

    def __init__(self, connection: Connection, tls: TLSLayer | None = None) -> None:
        self.connection = connection
        self.tls = tls
        self._pending = b""
        if tls is not None:
            try:
                tls.handshake()
            except ssl.SSLError as error:
                self._fail(tls, error)

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Bytes of the socket."""
        if self.tls is not None and not self.connection.wants_close:
            try:
                data = self.tls.decrypt(data)
            except ssl.SSLError as error:
                self._fail(self.tls, error)
                return self.connection.take_events()
        self.connection.receive(data, now)
        return self.connection.take_events()

    def receive_eof(self, reason: str = "the peer closed it") -> list[Event]:
        """The socket's end."""
        self.connection.receive_eof(reason)
        return self.connection.take_events()

    def output(self) -> bytes:
        """Bytes for the socket: what ``keep`` kept, then new ones."""
        if self._pending:
            pending, self._pending = self._pending, b""
            return pending
        if self.tls is None:
            return self.connection.take_output()
        if self.tls.is_ready:
            plain = self.connection.take_output()
            if plain:
                self.tls.encrypt(plain)
        if self.connection.wants_close and not self._has_plain_output:
            self.tls.shut()
        return self.tls.take_output()

    def keep(self, data: bytes) -> None:
        """What the socket did not take."""
        self._pending = data

    @property
    def _has_plain_output(self) -> bool:
        # Before the handshake nothing can be sent: what waits is lost with the connection.
        can_send = self.tls is None or self.tls.is_ready
        return can_send and self.connection.has_output

    @property
    def is_finished(self) -> bool:
        """Ask when ``output`` gave nothing: whether to end this side's direction now."""
        return self.connection.wants_close and not self._pending and not self._has_plain_output

    def _fail(self, tls: TLSLayer, error: ssl.SSLError) -> None:
        reason = (
            getattr(error, "verify_message", None) or getattr(error, "reason", None) or str(error)
        )
        self.connection.close_error = runtime_error(
            StatusCode.UNAVAILABLE, f"TLS failed: {reason}", not_processed=not tls.is_ready
        )
        self.connection.close()
