"""Golden frames: one header of each kind and flag, and each payload with every field."""

from __future__ import annotations

from assay_rpc import _control
from assay_rpc._frames import ACK, EMPTY, END_STREAM, HEADER_BYTES, MAGIC, MORE, Kind, encode_frame
from google.protobuf import json_format
from google.protobuf.message import Message

DETAILS = {
    "field_violations": [
        {"field": "invites[2].email", "description": "is no address"},
        {"field": "train.csv", "description": "is no number", "line": 17, "column": 3},
    ],
    "retry_after_milliseconds": 1_500,
    "limit": {"name": "calls", "limit": 10, "actual": 11, "setting": "--calls-per-second"},
    "resource": {"kind": "use case", "name": "42"},
    "hops": [
        {"hop": "gateway", "spent_microseconds": 120},
        {"hop": "assay-catalog", "spent_microseconds": 29_000_000},
    ],
    "not_processed": True,
    "origin": "STATUS_ORIGIN_RUNTIME",
    "no_retry": True,
}


def frames() -> list[dict]:
    """All vectors."""
    hello = _control.Hello(
        min_version=1,
        max_version=1,
        max_frame_bytes=65_536,
        max_message_bytes=4 << 20,
        max_concurrent_streams=1_024,
        initial_stream_credit_bytes=1 << 20,
        initial_connection_credit_bytes=8 << 20,
        ping_interval_milliseconds=30_000,
        software="vectors/1",
        credential="key",
    )
    request = _control.Request(
        method="assay.testing.v1.EchoService.Unary",
        timeout_microseconds=30_000_000,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        principal=b"\x00\x01\xff",
        credential="key",
        attempt=2,
        message=b"\x0a\x02hi",
    )
    request.metadata.add(key="tag-bin", value=b"\x00\xff")
    request.metadata.add(key="tag-bin", value=b"")
    response = _control.Response(message=b"\x0a\x02hi")
    response.metadata.add(key="k", value=b"v")
    status = json_format.ParseDict(
        {"code": 8, "message": "over the limit – später", "details": DETAILS}, _control.Status()
    )
    status.metadata.add(key="k", value=b"v")
    most = 2_147_483_647
    goaway = _control.Goaway(last_stream=7, code=13, message="protocol violation: a second HELLO")
    return [
        _frame("hello", Kind.HELLO, 0, 0, hello, "every field", magic=True),
        _frame("hello of no version", Kind.HELLO, 0, 0, _control.Hello(), "no field", magic=True),
        _frame("request", Kind.REQUEST, END_STREAM, 1, request, "every field"),
        _frame(
            "request without a message",
            Kind.REQUEST,
            0,
            3,
            _control.Request(method="assay.testing.v1.EchoService.Chat"),
            "messages follow; no deadline",
        ),
        _frame(
            "request with an empty message",
            Kind.REQUEST,
            END_STREAM,
            5,
            _control.Request(method="assay.testing.v1.EchoService.Unary", message=b""),
            "a message of no bytes is present: its absence would be none",
        ),
        _frame("response", Kind.RESPONSE, END_STREAM, 1, response, "every field"),
        _frame(
            "response with an empty message",
            Kind.RESPONSE,
            END_STREAM,
            most,
            _control.Response(message=b""),
            "the highest stream",
        ),
        _bytes("message", Kind.MESSAGE, 0, 3, b"\x0a\x02hi", "a whole message"),
        _bytes("message of no bytes", Kind.MESSAGE, 0, 3, b"", "costs 64 of credit all the same"),
        _bytes("part of a message", Kind.MESSAGE, MORE, 3, b"\x0a", "the rest follows"),
        _bytes("last message", Kind.MESSAGE, END_STREAM, 3, b"\x02hi", "and half-close"),
        _bytes("half-close", Kind.MESSAGE, EMPTY | END_STREAM, 3, b"", "costs no credit"),
        _bytes("message, unknown flags", Kind.MESSAGE, 0xF0, 3, b"x", "F5: ignored"),
        _frame("success", Kind.STATUS, END_STREAM, 3, _control.Status(), "code 0: no bytes"),
        _frame("status", Kind.STATUS, END_STREAM, 3, status, "every field"),
        _frame(
            "status of a later version",
            Kind.STATUS,
            END_STREAM,
            3,
            _control.Status(code=99, details={"origin": 77}),
            "a code and an origin that nobody has defined yet are kept",
        ),
        _frame("cancel", Kind.CANCEL, 0, 3, _control.Cancel(reason="the user left"), "CANCEL"),
        _frame("credit of a stream", Kind.CREDIT, 0, 3, _control.Credit(bytes=1 << 20), "CREDIT"),
        _frame(
            "credit of the connection",
            Kind.CREDIT,
            0,
            0,
            _control.Credit(bytes=(1 << 31) - 1),
            "stream 0",
        ),
        _frame("ping", Kind.PING, 0, 0, _control.Ping(opaque=0x0123456789ABCDEF), "a question"),
        _frame(
            "echo of a ping",
            Kind.PING,
            ACK,
            0,
            _control.Ping(opaque=0x0123456789ABCDEF),
            "the answer",
        ),
        _frame(
            "first goaway of a drain",
            Kind.GOAWAY,
            0,
            0,
            _control.Goaway(last_stream=most, message="draining"),
            "G4: requests under way are still taken",
        ),
        _frame(
            "second goaway of a drain",
            Kind.GOAWAY,
            0,
            0,
            _control.Goaway(last_stream=9, message="draining"),
            "G4: streams above 9 were not processed",
        ),
        _frame("goaway that explains", Kind.GOAWAY, 0, 0, goaway, "G2"),
    ]


def _frame(
    name: str, kind: Kind, flags: int, stream: int, message: Message, text: str, magic: bool = False
) -> dict:
    payload = message.SerializeToString(deterministic=True)
    vector = _bytes(name, kind, flags, stream, MAGIC * magic + payload, text)
    vector["message"] = message.DESCRIPTOR.full_name
    vector["fields"] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return vector


def _bytes(name: str, kind: Kind, flags: int, stream: int, payload: bytes, text: str) -> dict:
    data = encode_frame(kind, flags, stream, payload)
    return {
        "name": name,
        "description": text,
        "kind": kind.name,
        "flags": flags,
        "stream": stream,
        "size": len(data) - HEADER_BYTES,
        "hex": data.hex(),
    }
