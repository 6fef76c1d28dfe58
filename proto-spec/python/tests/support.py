"""What the tests share: the echo service, a server on a thread, certificates."""

from __future__ import annotations

import asyncio
import atexit
import base64
import functools
import pathlib
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from assay_rpc import (
    FieldViolation,
    LimitExceeded,
    ResourceReference,
    RPCError,
    ServerTLS,
    Settings,
    StatusCode,
    StatusDetails,
)
from assay_rpc._messages import message_class
from assay_rpc.aio import Server, ServerContext

from .schema_testing import FILE_DESCRIPTOR_SET

SERVICE = "assay.testing.v1.EchoService"
UNARY = f"{SERVICE}.Unary"
COLLECT = f"{SERVICE}.Collect"
EXPAND = f"{SERVICE}.Expand"
CHAT = f"{SERVICE}.Chat"


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(base64.b64decode(FILE_DESCRIPTOR_SET)).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


POOL = _pool()
ECHO_SERVICE = POOL.FindServiceByName(SERVICE)
Echo = message_class(POOL.FindMessageTypeByName("assay.testing.v1.Echo"))

# Small enough that a few messages use everything up.
TIGHT = Settings(
    max_frame_bytes=1_024,
    max_message_bytes=1 << 20,
    max_concurrent_streams=4,
    initial_stream_credit_bytes=2_048,
    initial_connection_credit_bytes=4_096,
)

DETAILS = StatusDetails(
    field_violations=(
        FieldViolation("invites[2].email", "is no address"),
        FieldViolation("train.csv", "is no number", line=17, column=3),
    ),
    retry_after_milliseconds=1_500,
    limit=LimitExceeded("calls_per_second", 10, 11, "--calls-per-second"),
    resource=ResourceReference("use case", "42"),
    no_retry=True,
)


class EchoService:
    """The service of ``echo.proto``, in the words of its comments."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.contexts: list[ServerContext] = []

    async def Unary(self, request: Echo, context: ServerContext) -> Echo:
        self._begin(request, context)
        await self._wait(request)
        self._fail(request)
        if request.response_bytes:
            request.payload = b"\x07" * request.response_bytes
        return request

    async def Collect(self, requests: AsyncIterator[Echo], context: ServerContext) -> Echo:
        total = 0
        async for request in requests:
            self._begin(request, context)
            await self._wait(request)
            self._fail(request)
            total += len(request.payload)
        return Echo(response_bytes=total)

    async def Expand(self, request: Echo, context: ServerContext) -> AsyncIterator[Echo]:
        self._begin(request, context)
        for index in range(request.response_count):
            await self._wait(request)
            yield Echo(payload=bytes([index % 256]) * request.response_bytes)
        for size in request.response_sizes:
            yield Echo(payload=b"\x07" * size)
        self._fail(request)

    async def Chat(
        self, requests: AsyncIterator[Echo], context: ServerContext
    ) -> AsyncIterator[Echo]:
        async for request in requests:
            self._begin(request, context)
            await self._wait(request)
            self._fail(request)
            if request.response_sizes:
                for size in request.response_sizes:
                    yield Echo(payload=b"\x07" * size)
            else:
                yield request

    def _begin(self, request: Echo, context: ServerContext) -> None:
        self.contexts.append(context)
        if request.echo_metadata:
            context.set_metadata(context.metadata)

    def _fail(self, request: Echo) -> None:
        if request.status_code:
            details = DETAILS if request.status_message == "with details" else None
            raise RPCError(StatusCode(request.status_code), request.status_message, details)

    async def _wait(self, request: Echo) -> None:
        try:
            await asyncio.sleep(request.delay_milliseconds / 1_000)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class EchoServer:
    """The echo service on a loop of its own thread."""

    def __init__(
        self, *, tls: ServerTLS | None = None, settings: Settings = Settings(), port: int = 0
    ) -> None:
        self.service = EchoService()
        self._tls = tls
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.server: Server = self.run(self._make())
        self.port: int = self.run(self.server.start(port=port))
        self.target = f"127.0.0.1:{self.port}"

    async def _make(self) -> Server:
        server = Server(tls=self._tls, settings=self._settings)
        server.add_service(ECHO_SERVICE, self.service)
        return server

    def run(self, coroutine):
        """Runs a coroutine on the server's loop; its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def start(self, coroutine):
        """The same without waiting."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        self.run(self.server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> EchoServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


_CERTIFICATES = r"""
set -e
authority() {
  openssl ecparam -name prime256v1 -genkey -noout -out $1.key
  openssl req -x509 -new -key $1.key -days 2 -subj /CN=$1 -out $1.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}
leaf() {
  openssl ecparam -name prime256v1 -genkey -noout -out $1.key
  openssl req -new -key $1.key -subj /O=acme/CN=$2 -out $1.csr
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n' > $1.ext
  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile $1.ext -out $1.pem
}
authority ca; authority stranger; leaf server localhost; leaf client ada
"""


@functools.cache
def certificates() -> pathlib.Path:
    """A folder with ca.pem, stranger.pem (an authority that signed nothing), server and client
    certificates; made once, by the openssl command."""
    folder = tempfile.TemporaryDirectory(prefix="assay-rpc-")
    atexit.register(folder.cleanup)
    subprocess.run(["sh", "-c", _CERTIFICATES], cwd=folder.name, check=True, capture_output=True)
    return pathlib.Path(folder.name)


def server_tls(**options: str) -> ServerTLS:
    folder = certificates()
    return ServerTLS(str(folder / "server.pem"), str(folder / "server.key"), **options)


def payloads(count: int, size: int) -> Iterator[Echo]:
    """Messages that differ."""
    for index in range(count):
        yield Echo(payload=bytes([index % 251]) * size)
