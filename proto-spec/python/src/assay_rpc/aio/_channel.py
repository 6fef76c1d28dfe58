"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import (
    Generic,
    TypeVar,
    Union,
)

from google.protobuf.message import Message

from .._call import Call
from .._connection import Connection
from .._errors import RPCError, StatusCode, runtime_error
from .._link import connect_error
from .._messages import parse_answer
from .._metadata import Metadata, MetadataLike
from .._phase import Phase, Role
from .._pipeline import Pipeline
from .._request import UNARY_TIMEOUT_SECONDS, make_request, may_try_again, parse_target
from .._settings import Settings
from .._tls import TLS, TLSLayer
from ._endpoint import Endpoint

Response = TypeVar("Response", bound=Message)
Requests = Union[Iterable[Message], AsyncIterable[Message]]

CONNECT_TIMEOUT_SECONDS = 10.0


class ClientCall(Generic[Response]):
    """One call under way: send and receive messages in any order.

    Use it in an ``async with`` block: leaving the block cancels a call that is not over.
    """

    def __init__(self, endpoint: Endpoint, call: Call, response: type[Response]) -> None:
        self._endpoint = endpoint
        self._call = call
        self._response = response

    async def send(self, message: Message) -> None:
        """Sends a message; returns when all of it had credit. Raises the call's ``RPCError``."""
        self._call.send(message.SerializeToString())
        await self._sent()

    async def half_close(self) -> None:
        """No more messages follow."""
        self._call.half_close()
        await self._sent()

    async def receive(self) -> Response | None:
        """The next message; None when the peer has ended the call with success."""
        call = self._call
        while True:
            data = call.take()
            if data is not None:
                self._endpoint.flush()
                return parse_answer(self._response, data)
            if call.failure is not None:
                raise call.failure
            if call.is_inbound_ended:
                return None
            await self._endpoint.wait(call)

    async def __aiter__(self) -> AsyncIterator[Response]:
        while (message := await self.receive()) is not None:
            yield message

    async def single(self) -> Response:
        """The one message of an answer; raises ``RPCError`` if the call fails."""
        message = await self.receive()
        if message is None or await self.receive() is not None:
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
        error = runtime_error(StatusCode.CANCELLED, f"{self._call.method}: {reason}")
        self._call.cancel(error)
        self._endpoint.flush()

    async def __aenter__(self) -> ClientCall[Response]:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cancel()
        self._call.abandon()
        self._endpoint.flush()

    async def _sent(self) -> None:
        self._endpoint.flush()
        while self._call.outbox and not self._call.is_over:
            await self._endpoint.wait(self._call)
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
        self._host, self._port = parse_target(target)
        self._tls = tls
        self._credential = credential
        self._settings = settings
        self._connect_timeout = connect_timeout
        self._connecting: asyncio.Task[Endpoint] | None = None
        self._endpoint: Endpoint | None = None
        self._is_closed = False

    async def unary(
        self, method: str, request: Message, response: type[Response], **options
    ) -> Response:
        """One message each way. Options: ``timeout`` in seconds (30 unless said), ``metadata``,
        ``credential``, ``traceparent``. Raises ``RPCError``. Cancelling the task cancels the
        call."""
        return (await self.unary_with_metadata(method, request, response, **options))[0]

    async def unary_with_metadata(
        self, method: str, request: Message, response: type[Response], **options
    ) -> tuple[Response, Metadata]:
        """The same; gives the answer's metadata too."""
        options.setdefault("timeout", UNARY_TIMEOUT_SECONDS)
        attempt = 0
        deadline = time.monotonic() + options["timeout"]
        while True:
            options["timeout"] = deadline - time.monotonic()
            call = await self.start(method, response, request, attempt=attempt, **options)
            async with call:
                try:
                    return await call.single(), call.metadata
                except RPCError as error:
                    again = may_try_again(error, attempt, met_peer=call.has_met_peer)
                    if not again or time.monotonic() >= deadline:
                        raise
            attempt += 1

    async def client_streaming(
        self, method: str, requests: Requests, response: type[Response], **options
    ) -> Response:
        """Sends all of ``requests``, as fast as the server takes them; one message comes back."""
        async with self.open(method, response, **options) as call:
            try:
                if isinstance(requests, AsyncIterable):
                    async for request in requests:
                        await call.send(request)
                else:
                    for request in requests:
                        await call.send(request)
                await call.half_close()
            except RPCError:
                # A server that answers before it has read everything has answered.
                if not call.is_over:
                    raise
            return await call.single()

    async def server_streaming(
        self, method: str, request: Message, response: type[Response], **options
    ) -> AsyncIterator[Response]:
        """The messages of the answer, as they arrive; closing the iterator cancels the call."""
        async with self.open(method, response, request, **options) as call:
            async for message in call:
                yield message

    def open(self, method: str, response: type[Response], *args, **options) -> _Opening[Response]:
        """A call of any kind for ``async with``; the arguments are those of ``start``."""
        return _Opening(self.start(method, response, *args, **options))

    async def start(
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
        """Begins a call; without ``timeout`` there is no deadline.

        With ``request`` that is the only message sent. Whoever calls this must see that the call
        ends: by its answer, or by ``cancel``; ``open`` does it with a block.
        """
        header = make_request(method, metadata, credential, traceparent, attempt)
        message = None if request is None else request.SerializeToString()
        started = time.monotonic()
        endpoint = await self._usable_endpoint(timeout)
        left = None if timeout is None else timeout - (time.monotonic() - started)
        now = asyncio.get_running_loop().time()
        call = endpoint.connection.open_call(header, message=message, timeout=left, now=now)
        endpoint.flush()
        return ClientCall(endpoint, call, response)

    async def close(self, grace: float = 0.0) -> None:
        """Closes the connection; calls have ``grace`` seconds to finish, then fail."""
        self._is_closed = True
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is None:
            return
        endpoint.connection.drain()
        endpoint.flush()
        await asyncio.wait([endpoint.ended], timeout=grace)
        endpoint.close("the channel was closed")
        await asyncio.wait([endpoint.closed])

    async def __aenter__(self) -> Channel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _usable_endpoint(self, timeout: float | None) -> Endpoint:
        if self._is_closed:
            raise runtime_error(StatusCode.CANCELLED, "this channel is closed")
        endpoint = self._endpoint
        if endpoint is not None and endpoint.connection.phase in (
            Phase.AWAITING_HELLO,
            Phase.OPEN,
        ):
            return endpoint
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(self._connected)
        wait = self._connect_timeout if timeout is None else min(timeout, self._connect_timeout)
        try:
            # Shielded: others may wait for the same connection.
            return await asyncio.wait_for(asyncio.shield(self._connecting), wait)
        except (OSError, asyncio.TimeoutError) as error:
            raise connect_error(self.target, error or TimeoutError("timed out")) from error

    async def _connect(self) -> Endpoint:
        context = None if self._tls is None else self._tls.context()
        name = None if self._tls is None else self._tls.server_name or self._host

        def make(now: float) -> Pipeline:
            connection = Connection(
                Role.CLIENT, self._settings, now=now, credential=self._credential
            )
            layer = None if context is None else TLSLayer(context, server_name=name)
            return Pipeline(connection, layer)

        loop = asyncio.get_running_loop()
        _, endpoint = await loop.create_connection(lambda: Endpoint(make), self._host, self._port)
        return endpoint

    def _connected(self, task: asyncio.Task[Endpoint]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._endpoint = task.result()


class _Opening(Generic[Response]):
    """A call that begins with its ``async with`` block."""

    def __init__(self, starting) -> None:
        self._starting = starting

    async def __aenter__(self) -> ClientCall[Response]:
        self._call = await self._starting
        return self._call

    async def __aexit__(self, *arguments: object) -> None:
        await self._call.__aexit__(*arguments)
