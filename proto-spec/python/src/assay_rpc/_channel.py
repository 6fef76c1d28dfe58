"""The client for threads: every method waits, any thread may call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

from google.protobuf.message import Message

from ._call import Call
from ._errors import RPCError, StatusCode, runtime_error
from ._link import Link, connect_error
from ._messages import parse_answer
from ._metadata import Metadata, MetadataLike
from ._request import UNARY_TIMEOUT_SECONDS, make_request, may_try_again
from ._settings import Settings
from ._tls import TLS

Response = TypeVar("Response", bound=Message)

CONNECT_TIMEOUT_SECONDS = 10.0


class ClientCall(Generic[Response]):
    """One call under way: send and receive messages in any order, from any threads.

    Use it in a ``with`` block: leaving the block cancels a call that is not over.
    """

    def __init__(self, link: Link, call: Call, response: type[Response]) -> None:
        self._link = link
        self._call = call
        self._response = response

    def send(self, message: Message) -> None:
        """Sends a message; returns when all of it had credit. Raises the call's ``RPCError``."""
        with self._link.lock:
            self._call.send(message.SerializeToString())
            self._link.flush()
            self._wait_sent()

    def half_close(self) -> None:
        """No more messages follow."""
        with self._link.lock:
            self._call.half_close()
            self._link.flush()
            if not self._call.is_over:
                self._wait_sent()

    def receive(self) -> Response | None:
        """The next message; None when the peer has ended the call with success."""
        with self._link.lock:
            while True:
                data = self._call.take()
                if data is not None:
                    self._link.flush()
                    break
                if self._call.failure is not None:
                    self._link.forget(self._call)
                    raise self._call.failure
                if self._call.is_inbound_ended:
                    self._link.forget(self._call)
                    return None
                self._link.wait(self._call)
        return parse_answer(self._response, data)

    def __iter__(self) -> Iterator[Response]:
        while (message := self.receive()) is not None:
            yield message

    def single(self) -> Response:
        """The one message of an answer; raises ``RPCError`` if the call fails."""
        message = self.receive()
        if message is None or self.receive() is not None:
            raise RPCError(
                StatusCode.INTERNAL, f"{self._call.method}: the answer is not exactly one message"
            )
        return message

    @property
    def metadata(self) -> Metadata:
        """What came with the answer, once the call is over."""
        return self._call.metadata

    @property
    def is_over(self) -> bool:
        """Whether the call has ended, in success or failure."""
        return self._call.is_over

    @property
    def has_met_peer(self) -> bool:
        """Whether the server has said HELLO on the call's connection."""
        return self._call.connection.peer is not None

    def cancel(self, reason: str = "cancelled by the caller") -> None:
        """Leaves the call: whoever waits for it gets CANCELLED. Nothing if it is over."""
        with self._link.lock:
            error = runtime_error(StatusCode.CANCELLED, f"{self._call.method}: {reason}")
            self._call.cancel(error)
            self._link.flush()
            self._link.forget(self._call)

    def close(self) -> None:
        """Gives back what nobody will read; cancels the call if it is not over."""
        self.cancel()
        with self._link.lock:
            self._call.abandon()
            self._link.flush()

    def __enter__(self) -> ClientCall[Response]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_sent(self) -> None:
        while self._call.outbox and not self._call.is_over:
            self._link.wait(self._call)
        if self._call.failure is not None:
            raise self._call.failure


class Channel:
    """A connection to one server, made when a call needs it and made anew when it is lost."""

    def __init__(
        self,
        target: str,
        *,
        tls: TLS | None = None,
        credential: str = "",
        settings: Settings = Settings(),
        connect_timeout: float = CONNECT_TIMEOUT_SECONDS,
    ) -> None:
        """``target`` is "host:port". ``credential`` (an API key or a token) is sent in HELLO and
        stands for every call that brings none of its own."""
        self.target = target
        self._tls = tls
        self._credential = credential
        self._settings = settings
        self._connect_timeout = connect_timeout
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._is_closed = False

    def unary(self, method: str, request: Message, response: type[Response], **options) -> Response:
        """One message each way. Options: ``timeout`` in seconds (30 unless said), ``metadata``,
        ``credential``, ``traceparent``. Raises ``RPCError``."""
        return self.unary_with_metadata(method, request, response, **options)[0]

    def unary_with_metadata(
        self, method: str, request: Message, response: type[Response], **options
    ) -> tuple[Response, Metadata]:
        """The same; gives the answer's metadata too."""
        options.setdefault("timeout", UNARY_TIMEOUT_SECONDS)
        attempt = 0
        deadline = time.monotonic() + options["timeout"]
        while True:
            options["timeout"] = deadline - time.monotonic()
            with self.open(method, response, request, attempt=attempt, **options) as call:
                try:
                    return call.single(), call.metadata
                except RPCError as error:
                    again = may_try_again(error, attempt, met_peer=call.has_met_peer)
                    if not again or time.monotonic() >= deadline:
                        raise
            attempt += 1

    def client_streaming(
        self, method: str, requests: Iterable[Message], response: type[Response], **options
    ) -> Response:
        """Sends all of ``requests``, as fast as the server takes them; one message comes back."""
        with self.open(method, response, **options) as call:
            try:
                for request in requests:
                    call.send(request)
                call.half_close()
            except RPCError:
                # A server that answers before it has read everything has answered.
                if not call.is_over:
                    raise
            return call.single()

    def server_streaming(
        self, method: str, request: Message, response: type[Response], **options
    ) -> Iterator[Response]:
        """The messages of the answer, as they arrive; closing the iterator cancels the call."""
        with self.open(method, response, request, **options) as call:
            yield from call

    def open(
        self,
        method: str,
        response: type[Response],
        request: Message | None = None,
        *,
        timeout: float | None = None,
        metadata: MetadataLike = None,
        credential: str | None = None,
        traceparent: str = "",
        attempt: int = 0,
    ) -> ClientCall[Response]:
        """Begins a call of any kind: both directions are the caller's to use.

        With ``request`` that is the only message sent. Without ``timeout`` there is no deadline.
        """
        header = make_request(method, metadata, credential, traceparent, attempt)
        message = None if request is None else request.SerializeToString()
        started = time.monotonic()
        link = self._usable_link(timeout)
        with link.lock:
            now = time.monotonic()
            left = None if timeout is None else timeout - (now - started)
            call = link.connection.open_call(header, message=message, timeout=left, now=now)
            link.flush()
        return ClientCall(link, call, response)

    def close(self, grace: float = 0.0) -> None:
        """Closes the connection; calls have ``grace`` seconds to finish, then fail."""
        with self._lock:
            link, self._link, self._is_closed = self._link, None, True
        if link is None:
            return
        with link.lock:
            link.connection.drain()
            link.flush()
        link.ended.wait(grace)
        with link.lock:
            link.connection.close("the channel was closed")
            link.flush()
        link.join()

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _usable_link(self, timeout: float | None) -> Link:
        with self._lock:
            if self._is_closed:
                raise runtime_error(StatusCode.CANCELLED, "this channel is closed")
            if self._link is None or not self._link.is_usable:
                wait = self._connect_timeout
                if timeout is not None:
                    wait = max(0.001, min(wait, timeout))
                try:
                    self._link = Link(
                        self.target, self._tls, self._settings, self._credential, wait
                    )
                except OSError as error:
                    raise connect_error(self.target, error) from error
            return self._link
