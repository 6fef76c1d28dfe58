"""A server for asyncio: small, complete in the protocol, made for tests and tools."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Callable, NamedTuple

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from .._call import Call
from .._connection import Connection
from .._errors import RPCError, StatusCode, StatusDetails, StatusOrigin
from .._messages import message_class, parse_request
from .._metadata import Metadata, MetadataLike, make_metadata
from .._phase import Role
from .._pipeline import Pipeline
from .._request import UNARY_TIMEOUT_SECONDS
from .._settings import Settings
from .._status import read_metadata
from .._stub import kinds_of
from .._tls import ServerTLS, TLSLayer
from ._endpoint import Endpoint

_log = logging.getLogger(__name__)


class Method(NamedTuple):
    """One method that the server answers."""

    handler: Callable[[Any, ServerContext], Any]
    request: type[Message]
    client_streams: bool
    server_streams: bool


class ServerContext:
    """What a handler knows of its call beside the messages."""

    def __init__(self, endpoint: Endpoint, call: Call) -> None:
        self._endpoint = endpoint
        self._call = call
        self.method = call.method
        self.metadata: Metadata = read_metadata(call.request.metadata)
        self.credential: str = call.request.credential or endpoint.connection.peer_credential
        self.traceparent: str = call.request.traceparent
        self.attempt: int = call.request.attempt
        self.peer = endpoint.peer_name
        tls = endpoint.pipeline.tls
        self.certificate_subject: str | None = tls.peer_subject if tls else None
        self._answer_metadata: Metadata = ()

    @property
    def time_remaining(self) -> float | None:
        """Seconds until the deadline; None is none."""
        if self._call.deadline is None:
            return None
        return max(0.0, self._call.deadline - asyncio.get_running_loop().time())

    def set_metadata(self, metadata: MetadataLike) -> None:
        """What goes out with the answer."""
        self._answer_metadata = make_metadata(metadata)


class Server:
    """Answers methods on any number of connections."""

    def __init__(self, *, tls: ServerTLS | None = None, settings: Settings = Settings()) -> None:
        self._settings = settings
        self._context = tls.context() if tls is not None else None
        self._methods: dict[str, Method] = {}
        self._services: set[str] = set()
        self._endpoints: set[Endpoint] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.AbstractServer | None = None

    def add_service(self, service: ServiceDescriptor, implementation: object) -> None:
        """Answers each method of a service by the method of the same name of ``implementation``.

        A handler takes the request, or an async iterator of requests, and a ``ServerContext``. It
        returns the answer, or yields answers. What it raises as ``RPCError`` is the status; its
        task is cancelled when the caller leaves or the deadline passes.
        """
        self._services.add(service.full_name)
        for method in service.methods:
            client_streams, server_streams = kinds_of(method)
            self._methods[method.full_name] = Method(
                getattr(implementation, method.name),
                message_class(method.input_type),
                client_streams,
                server_streams,
            )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens; returns the port."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._endpoint, host, port)
        return self._listener.sockets[0].getsockname()[1]

    async def drain(self, grace: float = 30.0) -> None:
        """Takes no new connection, lets calls finish for ``grace`` seconds, then closes."""
        self._stop_listening()
        for endpoint in self._endpoints:
            endpoint.connection.drain()
            endpoint.flush()
        if self._endpoints:
            await asyncio.wait([one.ended for one in self._endpoints], timeout=grace)
        await self.close()

    async def close(self) -> None:
        """Closes all connections; calls fail."""
        self._stop_listening()
        endpoints = list(self._endpoints)
        for endpoint in endpoints:
            endpoint.close("the server is closed")
        if endpoints:
            await asyncio.wait([endpoint.closed for endpoint in endpoints])
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _endpoint(self) -> Endpoint:
        def make(now: float) -> Pipeline:
            connection = Connection(Role.SERVER, self._settings, now=now)
            context = self._context
            return Pipeline(connection, None if context is None else TLSLayer(context))

        endpoint = Endpoint(make, self._on_call, self._endpoints.discard)
        self._endpoints.add(endpoint)
        return endpoint

    def _on_call(self, endpoint: Endpoint, call: Call) -> None:
        method = self._methods.get(call.method)
        if method is None:
            call.finish(self._unimplemented(call.method))
            endpoint.flush()
            return
        is_unary = not method.client_streams and not method.server_streams
        if is_unary and call.deadline is None:
            # Only streaming calls may go without.
            endpoint.connection.set_deadline(call, call.started + UNARY_TIMEOUT_SECONDS)
        task = asyncio.ensure_future(self._answer(endpoint, call, method))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _unimplemented(self, name: str) -> RPCError:
        is_known = name.rpartition(".")[0] in self._services
        origin = StatusOrigin.UNKNOWN_METHOD if is_known else StatusOrigin.UNKNOWN_SERVICE
        return RPCError(
            StatusCode.UNIMPLEMENTED,
            f"no such {'method' if is_known else 'service'} here: {name[:256]}",
            StatusDetails(not_processed=True, origin=origin),
        )

    async def _answer(self, endpoint: Endpoint, call: Call, method: Method) -> None:
        handling = asyncio.ensure_future(_handle(endpoint, call, method))
        try:
            while not call.is_over and not handling.done():
                waiting = asyncio.ensure_future(endpoint.wait(call))
                await asyncio.wait([waiting, handling], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
        finally:
            if not handling.done():
                # The caller has left, or the deadline has passed: nobody wants the answer.
                handling.cancel()
            await asyncio.wait([handling])


async def _handle(endpoint: Endpoint, call: Call, method: Method) -> None:
    context = ServerContext(endpoint, call)
    try:
        argument = _requests(endpoint, call, method)
        if not method.client_streams:
            argument = await _single(argument, call)
        if method.server_streams:
            async for answer in method.handler(argument, context):
                call.send(answer.SerializeToString())
                endpoint.flush()
                while call.outbox and not call.is_over:
                    await endpoint.wait(call)
            call.finish(None, context._answer_metadata)
        else:
            answer = await method.handler(argument, context)
            call.respond(answer.SerializeToString(), context._answer_metadata)
    except RPCError as error:
        call.finish(error, context._answer_metadata)
    except Exception:
        _log.exception("handler of %s failed", call.method)
        call.finish(RPCError(StatusCode.INTERNAL, f"{call.method}: the handler failed"))
    endpoint.flush()


async def _requests(endpoint: Endpoint, call: Call, method: Method) -> AsyncIterator[Message]:
    while True:
        data = call.take()
        if data is not None:
            endpoint.flush()
            yield parse_request(method.request, data)
        elif call.is_over:
            # The caller has left: not to be mistaken for the end of its messages [C7].
            raise asyncio.CancelledError
        elif call.is_inbound_ended:
            return
        else:
            await endpoint.wait(call)


async def _single(requests: AsyncIterator[Message], call: Call) -> Message:
    async for request in requests:
        return request
    raise RPCError(
        StatusCode.INVALID_ARGUMENT,
        f"{call.method}: the request has no message",
        StatusDetails(origin=StatusOrigin.MALFORMED),
    )
