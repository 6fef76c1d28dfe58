"""A `Connection` on an asyncio stream: bytes, keepalive, TLS."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl

from .events import Opened, Violated
from .frames import APPLICATION_PROTOCOL
from .protocol import Connection
from .stream import Settings

READ_BYTES = 256 << 10
#: Unsent bytes above which no more is read from the peer [R5].
OUTBOUND_HIGH_WATER_BYTES = 4 << 20


@dataclasses.dataclass(frozen=True)
class TLS:
    """What a client trusts, and shows. Files are PEM."""

    #: Authorities to trust; None trusts the system's.
    ca_file: str | None = None
    #: Name that the certificate must carry; None is the host connected to.
    server_name: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None

    def client_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return _ours(context)


def server_context(certificate_file: str, key_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate_file, key_file)
    return _ours(context)


def _ours(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([APPLICATION_PROTOCOL])
    return context


class Transport:
    """Runs one side of a connection. Subclasses say what events mean, in `handle` and `lost`."""

    def __init__(self, role: str, settings: Settings, reader, writer):
        self.connection = Connection(role, settings)
        self.peer_name = "%s:%s" % tuple(writer.get_extra_info("peername")[:2])
        self.close_reason = "closed by the peer"
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._opened = asyncio.Event()
        self._heard = 0.0
        self._task = asyncio.ensure_future(self._run())

    def handle(self, event) -> None:
        raise NotImplementedError

    def lost(self, reason: str) -> None:
        raise NotImplementedError

    def flush(self) -> None:
        """Writes what the connection has produced; closes it when its drain is complete."""
        output = self.connection.take_output()
        if output:
            self._writer.write(output)
        if self.connection.is_draining and not self.connection.streams:
            self._writer.close()

    async def drained(self) -> None:
        """Returns when the transport takes more."""
        await self._writer.drain()

    async def close(self, reason: str = "closed by this side") -> None:
        self.close_reason = reason
        self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        self._writer.transport.set_write_buffer_limits(high=OUTBOUND_HIGH_WATER_BYTES)
        self._heard = asyncio.get_running_loop().time()
        keepalive = asyncio.ensure_future(self._keepalive())
        try:
            self.flush()
            await self._read()
        except (OSError, ssl.SSLError) as error:
            self.close_reason = f"{type(error).__name__}: {error}"
        finally:
            keepalive.cancel()
            self.connection.is_draining = self.connection.is_over = True
            self._writer.close()
            self.lost(self.close_reason)

    async def _read(self) -> None:
        while not self.connection.is_over and not self._writer.is_closing():
            data = await self._reader.read(READ_BYTES)
            if not data:
                return
            self._heard = asyncio.get_running_loop().time()
            for event in self.connection.receive(data):
                if isinstance(event, Opened):
                    self._opened.set()
                elif isinstance(event, Violated):
                    self.close_reason = event.reason
                self.handle(event)
            self.flush()
            await self.drained()

    async def _keepalive(self) -> None:
        loop = asyncio.get_running_loop()
        timeout = self._settings.peer_timeout_milliseconds / 1000
        try:
            await asyncio.wait_for(self._opened.wait(), timeout)
        except asyncio.TimeoutError:
            return self._give_up(f"no HELLO within {timeout:g} s")  # [H5]
        interval = max(  # [P1]
            self._settings.ping_interval_milliseconds,
            self.connection.peer.ping_interval_milliseconds) / 1000
        opaque = 0
        while True:
            silence = loop.time() - self._heard
            if silence < interval:
                await asyncio.sleep(interval - silence)
                continue
            opaque += 1
            self.connection.ping(opaque)
            self.flush()
            sent = loop.time()
            await asyncio.sleep(timeout)
            if self._heard < sent:
                return self._give_up(f"no answer to PING within {timeout:g} s")  # [P2]

    def _give_up(self, reason: str) -> None:
        self.close_reason = reason
        self._writer.transport.abort()
