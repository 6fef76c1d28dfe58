"""The sending half of a connection: calls in, bytes out, as far as credit allows.

The bracketed ids are those of `proto-spec/wire.md`.
"""

from __future__ import annotations

from assay.rpc.v1 import control_pb2 as wire

from .frames import MAGIC, MAX_VERSION, MIN_VERSION, Flag, Frame, Kind
from .status import StatusError, metadata_entries
from .stream import Outgoing, Settings, Stream


class Sender:
    """Opens calls, cuts messages into frames, gives credit back."""

    def __init__(self, settings: Settings | None):
        self.settings = settings or Settings()
        self.peer: wire.Hello | None = None
        self.streams: dict[int, Stream] = {}
        self.is_draining = False
        self.is_over = False
        self.send_credit = 0
        self._receive_credit = self.settings.initial_connection_credit_bytes
        self._consumed = 0
        self._next_stream = 1
        self._last_peer_stream = 0
        self._output = bytearray()

    def take_output(self) -> bytes:
        """What is to be written to the transport now."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def _send(self, kind: Kind, stream: int, message, flags: int = 0) -> None:
        self._output += Frame(kind, flags, stream, message.SerializeToString()).encode()

    def _send_hello(self) -> None:
        hello = wire.Hello(
            min_version=MIN_VERSION, max_version=MAX_VERSION, **self.settings.hello_fields())
        payload = MAGIC + hello.SerializeToString()
        self._output += Frame(Kind.HELLO, 0, 0, payload).encode()

    # Calls

    @property
    def can_open(self) -> bool:
        return (self.peer is not None and not self.is_draining
                and len(self.streams) < self.peer.max_concurrent_streams)

    def check_size(self, size: int, method: str) -> None:
        """The limit was announced, so the sender is the one to check it [H6]."""
        limit = self.peer.max_message_bytes
        if size > limit:
            raise StatusError.over_limit(
                f"{method}: a message of {size} bytes is over the peer's limit of {limit}",
                "max_message_bytes", limit, size, "max_message_bytes")

    def _add_stream(self, number: int) -> Stream:
        stream = Stream(number, self.peer.initial_stream_credit_bytes,
                        self.settings.initial_stream_credit_bytes)
        self.streams[number] = stream
        return stream

    def open(self, request, message: bytes | None = None, end_stream: bool = False) -> int:
        """Client: begins a call, with its first message if there is one; the stream's number."""
        request = wire.Request.FromString(request.SerializeToString())
        if message is not None:
            self.check_size(len(message), request.method)
            request.message = message
        limit = self.peer.max_frame_bytes
        inline = request.ByteSize() <= limit
        if not inline and message is not None:  # [C2]
            request.ClearField("message")
        if request.ByteSize() > limit:
            raise StatusError.over_limit(
                f"{request.method}: metadata and credential make a REQUEST of "
                f"{request.ByteSize()} bytes, over the peer's limit of {limit}",
                "max_frame_bytes", limit, request.ByteSize(), "max_frame_bytes")
        number = self._next_stream
        self._next_stream += 2
        stream = self._add_stream(number)
        ends_here = end_stream and inline
        self._send(Kind.REQUEST, number, request, Flag.END_STREAM if ends_here else 0)
        stream.local_closed = ends_here
        if not inline:
            self.send_message(number, message, end_stream=end_stream)
        return number

    def send_message(self, number: int, data: bytes, end_stream: bool = False) -> None:
        self._queue(number, Outgoing(data=data, end_stream=end_stream))

    def half_close(self, number: int) -> None:
        """Client: no more messages follow."""
        self._queue(number, Outgoing(end_stream=True))

    def respond(self, number: int, data: bytes, metadata=()) -> None:
        """Server: ends the call with one message and OK, in one frame if it fits [C1]."""
        stream = self.streams.get(number)
        if stream is None:
            return
        response = wire.Response(metadata=metadata_entries(metadata), message=data)
        if not stream.has_sent_message and response.ByteSize() <= self.peer.max_frame_bytes:
            del self.streams[number]
            self._send(Kind.RESPONSE, number, response, Flag.END_STREAM)
            return
        self.send_message(number, data)
        self._queue(number, Outgoing(status=wire.Status(metadata=metadata_entries(metadata))))

    def finish(self, number: int, error: StatusError | None = None, metadata=(),
               at_once: bool = False) -> None:
        """Server: ends the call with a status, behind the messages that wait unless `at_once`."""
        status = error.to_wire() if error else wire.Status(metadata=metadata_entries(metadata))
        if at_once and number in self.streams:
            self.streams[number].outbox.clear()
        self._queue(number, Outgoing(status=status))

    def cancel(self, number: int, reason: str = "") -> None:
        """Client: ends the call at once; nothing if it is over."""
        stream = self.streams.pop(number, None)
        if stream is not None:
            self._give_back(None, stream.assembly_owed)
            self._send(Kind.CANCEL, number, wire.Cancel(reason=reason))

    def ping(self, opaque: int) -> None:
        self._send(Kind.PING, 0, wire.Ping(opaque=opaque))

    def drain(self, message: str = "draining") -> None:
        """Says GOAWAY: calls finish, none begin [G1]."""
        self.is_draining = True
        self._send(Kind.GOAWAY, 0, wire.Goaway(last_stream=self._last_peer_stream, message=message))

    def taken(self, number: int, owed: int) -> None:
        """The application has taken a message: its credit goes back to the sender [R2]."""
        stream = self.streams.get(number)
        if stream is not None:
            stream.waiting -= 1
        self._give_back(stream, owed)

    def _queue(self, number: int, item: Outgoing) -> None:
        stream = self.streams.get(number)
        if stream is not None and not stream.local_closed:
            stream.outbox.append(item)
            self._pump(stream)

    def _pump(self, stream: Stream) -> None:
        while stream.outbox and self._frame(stream, stream.outbox[0]):
            stream.outbox.popleft()

    def _frame(self, stream: Stream, item: Outgoing) -> bool:
        """Sends as much of an item as credit allows; whether that was all."""
        if item.status is not None:
            self.streams.pop(stream.number, None)
            self._give_back(None, stream.assembly_owed)
            self._send(Kind.STATUS, stream.number, self._fitting(item.status), Flag.END_STREAM)
            return True
        if item.data is None:
            self._message_frame(stream, b"", Flag.EMPTY | Flag.END_STREAM)
            return True
        while True:
            rest = len(item.data) - item.offset
            size = min(rest, stream.send_credit, self.send_credit, self.peer.max_frame_bytes)
            if size == 0 and rest > 0:
                return False
            part = item.data[item.offset : item.offset + size]
            item.offset += size
            stream.send_credit -= size
            self.send_credit -= size
            if size < rest:
                self._message_frame(stream, part, Flag.MORE)  # [C3]
                continue
            self._message_frame(stream, part, Flag.END_STREAM if item.end_stream else 0)
            return True

    def _fitting(self, status):
        """A status that fits a frame of the peer: the code matters most, the sentence next."""
        limit = self.peer.max_frame_bytes
        if status.ByteSize() <= limit:
            return status
        room = max(0, limit - 64)
        message = status.message.encode()[:room].decode(errors="ignore")
        return wire.Status(code=status.code, message=message)

    def _message_frame(self, stream: Stream, part: bytes, flags: int) -> None:
        stream.has_sent_message = True
        stream.local_closed = bool(flags & Flag.END_STREAM)
        self._output += Frame(Kind.MESSAGE, flags, stream.number, part).encode()

    def _give_back(self, stream: Stream | None, count: int) -> None:
        """Grants go back by half windows, so that a small message costs no frame."""
        if count == 0 or self.is_over:
            return
        self._consumed += count
        if self._consumed * 2 >= self.settings.initial_connection_credit_bytes:
            self._receive_credit += self._consumed
            self._send(Kind.CREDIT, 0, wire.Credit(bytes=self._consumed))
            self._consumed = 0
        if stream is None or stream.remote_closed:
            return
        stream.consumed += count
        if stream.consumed * 2 >= self.settings.initial_stream_credit_bytes:
            stream.receive_credit += stream.consumed
            self._send(Kind.CREDIT, stream.number, wire.Credit(bytes=stream.consumed))
            stream.consumed = 0
