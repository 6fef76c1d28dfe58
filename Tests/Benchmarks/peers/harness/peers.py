"""The peers: what each needs, how it is started, and what its client is asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from . import redis
from .build import MAXIMUM_ADDRESSES, Failed, Program, Toolbox, Unavailable
from .machine import BusyMeter, prepare_child, process_cpu_seconds, raise_file_limit
from .request import Request, Result, default_payload, result_of

__all__ = ["PEERS", "Request", "Result", "default_payload"]

CONNECTIONS_PER_ADDRESS = 20_000
"""Linux gives about 28,000 local ports to connections with one address."""

SPARE_FILES = 100
"""What a process opens beside its connections."""


class Peer(Protocol):
    """Something that can be measured; `run` yields one result for each of its workloads."""

    shapes: tuple[str, ...]

    def run(self, request: Request, toolbox: Toolbox) -> Iterator[Result]: ...


@dataclass(frozen=True)
class BuiltPeer:
    """A peer whose server and client are in this folder."""

    name: str
    shapes: tuple[str, ...]
    packages: dict[str, str]
    server: Program
    client: Program
    has_tls: bool = True
    has_many_addresses: bool = True

    def run(self, request: Request, toolbox: Toolbox) -> Iterator[Result]:
        if request.shape not in self.shapes:
            raise Unavailable(f"it has no {request.shape}")
        if request.tls and not self.has_tls:
            raise Unavailable("it is not run over TLS")
        addresses = 1 + (request.connections - 1) // CONNECTIONS_PER_ADDRESS
        if addresses > (MAXIMUM_ADDRESSES if self.has_many_addresses else 1):
            raise Unavailable(f"{request.connections} connections are more than it can open")
        files = raise_file_limit()
        if request.connections + SPARE_FILES > files:
            raise Unavailable(f"`ulimit -Hn` allows {files} files, fewer than the connections")
        toolbox.need(self.packages)
        server, client = toolbox.program(self.server), toolbox.program(self.client)
        arguments = ["--addresses", str(addresses), "--payload", str(request.payload)]
        secrets: list[str] = []
        if request.tls:
            certificate, key = toolbox.certificate()
            arguments += ["--certificate", str(certificate)]
            secrets = ["--key", str(key)]
        with _started(server, arguments + secrets, request.pin) as (process, port):
            arguments += [
                "--server", str(process.pid), "--port", str(port), "--shape", request.shape,
                "--connections", str(request.connections), "--bytes", str(request.bytes),
                "--outstanding", str(request.outstanding), "--seconds", str(request.seconds),
            ]  # fmt: skip
            yield result_of(self.name, request, _measure(client, arguments, request.pin, process))


@contextmanager
def _started(
    server: Path, arguments: list[str], pin: bool
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running server, which prints its port when it listens."""
    process = subprocess.Popen(
        [str(server), *arguments], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: prepare_child(pin),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise Failed(f"{server} did not start")
        yield process, int(line)
    finally:
        process.kill()
        process.wait()


def _measure(
    client: Path, arguments: list[str], pin: bool, server: subprocess.Popen[str]
) -> dict[str, Any]:
    """Runs the client, and says how busy the machine was beside the two."""
    own = process_cpu_seconds(server.pid)
    meter = BusyMeter()
    process = subprocess.Popen(
        [str(client), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: prepare_child(pin),
    )  # fmt: skip
    output, errors = process.communicate()
    if process.returncode != 0:
        raise Failed(f"the client failed: {errors.strip()}")
    cores, seconds = meter.cores()
    measured: dict[str, Any] = json.loads(output)
    own = process_cpu_seconds(server.pid) - own
    if "client_cpu_us_per_call" in measured and measured.get("calls"):
        client_cores = (
            measured["client_cpu_us_per_call"] * measured["calls"] / 1e6 / measured["seconds"]
        )
        measured["foreign_cores"] = max(0, round(cores - own / seconds - client_cores, 2))
    return measured


def _raw(name: str, *sources: str) -> Program:
    return Program(name, sources, ("openssl",))


_GRPC = {
    "g++": "g++", "pkg-config": "pkg-config", "libgrpc++-dev": "pkg-config:grpc++",
    "protobuf-compiler": "protoc", "protobuf-compiler-grpc": "grpc_cpp_plugin",
}  # fmt: skip
_CAPNP = {
    "g++": "g++", "pkg-config": "pkg-config", "capnproto": "capnp",
    "libcapnp-dev": "pkg-config:capnp-rpc",
}  # fmt: skip
_RAW = {"gcc": "gcc", "pkg-config": "pkg-config", "libssl-dev": "pkg-config:openssl"}
_GRPC_LIBRARIES = ("grpc++", "protobuf")

PEERS: dict[str, Peer] = {
    "grpc": BuiltPeer(
        "grpc", ("unary", "upload", "idle"), _GRPC,
        Program("server", ("grpc/server.cpp",), _GRPC_LIBRARIES, "grpc/echo.proto"),
        Program("client", ("grpc/client.cpp",), _GRPC_LIBRARIES),
    ),
    "capnp": BuiltPeer(
        "capnp", ("unary", "idle"), _CAPNP,
        Program("server", ("capnp/server.cpp",), ("capnp-rpc",), "capnp/echo.capnp"),
        Program("client", ("capnp/client.cpp",), ("capnp-rpc",), "capnp/echo.capnp"),
        has_tls=False, has_many_addresses=False,
    ),
    "redis": redis.RedisPeer(),
    "epoll": BuiltPeer(
        "epoll", ("unary", "idle"), _RAW,
        _raw("server", "raw/server.c", "raw/stream.c"),
        _raw("client", "raw/client.c", "raw/stream.c"),
    ),
    "openssl": BuiltPeer(
        "openssl", ("upload",), _RAW,
        _raw("upload_server", "raw/upload_server.c", "raw/stream.c"),
        _raw("upload_client", "raw/upload_client.c", "raw/stream.c"),
    ),
}  # fmt: skip
