"""The driver of the Python package, for ``run --driver 'python3 python_driver.py'``.

Commands come on standard input, reports go to standard output; ``driver.proto`` says which.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from assay_rpc import TLS, RPCError, ServerTLS, Settings, StatusCode, StatusDetails
from assay_rpc.aio import Channel, ClientCall, Server, ServerContext

from runner.schemas import Command, Echo, MakeCall, Report, message_class, service

Answer = message_class("assay.conformance.v1.Answer")
CallResult = message_class("assay.conformance.v1.CallResult")
WireDetails = message_class("assay.rpc.v1.StatusDetails")


class EchoService:
    """``assay.testing.v1.EchoService`` as its schema describes it, counting what it sees."""

    def __init__(self) -> None:
        self.begun = self.ended = self.cancelled = self.received = 0

    async def Unary(self, request: Echo, context: ServerContext) -> Echo:
        with _Counted(self):
            await self._take(request, context)
            return self._answer(request)

    async def Collect(self, requests: AsyncIterator[Echo], context: ServerContext) -> Echo:
        with _Counted(self):
            total = 0
            async for request in requests:
                await self._take(request, context)
                total += len(request.payload)
            return Echo(response_bytes=total)

    async def Expand(self, request: Echo, context: ServerContext) -> AsyncIterator[Echo]:
        with _Counted(self):
            self.received += 1
            self._set_metadata(request, context)
            equal = [request.response_bytes] * request.response_count
            for size in equal + list(request.response_sizes):
                await asyncio.sleep(request.delay_milliseconds / 1000)
                yield Echo(payload=b"\x07" * size)
            self._fail(request)

    async def Chat(
        self, requests: AsyncIterator[Echo], context: ServerContext
    ) -> AsyncIterator[Echo]:
        with _Counted(self):
            async for request in requests:
                await self._take(request, context)
                if request.response_sizes:
                    for size in request.response_sizes:
                        yield Echo(payload=b"\x07" * size)
                else:
                    yield self._answer(request)

    async def _take(self, request: Echo, context: ServerContext) -> None:
        self.received += 1
        self._set_metadata(request, context)
        await asyncio.sleep(request.delay_milliseconds / 1000)
        self._fail(request)

    def _set_metadata(self, request: Echo, context: ServerContext) -> None:
        if request.echo_metadata:
            context.set_metadata(context.metadata)

    def _fail(self, request: Echo) -> None:
        if request.status_code:
            raise RPCError(StatusCode(request.status_code), request.status_message)

    def _answer(self, request: Echo) -> Echo:
        if request.response_bytes:
            request.payload = b"\x07" * request.response_bytes
        return request


class _Counted:
    """One run of a handler, from its beginning to its end."""

    def __init__(self, counts: EchoService) -> None:
        self._counts = counts

    def __enter__(self) -> None:
        self._counts.begun += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._counts.ended += 1
        # A handler that yields is closed, not cancelled, when it waits for nothing itself.
        if kind in (asyncio.CancelledError, GeneratorExit):
            self._counts.cancelled += 1


class Caller:
    """Makes one call as a command describes it."""

    def __init__(self, channel: Channel, command: MakeCall) -> None:
        self._channel = channel
        self._command = command
        self._result = CallResult()
        self._options: dict[str, Any] = {
            "metadata": [(entry.key, entry.value) for entry in command.metadata],
            "traceparent": command.traceparent,
        }
        if command.timeout_milliseconds:
            self._options["timeout"] = command.timeout_milliseconds / 1000

    async def run(self) -> CallResult:
        """What came back."""
        begun = time.monotonic()
        perform = self._unary if self._command.kind == MakeCall.KIND_UNARY else self._stream
        after = self._command.cancel_after_milliseconds / 1000
        try:
            await asyncio.wait_for(perform(), after or None)
        except RPCError as error:
            self._fail(error)
        except (asyncio.CancelledError, TimeoutError):
            self._result.code = StatusCode.CANCELLED
        self._result.elapsed_microseconds = int((time.monotonic() - begun) * 1e6)
        return self._result

    async def _unary(self) -> None:
        self._result.sent = 1
        answer, metadata = await self._channel.unary_with_metadata(
            self._command.method, self._command.messages[0], Echo, **self._options
        )
        self._take(answer)
        self._set_metadata(metadata)

    async def _stream(self) -> None:
        command = self._command
        is_single = command.kind == MakeCall.KIND_SERVER_STREAMING
        first = command.messages[0] if is_single else None
        self._result.sent = 1 if is_single else 0
        async with self._channel.open(command.method, Echo, first, **self._options) as call:
            if command.ping_pong:
                await self._alternate(call)
            elif is_single:
                await self._read(call)
            else:
                await self._both(call)
            self._set_metadata(call.metadata)

    async def _both(self, call: ClientCall[Echo]) -> None:
        sending = asyncio.ensure_future(self._send(call))
        try:
            if self._command.kind == MakeCall.KIND_CLIENT_STREAMING:
                self._take(await call.single())
            else:
                await self._read(call)
        finally:
            sending.cancel()
            # How the call went is the reader's to tell; the writer only learns that it is over.
            await asyncio.gather(sending, return_exceptions=True)

    async def _alternate(self, call: ClientCall[Echo]) -> None:
        for message in self._command.messages:
            await call.send(message)
            self._result.sent += 1
            answer = await call.receive()
            if answer is None:
                return
            self._take(answer)
        await call.half_close()
        await self._read(call)

    async def _send(self, call: ClientCall[Echo]) -> None:
        for message in self._command.messages:
            await call.send(message)
            self._result.sent += 1
        await asyncio.sleep(self._command.half_close_delay_milliseconds / 1000)
        await call.half_close()

    async def _read(self, call: ClientCall[Echo]) -> None:
        while True:
            await asyncio.sleep(self._command.read_delay_milliseconds / 1000)
            answer = await call.receive()
            if answer is None:
                return
            self._take(answer)

    def _take(self, echo: Echo) -> None:
        digest = hashlib.sha256(echo.payload).digest()
        answer = Answer(payload_bytes=len(echo.payload), payload_sha256=digest)
        echo.payload = b""
        answer.echo.CopyFrom(echo)
        self._result.answers.append(answer)
        if len(self._result.answers) == self._command.cancel_after_answers:
            raise asyncio.CancelledError

    def _set_metadata(self, metadata: Any) -> None:
        for key, value in metadata:
            self._result.metadata.add(key=key, value=value)

    def _fail(self, error: RPCError) -> None:
        self._result.code = error.code
        self._result.message = error.message
        self._result.details.CopyFrom(_on_the_wire(error.details))
        self._set_metadata(error.metadata)


def _on_the_wire(details: StatusDetails) -> WireDetails:
    wire = WireDetails(
        retry_after_milliseconds=details.retry_after_milliseconds or 0,
        not_processed=details.not_processed,
        origin=details.origin,
        no_retry=details.no_retry,
    )
    for violation in details.field_violations:
        wire.field_violations.add(
            field=violation.field,
            description=violation.description,
            line=violation.line or 0,
            column=violation.column or 0,
        )
    for name in ("limit", "resource"):
        if (value := getattr(details, name)) is not None:
            getattr(wire, name).MergeFrom(type(getattr(wire, name))(**vars(value)))
    for hop in details.hops:
        wire.hops.add(hop=hop.hop, spent_microseconds=hop.spent_microseconds)
    return wire


class Driver:
    """Does what the runner says, many commands at once."""

    def __init__(self) -> None:
        self._servers: dict[int, tuple[Server, EchoService]] = {}
        self._channels: dict[int, Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the runner closes its end."""
        commands: asyncio.Queue[Command | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=_read_commands, args=(loop, commands), daemon=True).start()
        while (command := await commands.get()) is not None:
            self._in_background(self._answer(command))

    def _in_background(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, command: Command) -> None:
        name = command.WhichOneof("command")
        try:
            fields = await getattr(self, f"_{name}")(getattr(command, name))
            report = Report(id=command.id, **(fields or {"done": {}}))
        except Exception as error:
            report = Report(id=command.id, failure=f"{type(error).__name__}: {error}")
        data = report.SerializeToString()
        sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
        sys.stdout.buffer.flush()

    async def _describe(self, _: Any) -> dict[str, Any]:
        return {"description": {
            "name": "Python", "level": 2, "has_client": True, "has_server": True,
            "features": ["tls"],
        }}  # fmt: skip

    async def _start_server(self, options: Any) -> dict[str, Any]:
        files = options.certificate_file, options.key_file
        tls = ServerTLS(*files) if options.certificate_file else None
        server = Server(tls=tls, settings=_settings(options.limits))
        handlers = EchoService()
        server.add_service(service("assay.testing.v1.EchoService"), handlers)
        port = await server.start()
        self._servers[options.server] = (server, handlers)
        return {"server_started": {"port": port}}

    async def _drain_server(self, which: Any) -> None:
        self._in_background(self._servers[which.server][0].drain())

    async def _stop_server(self, which: Any) -> None:
        server, _ = self._servers.pop(which.server)
        await server.close()

    async def _inspect_server(self, which: Any) -> dict[str, Any]:
        _, seen = self._servers[which.server]
        return {"server_counts": {
            "begun": seen.begun, "ended": seen.ended, "cancelled": seen.cancelled,
            "received": seen.received,
        }}  # fmt: skip

    async def _open_channel(self, options: Any) -> None:
        self._channels[options.channel] = Channel(
            options.address,
            tls=TLS(ca_file=options.ca_file) if options.ca_file else None,
            credential=options.credential,
            settings=_settings(options.limits),
        )

    async def _close_channel(self, which: Any) -> None:
        await self._channels.pop(which.channel).close()

    async def _make_call(self, command: MakeCall) -> dict[str, Any]:
        return {"call_result": await Caller(self._channels[command.channel], command).run()}


def _settings(limits: Any) -> Settings:
    return Settings(**{field.name: value for field, value in limits.ListFields()})


def _read_commands(loop: asyncio.AbstractEventLoop, commands: asyncio.Queue[Any]) -> None:
    while len(prefix := sys.stdin.buffer.read(4)) == 4:
        data = sys.stdin.buffer.read(struct.unpack("<I", prefix)[0])
        loop.call_soon_threadsafe(commands.put_nowait, Command.FromString(data))
    loop.call_soon_threadsafe(commands.put_nowait, None)


if __name__ == "__main__":
    asyncio.run(Driver().run())
