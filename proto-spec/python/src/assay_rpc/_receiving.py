"""Frames in: each kind to what it changes in its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _control
from ._call import Call
from ._credit import message_cost
from ._errors import ProtocolViolation, RPCError, StatusCode, over_limit, runtime_error
from ._events import CallArrived, CallChanged, PeerDraining, PeerReady
from ._frames import ACK, EMPTY, END_STREAM, MAGIC, MORE, Frame, Kind
from ._phase import Phase, Role
from ._settings import settings_of
from ._status import error_from_status, read_metadata

if TYPE_CHECKING:
    from ._connection import Connection

_LONGEST_TIMEOUT_SECONDS = 366 * 86_400.0


class Receiver:
    """Reads what the peer sends and holds it to the rules."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_client = connection.role is Role.CLIENT
        self._handlers = {
            Kind.HELLO: self._hello,
            Kind.REQUEST: self._request,
            Kind.RESPONSE: self._response,
            Kind.MESSAGE: self._message,
            Kind.STATUS: self._status,
            Kind.CANCEL: self._cancel,
            Kind.CREDIT: self._credit,
            Kind.PING: self._ping,
            Kind.GOAWAY: self._goaway,
        }

    def receive(self, frame: Frame) -> None:
        """One frame; raises ``ProtocolViolation``."""
        is_early = self._connection.peer is None
        # A server that cannot read a HELLO says why in a GOAWAY: that may come first.
        if is_early and frame.kind not in (Kind.HELLO, Kind.GOAWAY):
            raise ProtocolViolation("H2", f"{frame.kind.name} before HELLO")
        self._handlers[frame.kind](frame)

    def _hello(self, frame: Frame) -> None:
        connection = self._connection
        if connection.peer is not None:
            raise ProtocolViolation("H4", "a second HELLO")
        if frame.payload[: len(MAGIC)] != MAGIC:
            raise ProtocolViolation("F6", "HELLO without the magic bytes: not an Assay peer")
        hello = _control.parse(_control.Hello, frame.payload[len(MAGIC) :])
        if not self._is_client:
            connection.send_hello()
        lowest, highest = connection.versions
        if hello.min_version > highest or hello.max_version < lowest:
            raise ProtocolViolation(
                "H3",
                f"no common protocol version: the peer speaks {hello.min_version} to "
                f"{hello.max_version}, this side {lowest} to {highest}",
            )
        peer = settings_of(hello)
        connection.peer = peer
        connection.peer_credential = hello.credential
        connection.sender.credit.available = peer.initial_connection_credit_bytes
        interval = max(
            connection.settings.ping_interval_milliseconds, peer.ping_interval_milliseconds
        )
        connection.silence.peer_ready(interval / 1_000)
        connection.phase = Phase.OPEN
        connection.emit(PeerReady())
        connection.start_waiting()

    def _request(self, frame: Frame) -> None:
        connection = self._connection
        if self._is_client:
            raise ProtocolViolation("F2", "REQUEST from a server")
        request = _control.parse(_control.Request, frame.payload)
        if frame.stream % 2 == 0:
            raise ProtocolViolation("S1", f"REQUEST on even stream {frame.stream}")
        if frame.stream <= connection.highest_stream:
            raise ProtocolViolation(
                "S1", f"REQUEST on stream {frame.stream}, not above {connection.highest_stream}"
            )
        connection.highest_stream = frame.stream
        refusal = connection.refusal()
        if refusal is not None:
            connection.sender.refuse(frame.stream, refusal)
            return
        deadline = None
        if request.timeout_microseconds:
            seconds = min(request.timeout_microseconds / 1e6, _LONGEST_TIMEOUT_SECONDS)
            deadline = connection.now + seconds
        call = Call(connection, request.method, deadline, connection.now)
        call.request = request
        call.stream = frame.stream
        connection.add_stream(call)
        call.is_inbound_ended = bool(frame.flags & END_STREAM)
        if request.HasField("message"):
            call.inbox.add_inline(request.message)
            request.ClearField("message")
        connection.emit(CallArrived(call))

    def _message(self, frame: Frame) -> None:
        connection = self._connection
        is_empty = bool(frame.flags & EMPTY)
        cost = 0 if is_empty else message_cost(len(frame.payload))
        connection.receive_credit.spend(cost, "the connection")
        call = self._find(frame)
        if call is None:
            connection.sender.give_back(None, cost)
            return
        if call.is_inbound_ended:
            raise ProtocolViolation("C5", f"MESSAGE on stream {frame.stream} after its END_STREAM")
        call.receive_credit.spend(cost, f"stream {frame.stream}")
        ends = bool(frame.flags & END_STREAM)
        more = bool(frame.flags & MORE)
        call.inbox.has_had_frames = True
        if is_empty:
            if frame.payload or not ends or more or call.inbox.is_in_message:
                raise ProtocolViolation("C3", "EMPTY on what is not a bare END_STREAM")
        else:
            if more and ends:
                raise ProtocolViolation("C3", "END_STREAM in the middle of a message")
            if not self._take_part(call, frame, more, cost):
                return
        call.is_inbound_ended = ends
        connection.emit(CallChanged(call))

    def _take_part(self, call: Call, frame: Frame, more: bool, cost: int) -> bool:
        """False if the message is larger than this side takes: the call fails, others go on."""
        connection = self._connection
        size = call.inbox.unfinished_bytes + len(frame.payload)
        limit = call.max_message_bytes
        if size > limit:
            connection.sender.give_back(None, cost)
            connection.abort(
                call,
                over_limit(f"{call.method}: message too large", "max_message_bytes", limit, size),
            )
            return False
        connection.sender.give_back(call, call.inbox.add_part(frame.payload, more))
        return True

    def _response(self, frame: Frame) -> None:
        self._expect_client(frame)
        response = _control.parse(_control.Response, frame.payload)
        call = self._find(frame)
        if call is None:
            return
        if call.inbox.has_had_frames:
            raise ProtocolViolation("C1", f"RESPONSE on stream {frame.stream} after a MESSAGE")
        if response.HasField("message"):
            call.inbox.add_inline(response.message)
        call.metadata = read_metadata(response.metadata)
        self._end(call, None)

    def _status(self, frame: Frame) -> None:
        self._expect_client(frame)
        status = _control.parse(_control.Status, frame.payload)
        call = self._find(frame)
        if call is None:
            return
        call.metadata = read_metadata(status.metadata)
        error = error_from_status(status)
        if error is None and call.inbox.is_in_message:
            error = runtime_error(StatusCode.INTERNAL, f"{call.method}: success in mid-message")
        self._end(call, error)

    def _end(self, call: Call, error: RPCError | None) -> None:
        del self._connection.streams[call.stream]
        self._connection.end_call(call, error)
        self._connection.stream_ended()

    def _cancel(self, frame: Frame) -> None:
        connection = self._connection
        if self._is_client:
            raise ProtocolViolation("F2", "CANCEL from a server")
        _control.parse(_control.Cancel, frame.payload)
        call = self._find(frame)
        if call is None:
            return
        # The server sends nothing more on the stream [C7].
        del connection.streams[call.stream]
        connection.end_call(call, runtime_error(StatusCode.CANCELLED, "the caller cancelled"))
        call.abandon()
        connection.stream_ended()

    def _credit(self, frame: Frame) -> None:
        connection = self._connection
        count = _control.parse(_control.Credit, frame.payload).bytes
        if frame.stream == 0:
            connection.sender.credit.add(count, "the connection")
        else:
            call = self._find(frame)
            if call is None:
                return
            call.send_credit.add(count, f"stream {frame.stream}")
        connection.sender.pump()

    def _ping(self, frame: Frame) -> None:
        ping = _control.parse(_control.Ping, frame.payload)
        if not frame.flags & ACK:
            # The same bytes: fields of a later version are echoed too.
            self._connection.output.add(Kind.PING, ACK, 0, frame.payload)
        elif ping.opaque == 1:
            self._connection.end_drain()

    def _goaway(self, frame: Frame) -> None:
        connection = self._connection
        goaway = _control.parse(_control.Goaway, frame.payload)
        if self._is_client and connection.peer is not None:
            self._send_elsewhere(goaway.last_stream)
        if goaway.code != 0:
            code = StatusCode.of(goaway.code)
            connection.close_error = runtime_error(
                code, f"the peer closed the connection: {goaway.message}"
            )
            connection.close()
        elif connection.peer is None:
            connection.close("GOAWAY before HELLO")
        else:
            connection.phase = Phase.DRAINING
            connection.emit(PeerDraining())
            connection.close_if_drained()

    def _send_elsewhere(self, last_stream: int) -> None:
        """Client: calls that the peer will not process."""
        connection = self._connection
        error = runtime_error(StatusCode.UNAVAILABLE, "the peer is draining", not_processed=True)
        for stream in sorted(connection.streams):
            if stream > last_stream:
                connection.end_call(connection.streams.pop(stream), error)
        connection.fail_waiting(error)

    def _expect_client(self, frame: Frame) -> None:
        if not self._is_client:
            raise ProtocolViolation("F2", f"{frame.kind.name} from a client")

    def _find(self, frame: Frame) -> Call | None:
        """The frame's call; None if its stream is gone [C5]."""
        call = self._connection.streams.get(frame.stream)
        if call is None:
            highest = self._connection.highest_stream
            if frame.stream % 2 == 0 or frame.stream > highest:
                raise ProtocolViolation(
                    "C5", f"{frame.kind.name} on stream {frame.stream}, never opened"
                )
        return call
