"""A connection on an asyncio transport; both sides use it."""

from __future__ import annotations

import asyncio
from typing import Callable

from .._call import Call
from .._connection import Connection
from .._events import CallArrived, CallChanged, ConnectionEnded, Event
from .._pipeline import LINGER_SECONDS, Pipeline


class Endpoint(asyncio.Protocol):
    """Moves bytes between a socket and a pipeline, and wakes who waits for a call.

    TLS is the pipeline's own: asyncio's cannot end one direction only, which the protocol's
    orderly close needs.
    """

    def __init__(
        self,
        make: Callable[[float], Pipeline],
        on_call: Callable[[Endpoint, Call], None] | None = None,
        on_end: Callable[[Endpoint], None] | None = None,
    ) -> None:
        self._make = make
        self._on_call = on_call
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._waiters: dict[Call, list[asyncio.Future[None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_write_paused = False
        self._is_read_paused = False
        self._is_half_closed = False
        self.pipeline: Pipeline
        self.connection: Connection
        self.peer_name = ""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the socket is closed."""
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when no call is alive any more."""

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.peer_name = str(transport.get_extra_info("peername"))
        self.pipeline = self._make(self._loop.time())
        self.connection = self.pipeline.connection
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._tell(self.pipeline.receive(data, self._loop.time()))
        self.flush()

    def eof_received(self) -> bool:
        self._tell(self.pipeline.receive_eof())
        self.flush()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reason = str(error) if error else "the peer closed it"
        self._tell(self.pipeline.receive_eof(reason))
        if not self.closed.done():
            self.closed.set_result(None)
        if self._on_end is not None:
            self._on_end(self)

    def pause_writing(self) -> None:
        self._is_write_paused = True

    def resume_writing(self) -> None:
        self._is_write_paused = False
        self.flush()

    # The front ends' side.

    def flush(self) -> None:
        """After any change of the connection: writes, tells who waits, sets the clock."""
        self._tell(self.connection.take_events())
        while not self._is_write_paused:
            data = self.pipeline.output()
            if not data:
                break
            self._transport.write(data)
        self._tell(self.connection.take_events())
        self._pause_reading(not self.connection.wants_input)
        if self.pipeline.is_finished and not self._is_write_paused and not self._is_half_closed:
            self._is_half_closed = True
            if not self._transport.is_closing():
                self._transport.write_eof()
            self._set_timer(self._loop.time() + LINGER_SECONDS, self._transport.abort)
            return
        if not self._is_half_closed:
            self._set_timer(self.connection.next_timer(), self._on_timer)

    async def wait(self, call: Call) -> None:
        """Until something of the call has changed."""
        waiter = self._loop.create_future()
        waiters = self._waiters.setdefault(call, [])
        waiters.append(waiter)
        try:
            await waiter
        finally:
            waiters.remove(waiter)
            if not waiters and self._waiters.get(call) is waiters:
                del self._waiters[call]

    def close(self, reason: str) -> None:
        """Closes in order; open calls fail."""
        self.connection.close(reason)
        self.flush()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, CallArrived):
                if self._on_call is not None:
                    self._on_call(self, event.call)
            elif isinstance(event, CallChanged):
                for waiter in self._waiters.get(event.call, ()):
                    if not waiter.done():
                        waiter.set_result(None)
            elif isinstance(event, ConnectionEnded) and not self.ended.done():
                self.ended.set_result(None)

    def _pause_reading(self, paused: bool) -> None:
        if paused == self._is_read_paused or self._transport.is_closing():
            return
        self._is_read_paused = paused
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _set_timer(self, due: float | None, action: Callable[[], None]) -> None:
        if self._timer is not None:
            # A timer that is earlier than needed wakes once for nothing; that is cheaper than
            # setting it anew with every frame.
            if due is not None and self._timer.when() <= due and not self._is_half_closed:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None and not self.closed.done():
            self._timer = self._loop.call_at(due, action)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._loop.time()
        due = self.connection.next_timer()
        if due is not None and due <= now:
            self.connection.on_timer(now)
        self.flush()
