"""Calls on a live connection, client side."""

from __future__ import annotations

import asyncio
import collections
import time

from google.protobuf.message import DecodeError

from .events import CreditReceived, Ended, GoawayReceived, MessageReceived, Opened, Pong
from .method import Method, serialize
from .status import StatusCode, StatusError
from .transport import Transport


class Call:
    """One call: messages out, messages in, an end.

    `async with` it; iterate for the messages; leaving before the end cancels it.
    """

    def __init__(self, method: Method, start):
        self.method = method
        #: What came with the answer, a list of (key, bytes); complete when the call has ended.
        self.metadata: list = []
        self._start = start
        self._link: Link | None = None
        self._stream = 0
        self._inbox: collections.deque[MessageReceived] = collections.deque()
        self._is_over = False
        self._error: StatusError | None = None
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "Call":
        if self._start:
            await self._start(self)
        return self

    async def __aexit__(self, *_) -> None:
        self.cancel("the caller left")
        while self._inbox:
            self._take()

    def __aiter__(self) -> "Call":
        return self

    async def __anext__(self):
        message = await self.next()
        if message is None:
            raise StopAsyncIteration
        return message

    async def next(self):
        """The next message; None at the end. Messages that arrived come before the failure."""
        while not self._inbox:
            if self._error:
                raise self._error
            if self._is_over:
                return None
            await self._change()
        return self._parse(self._take())

    async def result(self):
        """The one message of the answer."""
        while not self._is_over:
            await self._change()
        if self._error:
            raise self._error
        if len(self._inbox) != 1:
            raise StatusError(
                StatusCode.INTERNAL,
                f"{self.method.name}: the answer has {len(self._inbox)} messages, expected 1")
        return self._parse(self._take())

    async def send(self, message) -> None:
        """Sends one message; waits while the peer gives no credit."""
        data = serialize(message)
        if self._is_over:
            raise self._error or StatusError(StatusCode.CANCELLED, "the call is over")
        connection = self._link.connection
        connection.check_size(len(data), self.method.name)
        connection.send_message(self._stream, data)
        self._link.flush()
        while not self._is_over and connection.streams[self._stream].unsent:
            await self._change()
        if self._error:
            raise self._error
        await self._link.drained()

    def finish_sending(self) -> None:
        """Says that no more messages follow."""
        if not self._is_over:
            self._link.connection.half_close(self._stream)
            self._link.flush()

    def cancel(self, reason: str = "") -> None:
        """Ends the call at once; nothing if it is over."""
        self._leave(StatusError(StatusCode.CANCELLED, reason or "the call was cancelled"))

    # Of the link

    def begun(self, link: "Link", stream: int, deadline: float | None) -> None:
        self._link = link
        self._stream = stream
        if deadline is not None:
            left = max(0.0, deadline - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(left, self._deadline_passed)

    def received(self, event: MessageReceived) -> None:
        self._inbox.append(event)
        self._changed.set()

    def credit(self) -> None:
        self._changed.set()

    def ended(self, error: StatusError | None, metadata: list) -> None:
        self._is_over = True
        self._error = self._error or error
        self.metadata = metadata
        if self._timer:
            self._timer.cancel()
        self._changed.set()

    def _deadline_passed(self) -> None:
        self._leave(StatusError(
            StatusCode.DEADLINE_EXCEEDED,
            f"{self.method.name}: deadline exceeded, waiting for {self._link.peer_name}"))

    def _leave(self, error: StatusError) -> None:
        if self._is_over:
            return
        if self._link:
            self._link.leave(self._stream, error.message)
        self.ended(error, [])

    async def _change(self) -> None:
        self._changed.clear()
        try:
            await self._changed.wait()
        except asyncio.CancelledError:
            self.cancel("the caller's task was cancelled")
            raise

    def _take(self) -> bytes:
        event = self._inbox.popleft()
        self._link.connection.taken(self._stream, event.owed)
        self._link.flush()
        return event.data

    def _parse(self, data: bytes):
        try:
            return self.method.parse(data)
        except DecodeError as error:
            raise StatusError(
                StatusCode.INTERNAL, f"{self.method.name}: malformed answer: {error}") from error


class Link(Transport):
    """A client's connection and the calls on it."""

    def __init__(self, *arguments):
        self._calls: dict[int, Call] = {}
        self._closed: StatusError | None = None
        self._hello: asyncio.Future = asyncio.get_running_loop().create_future()
        self._slot = asyncio.Event()
        self._pongs: dict[int, asyncio.Future] = {}
        self._next_ping = 1 << 32
        super().__init__(*arguments)

    @property
    def is_usable(self) -> bool:
        return not self.connection.is_draining

    async def opened(self) -> None:
        """Returns when the server has said HELLO."""
        await self._hello

    async def ping(self) -> None:
        self._next_ping += 1
        pong = self._pongs[self._next_ping] = asyncio.get_running_loop().create_future()
        self.connection.ping(self._next_ping)
        self.flush()
        await pong

    async def begin(self, call: Call, request, message, end_stream: bool, deadline) -> None:
        """Opens a call, when the peer's limit of concurrent calls allows."""
        while not self.connection.can_open:
            if not self.is_usable:
                raise self._closed or StatusError.unprocessed(
                    StatusCode.UNAVAILABLE, f"{self.peer_name} is draining")
            self._slot.clear()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                await asyncio.wait_for(self._slot.wait(), left)
            except asyncio.TimeoutError:
                raise StatusError(
                    StatusCode.DEADLINE_EXCEEDED,
                    f"{request.method}: deadline exceeded waiting for a free stream") from None
        if deadline is not None:
            request.timeout_microseconds = max(1, int((deadline - time.monotonic()) * 1e6))
        number = self.connection.open(request, message, end_stream)
        self._calls[number] = call
        call.begun(self, number, deadline)
        self.flush()

    def leave(self, stream: int, reason: str) -> None:
        self._calls.pop(stream, None)
        self.connection.cancel(stream, reason)
        self._slot.set()
        self.flush()

    def handle(self, event) -> None:
        if isinstance(event, MessageReceived):
            self._calls[event.stream].received(event)
        elif isinstance(event, Ended):
            self._calls.pop(event.stream).ended(event.error, event.metadata)
            self._slot.set()
        elif isinstance(event, CreditReceived):
            for call in self._calls.values():
                call.credit()
        elif isinstance(event, GoawayReceived):
            self._goaway(event)
        elif isinstance(event, Opened):
            if not self._hello.done():
                self._hello.set_result(None)
        elif isinstance(event, Pong):
            pong = self._pongs.pop(event.opaque, None)
            if pong and not pong.done():
                pong.set_result(None)

    def _goaway(self, event: GoawayReceived) -> None:
        if event.code:
            self.close_reason = event.message  # [G2]
        for stream in event.refused:  # [G1]
            error = StatusError.unprocessed(
                StatusCode.UNAVAILABLE, f"{self.peer_name} is draining")
            self._calls.pop(stream).ended(error, [])
        self._slot.set()

    def lost(self, reason: str) -> None:
        message = f"connection to {self.peer_name} lost: {reason}"
        self._closed = StatusError.unprocessed(StatusCode.UNAVAILABLE, message)
        if not self._hello.done():
            self._hello.set_exception(ConnectionError(reason))
            self._hello.exception()  # read here, so that nobody is told it was not
        # Whether an open call was processed is not known [G3].
        for call in self._calls.values():
            call.ended(StatusError(StatusCode.UNAVAILABLE, message), [])
        self._calls.clear()
        self._slot.set()
