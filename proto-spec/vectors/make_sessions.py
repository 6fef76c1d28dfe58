"""Whole sessions between a client and a server, as the Python implementation holds them."""

from __future__ import annotations

from collections.abc import Callable

from assay_rpc import StatusCode, _control
from assay_rpc._errors import runtime_error
from assay_rpc._frames import ACK, END_STREAM, MAGIC, Kind, encode_frame
from google.protobuf.message import Message

from play import SERVICE, SETTINGS, Echo, Session, messages

_UNKNOWN = b"\xc2\x3e\x03new"
"""Field 1000 of type bytes, which no version has yet."""


def sessions() -> list[dict]:
    """All vectors."""
    return [
        _session("unary", "S1 C1", "one frame each way", _unary),
        _session("large unary", "C2 C3", "a message that fits no frame follows in parts", _large),
        _session("client streaming", "C1", "messages, half-close, one answer", _collect),
        _session("server streaming", "C4", "one message, many answers, STATUS", _expand),
        _session("bidirectional", "R2", "each message is answered before the next", _chat),
        _session("messages of no bytes", "R1", "64 of credit each, given back", _nothing),
        _session("cancel", "C7 C5", "CANCEL in the middle; nothing comes after it", _cancel),
        _session("error", "C4", "two answers, then a failing STATUS", _error),
        _session("ping", "P2", "asked by the client, echoed with ACK", _ping, True),
        _session("credit used up", "R1 R2", "the server waits until the client has read", _credit),
        _session("two calls at once", "S1", "their frames are interleaved", _two),
        _session("drain", "G1 G4", "two GOAWAY, a request between them is answered", _drain),
        _session("drain by the client", "G1", "its call finishes, then both close", _leave),
        _session(
            "a later version", "F5 H3 H7", "unknown flags and fields are ignored", _later, True
        ),
        _session("frames of a closed stream", "C5 R4", "dropped; credit goes back", _closed, True),
    ]


def _session(
    name: str, rules: str, text: str, script: Callable[[Session], None], scripted: bool = False
) -> dict:
    session = Session(scripted=scripted)
    script(session)
    assert session.client.ended is None and session.server.ended is None, name
    return {
        "name": name,
        "client": "scripted" if scripted else "calls",
        "rules": rules.split(),
        "description": text,
        "steps": session.steps,
    }


def _unary(session: Session) -> None:
    call = session.open("Unary", Echo(payload=b"hello"), timeout_microseconds=30_000_000)
    assert session.received[call] == [Echo(payload=b"hello").SerializeToString()]


def _large(session: Session) -> None:
    request = Echo(payload=b"\x01" * 5_000)
    call = session.open("Unary", request)
    assert session.received[call] == [request.SerializeToString()]


def _collect(session: Session) -> None:
    call = session.open("Collect", end=False)
    session.send(call, *messages(3, 10))
    call.half_close()
    session.settle()


def _expand(session: Session) -> None:
    session.open("Expand", Echo(response_count=3, response_bytes=4))


def _chat(session: Session) -> None:
    call = session.open("Chat", end=False)
    session.send(call, *messages(4, 600))
    call.half_close()
    session.settle()


def _nothing(session: Session) -> None:
    call = session.open("Collect", end=False)
    session.send(call, *[Echo() for _ in range(40)])
    call.half_close()
    session.settle()


def _cancel(session: Session) -> None:
    call = session.open("Chat", end=False)
    session.send(call, Echo(payload=b"1"))
    call.cancel(runtime_error(StatusCode.CANCELLED, "the user left"))
    session.settle()
    session.open("Unary", Echo(payload=b"2"))


def _error(session: Session) -> None:
    call = session.open("Chat", end=False)
    session.send(call, *messages(2, 4))
    session.send(call, Echo(status_code=9, status_message="enough"))
    assert call.failure.code is StatusCode.FAILED_PRECONDITION


def _ping(session: Session) -> None:
    session.raw(_greeting())
    ping = _control.Ping(opaque=0x1122334455667788).SerializeToString()
    session.raw(encode_frame(Kind.PING, 0, 0, ping))


def _credit(session: Session) -> None:
    session.reads = False
    call = session.open("Expand", Echo(response_count=5, response_bytes=900))
    assert not call.is_over, "the window holds two"
    session.read_all(call)
    assert call.is_over and len(session.received[call]) == 5


def _two(session: Session) -> None:
    first = session.open("Chat", end=False)
    second = session.open("Chat", end=False)
    for message in messages(2, 8):
        session.send(second, message)
        session.send(first, message)
    second.half_close()
    session.settle()
    first.half_close()
    session.settle()


def _drain(session: Session) -> None:
    call = session.open("Chat", end=False)
    session.send(call, Echo(payload=b"1"))
    session.drain()
    late = session.open("Unary", Echo(payload=b"sent before the GOAWAY was read"))
    assert late.is_over and late.failure is None
    session.send(call, Echo(payload=b"2"))
    call.half_close()
    session.settle()
    assert session.server.wants_close and session.client.wants_close


def _leave(session: Session) -> None:
    call = session.open("Chat", end=False)
    session.steps.append({"action": "drain", "by": "client"})
    session.client.drain()
    session.settle()
    session.send(call, Echo(payload=b"1"))
    call.half_close()
    session.settle()
    assert session.server.wants_close and session.client.wants_close


def _later(session: Session) -> None:
    message = Echo(payload=b"later").SerializeToString()
    goaway = _control.Goaway(message="bye")
    for kind, flags, stream, payload in (
        (Kind.HELLO, 0, 0, SETTINGS.hello((1, 9), "")),
        (Kind.REQUEST, END_STREAM, 1, _request("Unary", message=message)),
        (Kind.REQUEST, 0, 3, _request("Chat")),
        (Kind.MESSAGE, 0, 3, Echo(payload=b"later")),
        (Kind.CREDIT, 0, 3, _control.Credit(bytes=10)),
        (Kind.CREDIT, 0, 0, _control.Credit(bytes=10)),
        (Kind.PING, 0, 0, _control.Ping(opaque=7)),
        (Kind.PING, ACK, 0, _control.Ping(opaque=7)),
        (Kind.CANCEL, 0, 3, _control.Cancel(reason="r")),
        (Kind.GOAWAY, 0, 0, goaway),
    ):
        data = payload.SerializeToString() + _UNKNOWN
        if kind is Kind.HELLO:
            data = MAGIC + data
        session.raw(encode_frame(kind, flags | 0xF0, stream, data))


def _closed(session: Session) -> None:
    session.raw(_greeting())
    session.raw(encode_frame(Kind.REQUEST, 0, 1, _request("Chat").SerializeToString()))
    end = Echo(status_code=10, status_message="over").SerializeToString()
    session.raw(encode_frame(Kind.MESSAGE, 0, 1, end))
    message = Echo(payload=b"x" * 900).SerializeToString()
    for _ in range(12):
        # Sent before the STATUS was read: more than the connection's credit, unless it goes back.
        session.raw(encode_frame(Kind.MESSAGE, 0, 1, message))
    credit = _control.Credit(bytes=5).SerializeToString()
    session.raw(encode_frame(Kind.CREDIT, 0, 1, credit))
    session.raw(encode_frame(Kind.CANCEL, 0, 1))
    alive = _request("Unary", message=Echo(payload=b"alive").SerializeToString())
    session.raw(encode_frame(Kind.REQUEST, END_STREAM, 3, alive.SerializeToString()))


def _greeting() -> bytes:
    return encode_frame(Kind.HELLO, 0, 0, MAGIC + SETTINGS.hello((1, 1), "").SerializeToString())


def _request(method: str, **fields: object) -> Message:
    return _control.Request(method=f"{SERVICE}.{method}", **fields)
