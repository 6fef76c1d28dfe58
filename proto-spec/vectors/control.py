"""Golden vectors of single frames and of the messages that they carry."""

import struct

from assay.rpc.v1 import control_pb2 as wire
from assay_rpc.frames import MAGIC, Flag, Frame, Kind

from description import describe, fields


def frames() -> list:
    """Headers: every kind, every flag, the edges of the numbers."""
    vectors = []

    def add(name, ids, kind, flags, stream, payload=b""):
        frame = Frame(kind, flags, stream, payload)
        vectors.append({
            "name": name, "ids": ids, "hex": frame.encode().hex(), "size": len(payload),
            "kind": int(kind), "flags": int(flags), "stream": stream,
        })

    for kind in Kind:
        stream = 0 if kind in (Kind.HELLO, Kind.PING, Kind.GOAWAY) else 1
        add(f"kind_{kind.name.lower()}", ["F4"], kind, 0, stream, b"\x01\x02\x03")
    for flag in Flag:
        add(f"flag_{flag.name.lower()}", ["F4"], Kind.MESSAGE, flag, 1)
    add("flags_without_a_name_are_ignored", ["M1"], Kind.MESSAGE, 0xF0, 1)
    add("largest_client_stream", ["S1"], Kind.REQUEST, Flag.END_STREAM, 0x7FFF_FFFF)
    add("bytes_are_little_endian", ["F4"], Kind.MESSAGE, 0, 0x0102_0305, bytes(0x0204))
    return vectors


def control_messages() -> list:
    """Whole frames of every control message, with its fields."""
    vectors = []

    def add(name, ids, kind, stream, message, flags=0):
        payload = message.SerializeToString()
        if kind == Kind.HELLO:
            payload = MAGIC + payload
        frame = Frame(kind, flags, stream, payload)
        vectors.append({
            "name": name, "ids": ids, "message": message.DESCRIPTOR.full_name,
            "hex": frame.encode().hex(), "frame": describe(frame), "fields": fields(message),
        })

    hello = dict(
        min_version=1, max_version=1, max_frame_bytes=65_536, max_message_bytes=4 << 20,
        max_concurrent_streams=1024, initial_stream_credit_bytes=256 << 10,
        initial_connection_credit_bytes=8 << 20, ping_interval_milliseconds=30_000)
    add("hello", ["H1", "H7"], Kind.HELLO, 0, wire.Hello(**hello, software="vector/1"))
    add("hello_with_credential", ["H7"], Kind.HELLO, 0,
        wire.Hello(**hello, software="vector/1", credential="key-not-a-secret"))
    add("hello_of_a_later_version", ["H3", "H7"], Kind.HELLO, 0,
        wire.Hello(**{**hello, "max_version": 7}, software="later/7"))
    entries = [wire.MetadataEntry(key="a", value=b"1"),
               wire.MetadataEntry(key="a-bin", value=b"\x00\xff\x80"),
               wire.MetadataEntry(key="a", value=b"")]
    method = "assay.testing.v1.EchoService.Unary"
    add("request", ["C9"], Kind.REQUEST, 1, wire.Request(
        method=method, timeout_microseconds=30_000_000,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        principal=b"\x08\x01", credential="k", metadata=entries, attempt=2,
        message=b"\x0a\x02hi"), Flag.END_STREAM)
    add("request_with_an_empty_message", ["C9"], Kind.REQUEST, 3,
        wire.Request(method=method, message=b""), Flag.END_STREAM)
    add("request_without_a_message", ["C9"], Kind.REQUEST, 5, wire.Request(method=method))
    add("response", ["C1"], Kind.RESPONSE, 1,
        wire.Response(metadata=entries[:1], message=b"\x0a\x02hi"), Flag.END_STREAM)
    add("response_of_no_bytes", ["C1"], Kind.RESPONSE, 1, wire.Response(message=b""),
        Flag.END_STREAM)
    add("status_ok", ["C1"], Kind.STATUS, 1, wire.Status(), Flag.END_STREAM)
    add("status_negative_code", ["C10"], Kind.STATUS, 1, wire.Status(code=-1), Flag.END_STREAM)
    details = wire.StatusDetails(
        field_violations=[wire.FieldViolation(
            field="invites[2].email", description="no address", line=3, column=14)],
        retry_after_milliseconds=1500,
        limit=wire.LimitExceeded(name="max_message_bytes", limit=10, actual=-1, setting="--max"),
        resource=wire.ResourceReference(kind="use case", name="mri"),
        hops=[wire.HopTime(hop="gateway", spent_microseconds=12)], not_processed=True)
    add("status_with_details", ["C8", "C10"], Kind.STATUS, 1, wire.Status(
        code=3, message="gr\u00fc\u00dfe \t\n", details=details, metadata=entries[1:2]),
        Flag.END_STREAM)
    add("cancel", ["C7"], Kind.CANCEL, 1, wire.Cancel(reason="the caller left"))
    add("credit_of_a_stream", ["R2"], Kind.CREDIT, 1, wire.Credit(bytes=131_072))
    add("credit_of_the_connection", ["R2"], Kind.CREDIT, 0, wire.Credit(bytes=0x7FFF_FFFF))
    add("ping", ["P2"], Kind.PING, 0, wire.Ping(opaque=0x0102_0304_0506_0708))
    add("ping_echo", ["P2"], Kind.PING, 0, wire.Ping(opaque=0xFFFF_FFFF_FFFF_FFFF), Flag.ACK)
    add("goaway_drain", ["G1"], Kind.GOAWAY, 0, wire.Goaway(last_stream=7, message="draining"))
    add("goaway_violation", ["G2"], Kind.GOAWAY, 0,
        wire.Goaway(last_stream=1, code=13, message="protocol violation"))
    vectors.append(_with_unknown_field(wire.Ping(opaque=1)))
    return vectors


def _with_unknown_field(message) -> dict:
    """A field of a later version, number 99, is skipped by who does not know it."""
    payload = message.SerializeToString() + b"\x98\x06\x01"
    header = struct.pack("<IBBHI", len(payload), Kind.PING, 0, 0, 0)
    return {
        "name": "ping_with_a_field_of_a_later_version", "ids": ["M2"],
        "message": message.DESCRIPTOR.full_name, "hex": (header + payload).hex(),
        "frame": describe(Frame(Kind.PING, 0, 0, payload)), "fields": fields(message),
    }
