"""The protocol without input and output: bytes in, events out; calls in, bytes out.

`Connection` is one side of one connection. It knows no sockets, no clock and no tasks, so that the
asyncio client, the test server, the vectors and the tests all use the same code. The bracketed ids
are those of `proto-spec/wire.md`.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from assay.rpc.v1 import control_pb2 as wire

from .events import (
    Cancelled, CreditReceived, Ended, GoawayReceived, HalfClosed, MessageReceived, Opened, Pong,
    RequestReceived, Violated,
)
from .frames import (
    MAGIC, MAX_VERSION, MAXIMUM_HELLO_BYTES, MIN_VERSION, Flag, Frame, FrameReader, Kind,
    ProtocolViolation,
)
from .sending import Sender
from .status import StatusCode, StatusError, entries
from .stream import Settings, Stream

CREDIT_LIMIT = 1 << 31
LEAST_LIMIT = 1024


class Connection(Sender):
    """One side of a connection, after `role`: "client" or "server"."""

    def __init__(self, role: str, settings: Settings | None = None):
        super().__init__(settings)
        self.is_client = role == "client"
        self._events: list = []
        self._reader = FrameReader(MAXIMUM_HELLO_BYTES)
        if self.is_client:
            self._send_hello()

    def receive(self, data: bytes) -> list:
        """Takes bytes from the transport; returns the events in them, in order."""
        self._events = []
        self._reader.feed(data)
        try:
            while not self.is_over and (frame := self._reader.next()):
                self._receive_frame(frame)
        except ProtocolViolation as violation:
            self._violated(str(violation))
        except DecodeError as error:
            self._violated(f"malformed {frame.kind.name}: {error}")
        return self._events

    def _violated(self, reason: str) -> None:
        self.is_draining = self.is_over = True
        self._send(Kind.GOAWAY, 0, wire.Goaway(
            last_stream=self._last_peer_stream, code=StatusCode.INTERNAL,
            message=f"protocol violation: {reason}"))
        self._events.append(Violated(reason))

    # Receiving

    def _receive_frame(self, frame: Frame) -> None:
        if self.peer is None and frame.kind != Kind.HELLO:
            raise ProtocolViolation(f"{frame.kind.name} before HELLO")  # [H2]
        getattr(self, "_on_" + frame.kind.name.lower())(frame)

    def _on_hello(self, frame: Frame) -> None:
        if self.peer is not None:
            raise ProtocolViolation("a second HELLO")  # [H4]
        if not frame.payload.startswith(MAGIC):
            raise ProtocolViolation("HELLO without the protocol's magic bytes: not an Assay peer")
        hello = wire.Hello.FromString(frame.payload[len(MAGIC):])
        if not self.is_client:
            self._send_hello()  # [H1]
        if hello.min_version > MAX_VERSION or hello.max_version < MIN_VERSION:
            raise ProtocolViolation(  # [H3]
                f"no common protocol version: the peer speaks {hello.min_version} to "
                f"{hello.max_version}, this side {MIN_VERSION} to {MAX_VERSION}")
        if min(hello.max_frame_bytes, hello.max_message_bytes) < LEAST_LIMIT:
            raise ProtocolViolation("HELLO announces limits below 1,024 bytes")
        if max(hello.initial_stream_credit_bytes,
               hello.initial_connection_credit_bytes) > CREDIT_LIMIT:
            raise ProtocolViolation("HELLO announces credit over 2 GiB")  # [R2]
        self.peer = hello
        self.send_credit = hello.initial_connection_credit_bytes
        self._reader.limit = self.settings.max_frame_bytes
        self._events.append(Opened(hello))

    def _was_opened(self, number: int) -> bool:
        last = self._next_stream - 1 if self.is_client else self._last_peer_stream
        return number % 2 == 1 and number <= last

    def _open_stream(self, frame: Frame) -> Stream | None:
        """The stream of a frame; None if it is gone, a violation if it never was [C5]."""
        stream = self.streams.get(frame.stream)
        if stream is None and not self._was_opened(frame.stream):
            raise ProtocolViolation(f"{frame.kind.name} on stream {frame.stream}, never opened")
        return stream

    def _only_from(self, is_from_client: bool, frame: Frame) -> None:
        if self.is_client == is_from_client:
            raise ProtocolViolation(
                f"{frame.kind.name} from a {'server' if is_from_client else 'client'}")

    def _on_request(self, frame: Frame) -> None:
        self._only_from(True, frame)
        number = frame.stream
        if number % 2 == 0 or number <= self._last_peer_stream:  # [S1]
            raise ProtocolViolation(
                f"REQUEST on stream {number}, expected an odd one above {self._last_peer_stream}")
        request = wire.Request.FromString(frame.payload)
        self._last_peer_stream = number
        refusal = self._refusal()
        if refusal is not None:
            self._send(Kind.STATUS, number, refusal.to_wire(), Flag.END_STREAM)
            return
        stream = self._add_stream(number)
        stream.remote_closed = bool(frame.flags & Flag.END_STREAM)
        self._events.append(RequestReceived(number, request, stream.remote_closed))
        if request.HasField("message"):
            stream.waiting += 1
            self._events.append(MessageReceived(number, request.message, 0))
        if stream.remote_closed:
            self._events.append(HalfClosed(number))

    def _refusal(self) -> StatusError | None:
        if self.is_draining:
            return StatusError.unprocessed(StatusCode.UNAVAILABLE, "this server is draining")
        limit = self.settings.max_concurrent_streams
        if len(self.streams) < limit:
            return None
        error = StatusError.over_limit(
            f"over {limit} calls open on this connection", "max_concurrent_streams", limit,
            limit + 1, "max_concurrent_streams")
        error.details.not_processed = True  # [C8]
        return error

    def _on_message(self, frame: Frame) -> None:
        size = len(frame.payload)
        if size > self._receive_credit:  # [R1]
            raise ProtocolViolation(f"MESSAGE of {size} bytes exceeds the connection's credit")
        self._receive_credit -= size
        stream = self._open_stream(frame)
        if stream is None:
            self._give_back(None, size)  # [R4]
            return
        if stream.remote_closed:
            raise ProtocolViolation(f"MESSAGE on stream {frame.stream} after its END_STREAM")
        if size > stream.receive_credit:  # [R1]
            raise ProtocolViolation(
                f"MESSAGE of {size} bytes exceeds the credit of stream {frame.stream}")
        stream.receive_credit -= size
        self._assemble(stream, frame)

    def _assemble(self, stream: Stream, frame: Frame) -> None:
        end_stream = bool(frame.flags & Flag.END_STREAM)
        if frame.flags & Flag.EMPTY:
            if frame.payload or frame.flags & Flag.MORE or not end_stream or stream.in_message:
                raise ProtocolViolation("EMPTY on a MESSAGE that is not a bare END_STREAM")
        elif frame.flags & Flag.MORE:
            if end_stream:
                raise ProtocolViolation("END_STREAM in the middle of a message")  # [C3]
            stream.in_message = True
            self._append(stream, frame.payload)
            return
        elif self._append(stream, frame.payload, is_last=True):
            self._deliver(stream)
        else:
            return
        if end_stream:
            stream.remote_closed = True
            self._events.append(HalfClosed(stream.number))

    def _append(self, stream: Stream, payload: bytes, is_last: bool = False) -> bool:
        size = len(stream.assembly) + len(payload)
        if size > self.settings.max_message_bytes:
            self._give_back(None, stream.assembly_owed + len(payload))
            stream.assembly_owed = 0
            error = StatusError.over_limit(
                f"a message over the limit of {self.settings.max_message_bytes} bytes",
                "max_message_bytes", self.settings.max_message_bytes, size, "max_message_bytes")
            self._abort(stream, error)
            return False
        stream.assembly += payload
        stream.assembly_owed += len(payload)
        if not is_last and stream.waiting == 0:  # [R3]
            self._give_back(stream, stream.assembly_owed)
            stream.assembly_owed = 0
        return True

    def _deliver(self, stream: Stream) -> None:
        self._events.append(
            MessageReceived(stream.number, bytes(stream.assembly), stream.assembly_owed))
        stream.assembly.clear()
        stream.assembly_owed = 0
        stream.in_message = False
        stream.has_received_message = True
        stream.waiting += 1

    def _abort(self, stream: Stream, error: StatusError) -> None:
        if self.is_client:
            self.cancel(stream.number, error.message)
        else:
            self.finish(stream.number, error, at_once=True)
        self._events.append(Ended(stream.number, error, []))

    def _on_response(self, frame: Frame) -> None:
        self._only_from(False, frame)
        response = wire.Response.FromString(frame.payload)
        stream = self._open_stream(frame)
        if stream is None:
            return
        if stream.has_received_message or stream.in_message:
            raise ProtocolViolation(f"RESPONSE on stream {frame.stream} after a MESSAGE")  # [C1]
        if response.HasField("message"):
            stream.waiting += 1
            self._events.append(MessageReceived(frame.stream, response.message, 0))
        self._end(stream, None, entries(response.metadata))

    def _on_status(self, frame: Frame) -> None:
        self._only_from(False, frame)
        status = wire.Status.FromString(frame.payload)
        stream = self._open_stream(frame)
        if stream is not None:
            self._end(stream, StatusError.from_wire(status), entries(status.metadata))

    def _end(self, stream: Stream, error, metadata: list) -> None:
        del self.streams[stream.number]
        self._give_back(None, stream.assembly_owed)
        self._events.append(Ended(stream.number, error, metadata))

    def _on_cancel(self, frame: Frame) -> None:
        self._only_from(True, frame)
        reason = wire.Cancel.FromString(frame.payload).reason
        stream = self._open_stream(frame)
        if stream is not None:
            del self.streams[frame.stream]
            self._give_back(None, stream.assembly_owed)
            self._events.append(Cancelled(frame.stream, reason))

    def _on_credit(self, frame: Frame) -> None:
        count = wire.Credit.FromString(frame.payload).bytes
        if frame.stream == 0:
            self.send_credit += count
            total = self.send_credit
            streams = list(self.streams.values())
        else:
            stream = self._open_stream(frame)
            if stream is None:
                return
            stream.send_credit += count
            total = stream.send_credit
            streams = [stream]
        if total > CREDIT_LIMIT:
            raise ProtocolViolation("credit over 2 GiB")  # [R2]
        for stream in streams:
            self._pump(stream)
        self._events.append(CreditReceived())

    def _on_ping(self, frame: Frame) -> None:
        ping = wire.Ping.FromString(frame.payload)
        if frame.flags & Flag.ACK:
            self._events.append(Pong(ping.opaque))
        else:
            self._send(Kind.PING, 0, ping, Flag.ACK)  # [P2]

    def _on_goaway(self, frame: Frame) -> None:
        goaway = wire.Goaway.FromString(frame.payload)
        self.is_draining = True
        refused = []
        if self.is_client:
            refused = sorted(number for number in self.streams if number > goaway.last_stream)
            for number in refused:
                del self.streams[number]
        self._events.append(GoawayReceived(goaway.code, goaway.message, refused))
