"""The protocol of one connection as a pure state machine: bytes in, events out; calls in, bytes
out. It does no I/O and reads no clock, so the threaded client, the asyncio client and the server
are thin layers over the same rules, and tests need no socket.

``proto-spec/wire.md`` is the specification; ids in brackets are its rules.
"""

from __future__ import annotations

from collections import deque

from google.protobuf.message import Message

from . import _control
from ._call import Call, Outgoing
from ._credit import ReceiveCredit, SendCredit
from ._errors import (
    HopTime,
    LimitExceeded,
    ProtocolViolation,
    RPCError,
    StatusCode,
    over_limit,
    runtime_error,
)
from ._events import CallChanged, ConnectionEnded, Event
from ._frames import (
    END_STREAM,
    FRAME_BYTES_BEFORE_HELLO,
    MAGIC,
    MAX_VERSION,
    MIN_VERSION,
    FrameReader,
    Kind,
)
from ._output import Output
from ._phase import Phase, Role
from ._receiving import Receiver
from ._sending import OUTPUT_HIGH_WATER_BYTES, Sender
from ._settings import Settings
from ._silence import Silence

HIGHEST_STREAM = 2_147_483_647
UNREAD_LIMIT_BYTES = 4 << 20
"""Unread by the peer; above it nothing is read from the peer [R5]."""
DRAIN_STEP_SECONDS = 1.0


class Connection:
    """One side of one connection. ``now`` is seconds of any clock that only goes forward."""

    def __init__(
        self,
        role: Role,
        settings: Settings = Settings(),
        *,
        now: float,
        credential: str = "",
        versions: tuple[int, int] = (MIN_VERSION, MAX_VERSION),
    ) -> None:
        self.role = role
        self.settings = settings
        self.versions = versions
        self.phase = Phase.AWAITING_HELLO
        self.peer: Settings | None = None
        """What the peer's HELLO announced."""
        self.peer_credential = ""
        self.now = now
        self.streams: dict[int, Call] = {}
        self.receive_credit = ReceiveCredit(settings.initial_connection_credit_bytes)
        self.highest_stream = 0
        """The highest that was ever opened."""
        self.output = Output()
        self.silence = Silence(now)
        self.close_error: RPCError | None = None
        self.ended: ProtocolViolation | None = None
        """What the peer did, if that is why the connection ends."""
        self._credential = credential
        self._reader = FrameReader()
        self.sender = Sender(self)
        self._receiver = Receiver(self)
        self._events: list[Event] = []
        self._waiting: deque[Call] = deque()
        self._drain_step_due: float | None = None
        self._next_deadline: float | None = None
        if role is Role.CLIENT:
            self.send_hello()

    @property
    def announced(self) -> Settings:
        """``peer``, where it is known to be there: every stream is younger than HELLO."""
        assert self.peer is not None
        return self.peer

    # What moves bytes uses these.

    @property
    def wants_close(self) -> bool:
        """Write what is left, end this direction, then drop input until the peer's end [G5]."""
        return self.phase is Phase.CLOSING

    @property
    def wants_input(self) -> bool:
        """Whether to read from the peer now [R5]."""
        return self.output.size < UNREAD_LIMIT_BYTES

    @property
    def has_output(self) -> bool:
        """Whether ``take_output`` gives something."""
        return self.output.size > 0

    def take_output(self, limit: int = OUTPUT_HIGH_WATER_BYTES) -> bytes:
        """Bytes to write."""
        data = self.output.take(limit)
        if data:
            self.sender.pump()
        return data

    def take_events(self) -> list[Event]:
        """What has happened since the last time."""
        events, self._events = self._events, []
        return events

    def receive(self, data: bytes, now: float) -> None:
        """Bytes arrived, in any pieces."""
        self.now = now
        if self.wants_close:
            return
        self._reader.feed(data)
        completed = False
        try:
            while not self.wants_close:
                limit = self.settings.max_frame_bytes
                if self.phase is Phase.AWAITING_HELLO:
                    limit = FRAME_BYTES_BEFORE_HELLO
                frame = self._reader.next_frame(limit)
                if frame is None:
                    break
                completed = True
                self._receiver.receive(frame)
        except ProtocolViolation as violation:
            self.fail(violation)
        self.silence.heard(now, self._reader.has_partial_frame, completed)

    def receive_eof(self, reason: str = "the peer closed it") -> None:
        """The peer has ended its direction, or the connection broke."""
        if not self.wants_close:
            self._close(runtime_error(StatusCode.UNAVAILABLE, f"connection lost: {reason}"))

    def next_timer(self) -> float | None:
        """When ``on_timer`` is due."""
        if self.wants_close:
            return None
        due = [self.silence.due, self._drain_step_due, self._next_deadline]
        return min(one for one in due if one is not None)

    def on_timer(self, now: float) -> None:
        """Time has passed."""
        self.now = now
        if self.wants_close:
            return
        try:
            if self.silence.check(now):
                self.output.add(Kind.PING, 0, 0, _control.Ping().SerializeToString())
        except ProtocolViolation as violation:
            self.fail(violation)
            return
        if self._drain_step_due is not None and now >= self._drain_step_due:
            self.end_drain()
        if self._next_deadline is not None and now >= self._next_deadline:
            self._deadlines_due(now)

    # Client: opening and leaving.

    def open_call(
        self,
        request: Message,
        *,
        message: bytes | None,
        timeout: float | None,
        now: float,
    ) -> Call:
        """Begins a call, now or when HELLO and the peer's limit of concurrent calls allow.

        ``message`` is the only one of the request; None if messages follow.
        """
        self.now = now
        deadline = None if timeout is None else now + timeout
        call = Call(self, request.method, deadline, now)
        call.request = request
        if self.phase not in (Phase.AWAITING_HELLO, Phase.OPEN):
            self.end_call(call, self._not_processed(f"{request.method}: connection is closing"))
            return call
        if message is not None:
            call.outbox.append(Outgoing(message, True))
            call.is_outbound_ended = True
        self._watch(deadline)
        self._waiting.append(call)
        self.start_waiting()
        return call

    def start_waiting(self) -> None:
        """Opens what waits, as far as the peer allows."""
        while self._waiting and self.phase is Phase.OPEN:
            if len(self.streams) >= self.announced.max_concurrent_streams:
                return
            call = self._waiting.popleft()
            if not call.is_over:
                self._start(call)

    def _start(self, call: Call) -> None:
        request = call.request
        if call.deadline is not None:
            request.timeout_microseconds = max(1, int((call.deadline - self.now) * 1e6))
        error = self._check_request(call)
        if error is not None:
            self.end_call(call, error)
            return
        flags = 0
        first = call.outbox[0] if call.outbox else None
        if first is not None and first.end_stream and first.message is not None:
            request.message = bytes(first.message)
            if request.ByteSize() <= self.announced.max_frame_bytes:
                flags = END_STREAM
                call.outbox.clear()
            else:
                request.ClearField("message")
        call.stream = self.highest_stream + 2 if self.highest_stream else 1
        self.highest_stream = call.stream
        self.add_stream(call)
        self.output.add(Kind.REQUEST, flags, call.stream, request.SerializeToString())
        call.request = None
        if call.outbox:
            self.sender.queue(call)

    def _check_request(self, call: Call) -> RPCError | None:
        for outgoing in call.outbox:
            size = len(outgoing.message or b"")
            if size > self.announced.max_message_bytes:
                return self.sender.message_over_limit(call, size)
        size = call.request.ByteSize()
        if size > self.announced.max_frame_bytes:
            return over_limit(
                f"{call.method}: metadata and credential make a REQUEST too large",
                "max_frame_bytes",
                self.announced.max_frame_bytes,
                size,
            )
        return None

    def cancel(self, call: Call, error: RPCError) -> None:
        """Client: leaves a call."""
        if call.is_over:
            return
        if self.streams.pop(call.stream, None) is not None:
            reason = error.message[:256]
            payload = _control.Cancel(reason=reason).SerializeToString()
            self.output.add(Kind.CANCEL, 0, call.stream, payload)
        self.end_call(call, error)
        call.abandon()
        self.stream_ended()

    def abort(self, call: Call, error: RPCError) -> None:
        """Ends a call for a reason of this side's own; what it had queued is dropped."""
        if self.role is Role.CLIENT:
            self.cancel(call, error)
        elif not call.is_over:
            self.sender.abort(call, error)

    # Bookkeeping that the receiver shares.

    def send_hello(self) -> None:
        """Announces what this side takes."""
        hello = self.settings.hello(self.versions, self._credential)
        self.output.add(Kind.HELLO, 0, 0, MAGIC + hello.SerializeToString())

    def emit(self, event: Event) -> None:
        """Tells whoever moves the bytes."""
        self._events.append(event)

    def add_stream(self, call: Call) -> None:
        """The stream is open: both sides have their first credit on it [R1]."""
        call.send_credit = SendCredit(self.announced.initial_stream_credit_bytes)
        call.receive_credit = ReceiveCredit(self.settings.initial_stream_credit_bytes)
        self.streams[call.stream] = call
        self._watch(call.deadline)

    def end_call(self, call: Call, error: RPCError | None) -> None:
        """The call is over; what arrived before can still be taken [C4]."""
        if call.is_over:
            return
        call.is_over = call.is_inbound_ended = call.is_outbound_ended = True
        call.failure = error
        call.outbox.clear()
        self.sender.give_back(None, call.inbox.drop_unfinished())
        self._events.append(CallChanged(call))

    def stream_ended(self) -> None:
        """One stream less: another may begin, or a drain is complete."""
        self.start_waiting()
        self.close_if_drained()

    def _not_processed(self, message: str) -> RPCError:
        return runtime_error(StatusCode.UNAVAILABLE, message, not_processed=True)

    def refusal(self) -> RPCError | None:
        """Server: why a REQUEST that arrives now is not taken."""
        if self.phase is not Phase.OPEN:
            return self._not_processed("this server is draining; call another one")
        limit = self.settings.max_concurrent_streams
        if len(self.streams) < limit:
            return None
        return runtime_error(
            StatusCode.RESOURCE_EXHAUSTED,
            f"over {limit} calls open on this connection (max_concurrent_streams)",
            not_processed=True,
            limit=LimitExceeded(
                "max_concurrent_streams", limit, limit + 1, "--max-concurrent-streams"
            ),
        )

    # Deadlines.

    def set_deadline(self, call: Call, deadline: float) -> None:
        """Server: a deadline for a call whose client has set none."""
        call.deadline = deadline
        self._watch(deadline)

    def _watch(self, deadline: float | None) -> None:
        if deadline is not None and (self._next_deadline is None or deadline < self._next_deadline):
            self._next_deadline = deadline

    def _deadlines_due(self, now: float) -> None:
        self._next_deadline = None
        self._waiting = deque(call for call in self._waiting if not call.is_over)
        # Those that wait first, or the end of another call would begin them.
        for call in [*self._waiting, *self.streams.values()]:
            if call.deadline is not None and call.deadline <= now:
                self.abort(call, self._deadline_exceeded(call, now))
            else:
                self._watch(call.deadline)

    def _deadline_exceeded(self, call: Call, now: float) -> RPCError:
        spent = int((now - call.started) * 1e6)
        place = "in the handler"
        if self.role is Role.CLIENT:
            place = "waiting for the peer" if call.stream else "waiting for a free stream"
        return runtime_error(
            StatusCode.DEADLINE_EXCEEDED,
            f"{call.method}: deadline exceeded after {spent // 1_000} ms, {place}",
            hops=(HopTime(place, spent),),
        )

    # The end.

    def drain(self) -> None:
        """Lets calls finish and none begin. A server drains in two steps, so that no request
        under way is lost [G4]."""
        if self.phase is Phase.AWAITING_HELLO:
            self._close(self._not_processed("closed before the peer's HELLO"))
        if self.phase is not Phase.OPEN or self._drain_step_due is not None:
            return
        if self.role is Role.CLIENT:
            self._say_goaway(0, 0, "closing")
            self.phase = Phase.DRAINING
            self.fail_waiting(self._not_processed("this channel is closing"))
            self.close_if_drained()
            return
        self._say_goaway(HIGHEST_STREAM, 0, "draining")
        self.output.add(Kind.PING, 0, 0, _control.Ping(opaque=1).SerializeToString())
        self._drain_step_due = self.now + DRAIN_STEP_SECONDS

    def end_drain(self) -> None:
        """Second step: requests that arrive from now on are not processed."""
        if self._drain_step_due is None:
            return
        self._drain_step_due = None
        self._say_goaway(self.highest_stream, 0, "draining")
        self.phase = Phase.DRAINING
        self.close_if_drained()

    def close_if_drained(self) -> None:
        """The connection closes with its last call [G1]."""
        if self.phase is Phase.DRAINING and not self.streams:
            self._close(self._not_processed("connection is drained"))

    def fail_waiting(self, error: RPCError) -> None:
        """Calls that never got a stream go elsewhere."""
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            self.end_call(call, error)

    def fail(self, violation: ProtocolViolation) -> None:
        """The peer broke the protocol, or fell silent: says so and closes [G2]."""
        if self.wants_close:
            return
        self.ended = violation
        self._say_goaway(
            self.highest_stream if self.role is Role.SERVER else 0,
            StatusCode.INTERNAL,
            f"protocol violation: {violation}",
        )
        self._close(runtime_error(StatusCode.UNAVAILABLE, f"connection closed: {violation}"))

    def close(self, reason: str = "closed by this side") -> None:
        """Closes now; open calls fail."""
        self._close(runtime_error(StatusCode.UNAVAILABLE, reason))

    def _say_goaway(self, last_stream: int, code: int, message: str) -> None:
        goaway = _control.Goaway(last_stream=last_stream, code=int(code), message=message[:1_000])
        self.output.add(Kind.GOAWAY, 0, 0, goaway.SerializeToString())

    def _close(self, error: RPCError) -> None:
        if self.wants_close:
            return
        self.phase = Phase.CLOSING
        error = self.close_error or error
        self.close_error = error
        streams, self.streams = self.streams, {}
        for call in streams.values():
            self.end_call(call, error)
        self.fail_waiting(self._not_processed(error.message))
        self.sender.clear()
        self._events.append(ConnectionEnded(error))
