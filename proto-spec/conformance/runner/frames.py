"""Frames as bytes, and a peer that sends and expects exactly what a case says."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from .schemas import Echo, build, message_class, plain, to_bytes

MAGIC = bytes.fromhex("41535341590D0A00")
HEADER = struct.Struct("<IBBHI")
CREDIT_CONSTANT = 64
"""What a MESSAGE costs beside its payload."""

KINDS = {
    "HELLO": 1, "REQUEST": 2, "RESPONSE": 3, "MESSAGE": 4, "STATUS": 5, "CANCEL": 6, "CREDIT": 7,
    "PING": 8, "GOAWAY": 9,
}  # fmt: skip
FLAGS = {"END_STREAM": 1, "MORE": 2, "EMPTY": 4, "ACK": 8}
_NAMES = {number: name for name, number in KINDS.items()}

#: What the scripted peer announces where a case says nothing else.
DEFAULT_HELLO = {
    "min_version": 1, "max_version": 1, "max_frame_bytes": 65_536, "max_message_bytes": 4_194_304,
    "max_concurrent_streams": 1_024, "initial_stream_credit_bytes": 1_048_576,
    "initial_connection_credit_bytes": 8_388_608, "ping_interval_milliseconds": 30_000,
    "software": "assay-conformance",
}  # fmt: skip


class PeerError(AssertionError):
    """The other side did something else than the case expects."""


class Closed(Exception):
    """The other side has closed; how, in words."""


@dataclass
class Frame:
    """One frame that arrived."""

    kind: str
    flags: int
    stream: int
    payload: bytes

    def message(self) -> Message:
        """The payload, parsed; not of a MESSAGE, which has no schema."""
        data = self.payload
        if self.kind == "HELLO":
            if not data.startswith(MAGIC):
                raise PeerError(f"HELLO without the magic: {data[:8].hex()}")
            data = data[len(MAGIC) :]
        return message_class(f"assay.rpc.v1.{self.kind.capitalize()}").FromString(data)

    def fields(self) -> dict[str, Any]:
        """The frame as a case file would write it."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "stream": self.stream,
            "size": len(self.payload),
            "flags": [name for name, bit in FLAGS.items() if self.flags & bit],
        }
        if self.kind == "MESSAGE":
            found["bytes"] = self.payload
            return found
        message = self.message()
        found["payload"] = plain(message)
        if self.kind in ("REQUEST", "RESPONSE") and message.HasField("message"):
            found["echo"] = plain(Echo.FromString(message.message))
        return found


def encode(step: dict[str, Any], copied: dict[str, Any] | None = None) -> bytes:
    """The bytes of the frame that a case's step describes."""
    kind = step["kind"]
    payload = _payload(kind, {**step.get("payload", {}), **(copied or {})}, step)
    flags = sum(FLAGS[flag] if isinstance(flag, str) else flag for flag in step.get("flags", []))
    number = KINDS[kind] if isinstance(kind, str) else kind
    header = HEADER.pack(
        step.get("size", len(payload)), number, flags, step.get("reserved", 0),
        step.get("stream", 0),
    )  # fmt: skip
    return (header + payload)[: step.get("cut")]


def _payload(kind: str | int, fields: dict[str, Any], step: dict[str, Any]) -> bytes:
    if "bytes" in step:
        return to_bytes(step["bytes"])
    if kind == "MESSAGE":
        data = build(Echo, step["echo"]).SerializeToString() if "echo" in step else b""
        begin, end = step.get("part", [0, None])
        return data[begin:end]
    if "echo" in step:
        fields["message"] = "hex:" + build(Echo, step["echo"]).SerializeToString().hex()
    if kind == "HELLO":
        fields = {**DEFAULT_HELLO, **fields}
    message = build(message_class(f"assay.rpc.v1.{str(kind).capitalize()}"), fields)
    data = message.SerializeToString() + to_bytes(step.get("unknown_fields", ""))
    return (MAGIC if kind == "HELLO" else b"") + data


class Peer:
    """One connection of the scripted peer, over TCP or TLS."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._buffer = b""

    def send(self, data: bytes) -> None:
        """Writes bytes; a peer that is gone is for the next step to notice."""
        self._socket.settimeout(10)
        try:
            self._socket.sendall(data)
        except (ConnectionError, ssl.SSLError):
            pass

    def next_frame(self, deadline: float) -> Frame | None:
        """The next frame; None when the deadline passes first.

        :raises Closed: when the other side has closed instead.
        """
        while (frame := self._take_frame()) is None:
            if not self._fill(deadline):
                return None
        return frame

    def _take_frame(self) -> Frame | None:
        if len(self._buffer) < HEADER.size:
            return None
        size, kind, flags, reserved, stream = HEADER.unpack_from(self._buffer)
        if kind not in _NAMES or reserved:
            raise PeerError(f"a header that is none: {self._buffer[: HEADER.size].hex()}")
        end = HEADER.size + size
        if len(self._buffer) < end:
            return None
        payload, self._buffer = self._buffer[HEADER.size : end], self._buffer[end:]
        return Frame(_NAMES[kind], flags, stream, payload)

    def _fill(self, deadline: float) -> bool:
        """Waits for bytes and takes what there is; False when the deadline passes first."""
        pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        wait = max(0.0, deadline - time.monotonic())
        if not pending and not select.select([self._socket], [], [], wait)[0]:
            return False
        # TLS records without data (session tickets) make a socket readable too: a read that
        # waited for data here would do so past the deadline.
        self._socket.settimeout(0)
        try:
            data = self._socket.recv(1 << 18)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except ConnectionResetError as error:
            raise Closed("reset") from error
        if not data:
            raise Closed("end of stream" if not self._buffer else "end of stream in a frame")
        self._buffer += data
        return True

    def finish(self) -> None:
        """Ends our direction only."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Closes so that the other side sees a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Closes without ceremony."""
        self._socket.close()
