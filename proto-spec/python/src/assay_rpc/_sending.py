"""Messages out, cut into frames as credit allows; credit given back; answers."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from . import _control
from ._call import Call, Outgoing
from ._credit import SendCredit, message_cost
from ._errors import RPCError, StatusCode, over_limit, runtime_error
from ._events import CallChanged
from ._frames import EMPTY, END_STREAM, MORE, Kind
from ._metadata import Metadata
from ._status import add_metadata, fitting, status_of

if TYPE_CHECKING:
    from ._connection import Connection

OUTPUT_HIGH_WATER_BYTES = 256 << 10
"""MESSAGE frames are made only below this: what is not taken is not made."""


class Sender:
    """What one connection sends on its streams."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.credit = SendCredit(0)
        """Of the connection."""
        self._blocked: deque[Call] = deque()
        """Calls with something in their outbox."""

    # Messages.

    def send_message(self, call: Call, outgoing: Outgoing) -> None:
        """Queues a message behind what the call has queued; raises what stops it."""
        if call.is_over or call.is_outbound_ended:
            raise call.failure or runtime_error(StatusCode.CANCELLED, f"{call.method}: it is over")
        peer = self._connection.peer
        size = len(outgoing.message or b"")
        if peer is not None and size > peer.max_message_bytes:
            raise self.message_over_limit(call, size)
        call.is_outbound_ended = outgoing.end_stream
        call.has_sent_message = True
        call.outbox.append(outgoing)
        if call.stream and len(call.outbox) == 1:
            self.queue(call)

    def message_over_limit(self, call: Call, size: int) -> RPCError:
        """The limit that the peer announced is met before anything is sent [H6]."""
        limit = self._connection.announced.max_message_bytes
        what = f"{call.method}: message larger than the peer takes"
        return over_limit(what, "max_message_bytes", limit, size)

    def queue(self, call: Call) -> None:
        """The call has something to send."""
        self._blocked.append(call)
        self.pump()

    def clear(self) -> None:
        """Nothing more is sent."""
        self._blocked.clear()

    def pump(self) -> None:
        """One frame of each call in turn, until credit or the output's room is used up."""
        output = self._connection.output
        idle = 0
        while idle < len(self._blocked) and output.size < OUTPUT_HIGH_WATER_BYTES:
            call = self._blocked.popleft()
            if call.is_over:
                continue
            idle = 0 if self._send_part(call) else idle + 1
            if call.outbox:
                self._blocked.append(call)
                continue
            self._connection.emit(CallChanged(call))
            if call.final_status is not None:
                self._send_status(call, call.final_status)

    def _send_part(self, call: Call) -> bool:
        connection = self._connection
        outgoing = call.outbox[0]
        if outgoing.message is None:
            connection.output.add(Kind.MESSAGE, EMPTY | END_STREAM, call.stream)
            call.outbox.popleft()
            return True
        left = len(outgoing.message) - outgoing.offset
        credit = min(call.send_credit.available, self.credit.available) - message_cost(0)
        size = min(left, connection.announced.max_frame_bytes, credit)
        if size < 0 or (size == 0 and left > 0):
            return False
        part = outgoing.message[outgoing.offset : outgoing.offset + size]
        outgoing.offset += size
        if size < left:
            flags = MORE
        else:
            flags = END_STREAM if outgoing.end_stream else 0
            call.outbox.popleft()
        call.send_credit.available -= message_cost(size)
        self.credit.available -= message_cost(size)
        connection.output.add(Kind.MESSAGE, flags, call.stream, bytes(part))
        return True

    # Credit.

    def give_back(self, call: Call | None, count: int) -> None:
        """The application took what cost ``count`` [R2]; no call: of one that is gone [R4]."""
        connection = self._connection
        if count == 0 or connection.wants_close:
            return
        self._send_credit(0, connection.receive_credit.give_back(count))
        if call is not None and call.stream in connection.streams and not call.is_inbound_ended:
            self._send_credit(call.stream, call.receive_credit.give_back(count))

    def _send_credit(self, stream: int, count: int) -> None:
        if count:
            payload = _control.Credit(bytes=count).SerializeToString()
            self._connection.output.add(Kind.CREDIT, 0, stream, payload)

    # Answers.

    def respond(self, call: Call, message: bytes, metadata: Metadata) -> None:
        """A success with one message: one frame, where it fits [C1]."""
        if call.is_over:
            return
        peer = self._connection.announced
        if len(message) > peer.max_message_bytes:
            self.finish(call, self.message_over_limit(call, len(message)), ())
            return
        response = _control.Response(message=message)
        add_metadata(response, metadata)
        if not call.has_sent_message and response.ByteSize() <= peer.max_frame_bytes:
            payload = response.SerializeToString()
            self._connection.output.add(Kind.RESPONSE, END_STREAM, call.stream, payload)
            self._answered(call, None)
            return
        call.send(message)
        self.finish(call, None, metadata)

    def finish(self, call: Call, error: RPCError | None, metadata: Metadata) -> None:
        """Ends the call behind the messages that were sent [C4]."""
        if call.is_over or call.final_status is not None:
            return
        call.is_outbound_ended = True
        status = status_of(error, metadata)
        limit = self._connection.announced.max_frame_bytes
        if error is None and status.ByteSize() > limit:
            what = f"{call.method}: the answer's metadata is too large"
            error = over_limit(what, "max_frame_bytes", limit, status.ByteSize())
            status = status_of(error)
        if call.outbox:
            call.final_status = status
        else:
            self._send_status(call, status)

    def abort(self, call: Call, error: RPCError) -> None:
        """Ends a call for a reason of this side's own; what it had queued is dropped."""
        if not call.is_over:
            call.outbox.clear()
            self._send_status(call, status_of(error), error)

    def refuse(self, stream: int, error: RPCError) -> None:
        """Answers a REQUEST that no handler will see [C8]."""
        payload = fitting(status_of(error), self._connection.announced.max_frame_bytes)
        self._connection.output.add(Kind.STATUS, END_STREAM, stream, payload)

    def _send_status(self, call: Call, status: Message, error: RPCError | None = None) -> None:
        payload = fitting(status, self._connection.announced.max_frame_bytes)
        self._connection.output.add(Kind.STATUS, END_STREAM, call.stream, payload)
        self._answered(call, error)

    def _answered(self, call: Call, error: RPCError | None) -> None:
        self._connection.streams.pop(call.stream, None)
        self._connection.end_call(call, error)
        call.abandon()
        self._connection.stream_ended()
