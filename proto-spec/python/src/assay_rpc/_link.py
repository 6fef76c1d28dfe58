"""A connection on a socket, moved by one thread; any thread may use its calls."""

from __future__ import annotations

import selectors
import socket
import threading
import time

from ._call import Call
from ._connection import Connection
from ._errors import RPCError, StatusCode, runtime_error
from ._events import CallChanged, ConnectionEnded, Event
from ._phase import Phase, Role
from ._pipeline import LINGER_SECONDS, Pipeline
from ._request import parse_target
from ._settings import Settings
from ._tls import TLS, TLSLayer

_READ_BYTES = 256 << 10


class Link:
    """Everything of the connection is done under ``lock``. A caller's bytes go to the socket on
    its own thread as far as the socket takes them; the rest, and all that arrives, is the link's
    thread's."""

    def __init__(
        self,
        target: str,
        tls: TLS | None,
        settings: Settings,
        credential: str,
        connect_timeout: float,
    ) -> None:
        host, port = parse_target(target)
        self._socket = socket.create_connection((host, port), timeout=connect_timeout)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lock = threading.Lock()
        self.connection = Connection(
            Role.CLIENT, settings, now=time.monotonic(), credential=credential
        )
        layer = None
        if tls is not None:
            layer = TLSLayer(tls.context(), server_name=tls.server_name or host)
        self._pipeline = Pipeline(self.connection, layer)
        self._waiters: dict[Call, threading.Condition] = {}
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._planned: float | None = None
        self._is_write_blocked = False
        self._is_write_broken = False
        self._linger_until: float | None = None
        self.ended = threading.Event()
        """No call of the connection is alive any more."""
        self._thread = threading.Thread(target=self._run, name=f"assay {target}", daemon=True)
        self._thread.start()

    # Under the lock.

    @property
    def is_usable(self) -> bool:
        """Whether new calls may begin."""
        return self.connection.phase in (Phase.AWAITING_HELLO, Phase.OPEN)

    def flush(self) -> None:
        """After any change of the connection: writes, tells who waits."""
        self._tell(self.connection.take_events())
        self._write()
        self._tell(self.connection.take_events())
        due = self.connection.next_timer()
        is_earlier = due is not None and (self._planned is None or due < self._planned)
        if self._is_write_blocked or is_earlier or self.connection.wants_close:
            self._wake()

    def wait(self, call: Call) -> None:
        """Until something of the call has changed."""
        waiter = self._waiters.get(call)
        if waiter is None:
            waiter = self._waiters[call] = threading.Condition(self.lock)
        waiter.wait()

    def forget(self, call: Call) -> None:
        """Nobody waits for this call any more."""
        self._waiters.pop(call, None)

    def join(self) -> None:
        """After the connection was closed, not under the lock: until its socket is."""
        self._thread.join(LINGER_SECONDS + 1)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, CallChanged):
                waiter = self._waiters.get(event.call)
                if waiter is not None:
                    waiter.notify_all()
            elif isinstance(event, ConnectionEnded):
                self.ended.set()
                for waiter in self._waiters.values():
                    waiter.notify_all()

    def _write(self) -> None:
        self._is_write_blocked = False
        try:
            if self._is_write_broken:
                self.connection.output.clear()
            while data := self._pipeline.output():
                count = self._socket.send(data)
                if count < len(data):
                    self._pipeline.keep(data[count:])
        except BlockingIOError:
            self._pipeline.keep(data)
            self._is_write_blocked = True
            return
        except OSError:
            # What the peer said before it closed is still to be read: it explains the end.
            self._is_write_broken = True
            self.connection.output.clear()
        if self._pipeline.is_finished and self._linger_until is None:
            self._linger_until = time.monotonic() + LINGER_SECONDS
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                self._linger_until = 0.0  # Already gone: there is nothing to wait for.

    def _wake(self) -> None:
        if threading.current_thread() is self._thread:
            return
        try:
            self._wake_in.send(b"\0")
        except OSError:
            pass  # Full: it will wake anyway. Closed: it has ended.

    # The thread.

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._wake_out, selectors.EVENT_READ)
        selector.register(self._socket, selectors.EVENT_READ)
        try:
            while self._turn(selector):
                pass
        finally:
            selector.close()
            with self.lock:
                self._socket.close()
                self._wake_in.close()
                self._wake_out.close()

    def _turn(self, selector: selectors.BaseSelector) -> bool:
        """Waits once and does what is to be done; False when the connection is gone."""
        with self.lock:
            due = self._linger_until
            if due is None:
                due = self.connection.next_timer()
            self._planned = due
            wanted = selectors.EVENT_READ if self.connection.wants_input else 0
            if self._is_write_blocked:
                wanted |= selectors.EVENT_WRITE
        selector.modify(self._socket, wanted or selectors.EVENT_WRITE)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        ready = {key.fileobj: mask for key, mask in selector.select(timeout)}
        if self._wake_out in ready:
            self._wake_out.recv(4_096)
        data: bytes | None = None
        if ready.get(self._socket, 0) & selectors.EVENT_READ:
            data = self._read()
        with self.lock:
            return self._handle(data)

    def _read(self) -> bytes | None:
        try:
            return self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _handle(self, data: bytes | None) -> bool:
        now = time.monotonic()
        if data:
            self._tell(self._pipeline.receive(data, now))
        elif data is not None:
            self._tell(self._pipeline.receive_eof())
            self.flush()
            return False
        due = self.connection.next_timer()
        if due is not None and due <= now:
            self.connection.on_timer(now)
        self.flush()
        return self._linger_until is None or now < self._linger_until


def connect_error(target: str, error: Exception) -> RPCError:
    """A connection that could not be made: no handler has seen the call."""
    return runtime_error(
        StatusCode.UNAVAILABLE, f"cannot connect to {target}: {error}", not_processed=True
    )
