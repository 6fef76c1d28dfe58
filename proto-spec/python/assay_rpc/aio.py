"""The asyncio client.

    async with Channel("127.0.0.1:7100", tls=TLS(ca_file="ca.pem"), credential=key) as channel:
        echo = Stub(channel, echo_pb2.DESCRIPTOR.services_by_name["EchoService"])
        answer = await echo.Unary(echo_pb2.Echo(payload=b"hello"), timeout=5)
"""

from __future__ import annotations

import asyncio
import inspect
import random
import secrets
import time

from assay.rpc.v1 import control_pb2 as wire

from .call import Call, Link
from .method import Method, Stub, serialize
from .status import StatusCode, StatusError, metadata_entries
from .stream import Settings
from .transport import TLS

__all__ = ["Call", "Channel", "Method", "Settings", "StatusCode", "StatusError", "Stub", "TLS"]

CONNECT_TIMEOUT = 5.0
FIRST_BACKOFF = 0.05
LONGEST_BACKOFF = 1.0


def new_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


class Channel:
    """A client's way to one service: one connection, made again when it is lost.

    Options of every call: `timeout` in seconds over all attempts, `metadata` (dict or pairs, text
    or bytes), `credential`, `traceparent`, `principal` (a serialized SignedPrincipal).
    """

    def __init__(self, target: str, *, tls: TLS | None = None, credential: str = "",
                 settings: Settings | None = None, maximum_attempts: int = 4):
        host, _, port = target.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._tls = tls
        self._context = tls.client_context() if tls else None
        self._settings = settings or Settings()
        if credential:
            self._settings.credential = credential
        self._maximum_attempts = maximum_attempts
        self._link: Link | None = None
        self._connecting: asyncio.Lock | None = None

    async def __aenter__(self) -> "Channel":
        return self

    async def __aexit__(self, *_) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; open calls fail."""
        if self._link:
            await self._link.close()

    # The four kinds

    async def unary(self, method: Method, request, **options):
        """Sends one message, receives one.

        Sent again, within the timeout, when the server provably did not process it, or when it
        became unavailable and the schema marks the method idempotent.
        """
        data = serialize(request)
        deadline = _deadline(method, options.pop("timeout", None))
        attempt = 0
        while True:
            try:
                async with await self._open(method, data, True, deadline, options, attempt) as call:
                    return await call.result()
            except StatusError as error:
                attempt += 1
                await self._back_off(method, error, attempt, deadline)

    async def client_streaming(self, method: Method, requests, **options):
        """Sends every message of an iterable, plain or asynchronous; receives one."""
        async with self.bidirectional(method, **options) as call:
            try:
                async for request in _each(requests):
                    await call.send(request)
                call.finish_sending()
            except StatusError:
                pass  # An answer that came early says more: result() has it.
            return await call.result()

    def server_streaming(self, method: Method, request, **options) -> Call:
        """Sends one message; `async with` the call and iterate, leaving early cancels."""
        return self._call(method, serialize(request), True, options)

    def bidirectional(self, method: Method, **options) -> Call:
        """Both ways at once: `async with` the call, `send`, `finish_sending`, iterate."""
        return self._call(method, None, False, options)

    async def ping(self, timeout: float = 10.0) -> float:
        """Seconds that the peer takes to echo a PING."""
        link = await self._connected(time.monotonic() + timeout)
        begin = time.monotonic()
        await asyncio.wait_for(link.ping(), timeout)
        return time.monotonic() - begin

    # Opening

    def _call(self, method: Method, message, end_stream: bool, options: dict) -> Call:
        deadline = _deadline(method, options.pop("timeout", None))

        async def start(call: Call) -> None:
            attempt = 0
            while True:
                try:
                    return await self._start(call, message, end_stream, deadline, options, attempt)
                except StatusError as error:
                    # Nothing of it was processed until it is open; after that it is never repeated.
                    attempt += 1
                    await self._back_off(method, error, attempt, deadline)

        return Call(method, start)

    async def _open(self, method, message, end_stream, deadline, options, attempt) -> Call:
        call = Call(method, None)
        await self._start(call, message, end_stream, deadline, options, attempt)
        return call

    async def _start(self, call, message, end_stream, deadline, options, attempt) -> None:
        link = await self._connected(deadline)
        request = wire.Request(
            method=call.method.name, traceparent=options.get("traceparent") or new_traceparent(),
            principal=options.get("principal", b""), credential=options.get("credential", ""),
            metadata=metadata_entries(options.get("metadata", ())), attempt=attempt)
        await link.begin(call, request, message, end_stream, deadline)

    async def _back_off(self, method, error: StatusError, attempt: int, deadline) -> None:
        """Waits before the next attempt, or raises the error if there is to be none."""
        may_repeat = error.not_processed or (
            error.code == StatusCode.UNAVAILABLE and method.idempotent)
        passing = error.code in (StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED)
        if not (may_repeat and passing) or attempt >= self._maximum_attempts:
            raise error
        pause = min(FIRST_BACKOFF * 2 ** (attempt - 1), LONGEST_BACKOFF) * random.uniform(0.8, 1.2)
        if error.details.retry_after_milliseconds:
            pause = error.details.retry_after_milliseconds / 1000
        if deadline is not None and time.monotonic() + pause >= deadline:
            raise error
        await asyncio.sleep(pause)

    async def _connected(self, deadline: float | None) -> Link:
        self._connecting = self._connecting or asyncio.Lock()
        async with self._connecting:
            if self._link and self._link.is_usable:
                return self._link
            left = CONNECT_TIMEOUT
            if deadline is not None:
                left = max(0.001, min(left, deadline - time.monotonic()))
            try:
                self._link = await asyncio.wait_for(self._connect(), left)
            except asyncio.TimeoutError:
                if deadline is not None and time.monotonic() >= deadline:
                    raise StatusError(
                        StatusCode.DEADLINE_EXCEEDED, f"no connection to {self._host}:{self._port}")
                raise self._unreachable(f"nothing within {CONNECT_TIMEOUT:g} s")
            except OSError as error:  # ssl's errors are of this kind, too
                raise self._unreachable(str(error))
            return self._link

    async def _connect(self) -> Link:
        name = (self._tls.server_name or self._host) if self._tls else None
        reader, writer = await asyncio.open_connection(
            self._host, self._port, ssl=self._context, server_hostname=name)
        link = Link("client", self._settings, reader, writer)
        try:
            await link.opened()
        except BaseException:
            await link.close()
            raise
        return link

    def _unreachable(self, why: str) -> StatusError:
        return StatusError.unprocessed(
            StatusCode.UNAVAILABLE, f"cannot connect to {self._host}:{self._port}: {why}")


def _deadline(method: Method, timeout: float | None) -> float | None:
    seconds = method.timeout(timeout)
    return None if seconds is None else time.monotonic() + seconds


async def _each(items):
    if inspect.isasyncgen(items) or hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
