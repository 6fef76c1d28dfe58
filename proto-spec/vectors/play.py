"""A client and a server of the Python implementation, joined in memory; what each sends is kept."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from assay_rpc import Connection, Role, RPCError, Settings, StatusCode, _control
from assay_rpc._call import Call
from assay_rpc._events import CallArrived, CallChanged
from assay_rpc._frames import ACK, EMPTY, END_STREAM, MORE, FrameReader, Kind, encode_frame
from assay_rpc._messages import message_class
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from schema_echo import FILE_DESCRIPTOR_SET

SERVICE = "assay.testing.v1.EchoService"
_FLAGS = {END_STREAM: "END_STREAM", MORE: "MORE", EMPTY: "EMPTY", ACK: "ACK"}


def _echo() -> type[Message]:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(base64.b64decode(FILE_DESCRIPTOR_SET)).file:
        pool.AddSerializedFile(file.SerializeToString())
    return message_class(pool.FindMessageTypeByName("assay.testing.v1.Echo"))


Echo = _echo()

SETTINGS = Settings(
    max_frame_bytes=1_024,
    max_message_bytes=65_536,
    max_concurrent_streams=8,
    initial_stream_credit_bytes=2_048,
    initial_connection_credit_bytes=8_192,
    ping_interval_milliseconds=30_000,
    software="vectors/1",
)
"""What both sides of every session and every receiver of a reject vector announce."""


class EchoApplication:
    """The echo service on calls that never wait."""

    def __init__(self) -> None:
        self._totals: dict[Call, int] = {}

    def changed(self, call: Call) -> None:
        """Something of the call has changed."""
        if call.is_over or call.outbox or call.final_status is not None:
            return
        name = call.method.rpartition(".")[2]
        try:
            getattr(self, f"_{name.lower()}")(call)
        except RPCError as error:
            call.finish(error)

    def _unary(self, call: Call) -> None:
        if (request := _take(call)) is not None:
            if request.response_bytes:
                request.payload = b"\x07" * request.response_bytes
            call.respond(request.SerializeToString())

    def _collect(self, call: Call) -> None:
        while (request := _take(call)) is not None:
            self._totals[call] = self._totals.get(call, 0) + len(request.payload)
        if call.is_inbound_ended and not call.is_over:
            answer = Echo(response_bytes=self._totals.pop(call, 0))
            call.respond(answer.SerializeToString())

    def _expand(self, call: Call) -> None:
        if (request := _take(call)) is not None:
            for index in range(request.response_count):
                answer = Echo(payload=bytes([index % 256]) * request.response_bytes)
                call.send(answer.SerializeToString())
            call.finish(None)

    def _chat(self, call: Call) -> None:
        while (request := _take(call)) is not None:
            call.send(request.SerializeToString())
        if call.is_inbound_ended and not call.is_over:
            call.finish(None)


def _take(call: Call) -> Message | None:
    data = call.take()
    if data is None:
        return None
    request = Echo.FromString(data)
    if request.status_code:
        raise RPCError(StatusCode(request.status_code), request.status_message)
    return request


class Session:
    """Steps of both sides, in the order in which they happened.

    With ``scripted`` the client is no connection but the bytes that ``raw`` is given: it may do
    what ours would not.
    """

    def __init__(self, settings: Settings = SETTINGS, *, scripted: bool = False) -> None:
        self.steps: list[dict] = []
        self.client = Connection(Role.CLIENT, settings, now=0.0)
        self.server = Connection(Role.SERVER, settings, now=0.0)
        self.reads = True
        """Whether the client takes messages as they arrive."""
        self.received: dict[Call, list[bytes]] = {}
        self._application = EchoApplication()
        self._is_scripted = scripted
        self._under_way = b""
        self.settle()

    def open(self, method: str, *messages: Message, end: bool = True, **fields: object) -> Call:
        """Begins a call; the only message goes with the REQUEST."""
        call = self.begin(method, *messages, end=end, **fields)
        self.settle()
        return call

    def begin(self, method: str, *messages: Message, end: bool = True, **fields: object) -> Call:
        """The same; nothing is moved yet."""
        request = _control.Request(method=f"{SERVICE}.{method}", **fields)
        only = messages[0].SerializeToString() if end and len(messages) == 1 else None
        call = self.client.open_call(request, message=only, timeout=None, now=0.0)
        if only is None:
            for message in messages:
                call.send(message.SerializeToString())
            if end:
                call.half_close()
        return call

    def send(self, call: Call, *messages: Message) -> None:
        """More messages of an open call, each arriving before the next is sent."""
        for message in messages:
            call.send(message.SerializeToString())
            self.settle()

    def raw(self, data: bytes) -> None:
        """Bytes of a client that is scripted."""
        self._deliver("client", data)
        self.settle()

    def drain(self) -> None:
        """The server begins to drain; the client reads of it after its own next frame."""
        self.steps.append({"action": "drain", "by": "server"})
        self.server.drain()
        self._under_way = self.server.take_output()

    def settle(self) -> None:
        """Until nothing moves any more."""
        moved = True
        while moved:
            moved = self._react()
            if not self._is_scripted and (data := self.client.take_output()):
                moved = True
                self._deliver("client", data)
            if data := self._under_way + self.server.take_output():
                moved = True
                self._under_way = b""
                self._deliver("server", data)

    def _deliver(self, side: str, data: bytes) -> None:
        self._keep(side, data)
        if side == "client":
            self.server.receive(data, 0.0)
        elif not self._is_scripted:
            self.client.receive(data, 0.0)

    def _keep(self, side: str, data: bytes) -> None:
        reader = FrameReader()
        reader.feed(data)
        while (frame := reader.next_frame(1 << 31)) is not None:
            text = encode_frame(*frame)
            self.steps.append({"from": side, "frame": _name(frame), "hex": text.hex()})

    def _react(self) -> bool:
        served, noticed = self.server.take_events(), self.client.take_events()
        for event in served:
            if isinstance(event, (CallArrived, CallChanged)):
                self._application.changed(event.call)
        for event in noticed:
            if isinstance(event, CallChanged) and self.reads:
                self._read(event.call)
        return bool(served or noticed)

    def read_all(self, call: Call) -> None:
        """A client that has not read does so now."""
        self.steps.append({"action": "read", "by": "client", "stream": call.stream})
        self.reads = True
        self._read(call)
        self.settle()

    def _read(self, call: Call) -> None:
        while (data := call.take()) is not None:
            self.received.setdefault(call, []).append(data)


def _name(frame) -> str:
    flags = "|".join(name for bit, name in _FLAGS.items() if frame.flags & bit)
    unknown = frame.flags & ~sum(_FLAGS)
    if unknown:
        flags += f"|{unknown:#04x}"
    stream = f" on {frame.stream}" if frame.stream else ""
    return f"{Kind(frame.kind).name}{stream}{' ' + flags if flags else ''}".strip()


def messages(count: int, size: int) -> Iterable[Message]:
    """Messages that differ."""
    return [Echo(payload=bytes([index % 251]) * size) for index in range(count)]
