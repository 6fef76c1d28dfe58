"""Bytes that a receiver must refuse: it says GOAWAY with a code, and closes.

`to` is who receives them, `after` how far the connection has come by then: "connect" (nothing was
said), "hello" (both have said it), "request" (stream 1 is open, both ways). A server that receives
is told `HELLO`, then `REQUEST` without message; a client has begun a bidirectional call.
"""

import struct

from assay.rpc.v1 import control_pb2 as wire
from assay_rpc import Settings
from assay_rpc.frames import MAGIC, MAXIMUM_HELLO_BYTES, Flag, Frame, Kind
from assay_rpc.protocol import Connection

#: What the receiver announces in these vectors.
RECEIVER = dict(
    max_frame_bytes=4096, max_message_bytes=16_384, max_concurrent_streams=4,
    initial_stream_credit_bytes=8192, initial_connection_credit_bytes=10_240,
    ping_interval_milliseconds=30_000)
BOTH = ("server", "client")


def hello(**fields) -> bytes:
    base = dict(
        min_version=1, max_version=1, max_frame_bytes=65_536, max_message_bytes=4 << 20,
        max_concurrent_streams=16, initial_stream_credit_bytes=65_536,
        initial_connection_credit_bytes=1 << 20, ping_interval_milliseconds=30_000)
    return frame(Kind.HELLO, 0, MAGIC + wire.Hello(**{**base, **fields}).SerializeToString())


def request(stream=1, **fields) -> bytes:
    message = wire.Request(method="assay.testing.v1.EchoService.Chat", **fields)
    return frame(Kind.REQUEST, stream, message.SerializeToString())


def frame(kind, stream, payload=b"", flags=0) -> bytes:
    return Frame(kind, flags, stream, payload).encode()


def raw(size, kind, flags, reserved, stream) -> bytes:
    return struct.pack("<IBBHI", size, kind, flags, reserved, stream)


def rejects() -> list:
    vectors = []

    def add(name, ids, to, after, data, mentions=""):
        for receiver in [to] if isinstance(to, str) else to:
            vectors.append({
                "name": f"{receiver}_{name}", "ids": ids, "to": receiver, "after": after,
                "receiver": RECEIVER, "hello": hello().hex(),
                "request": request().hex() if receiver == "server" else "",
                "hex": data.hex(), "goaway_code": 13, "mentions": mentions,
            })

    header_rejects(add)
    hello_rejects(add)
    stream_rejects(add)
    credit_rejects(add)
    for vector in vectors:
        _prove(vector)
    return vectors


def header_rejects(add) -> None:
    add("reserved_bits", ["F1"], BOTH, "hello", raw(0, Kind.PING, 0, 1, 0), "reserved")
    add("reserved_high_bit", ["F1"], BOTH, "hello", raw(0, Kind.PING, 0, 0x8000, 0), "reserved")
    add("reserved_bits_before_hello", ["F1"], BOTH, "connect",
        raw(0, Kind.HELLO, 0, 1, 0), "reserved")
    for kind in (0, 10, 255):
        add(f"kind_{kind}", ["F2"], BOTH, "hello", raw(0, kind, 0, 0, 0), "kind")
    add("frame_over_the_limit", ["F3"], BOTH, "hello",
        raw(4097, Kind.MESSAGE, 0, 0, 1), "limit")
    add("frame_of_4_gib", ["F3"], BOTH, "hello", raw(0xFFFF_FFFF, Kind.MESSAGE, 0, 0, 1), "limit")
    add("hello_over_16_kib", ["F3"], BOTH, "connect",
        raw(MAXIMUM_HELLO_BYTES + 1, Kind.HELLO, 0, 0, 0), "limit")


def hello_rejects(add) -> None:
    add("another_protocol", ["H7"], BOTH, "connect",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    add("magic_wrong", ["H7"], BOTH, "connect",
        frame(Kind.HELLO, 0, b"ASSAY\n\n\0" + wire.Hello(min_version=1).SerializeToString()),
        "magic")
    add("magic_cut_off", ["H7"], BOTH, "connect", frame(Kind.HELLO, 0, MAGIC[:5]), "magic")
    add("hello_malformed", ["H7"], BOTH, "connect",
        frame(Kind.HELLO, 0, MAGIC + b"\x08"), "HELLO".lower())
    for kind in (Kind.MESSAGE, Kind.PING, Kind.CREDIT, Kind.GOAWAY):
        add(f"{kind.name.lower()}_before_hello", ["H2"], BOTH, "connect",
            frame(kind, 0 if kind != Kind.MESSAGE else 1), "HELLO".lower())
    add("request_before_hello", ["H2"], "server", "connect", request(), "hello")
    add("versions_too_new", ["H3"], BOTH, "connect", hello(min_version=2, max_version=9), "2 to 9")
    add("versions_too_old", ["H3"], BOTH, "connect", hello(min_version=0, max_version=0), "0 to 0")
    add("second_hello", ["H4"], BOTH, "hello", hello(), "second")
    add("limits_below_1_kib", ["M5"], BOTH, "connect", hello(max_frame_bytes=1023), "1,024")
    add("hello_credit_over_2_gib", ["R2"], BOTH, "connect",
        hello(initial_connection_credit_bytes=(1 << 31) + 1), "credit")


def stream_rejects(add) -> None:
    add("request_on_an_even_stream", ["S1"], "server", "hello", request(2))
    add("request_on_stream_0", ["S1"], "server", "hello", request(0))
    add("request_on_a_used_stream", ["S1"], "server", "request", request(1))
    add("request_from_a_server", ["M3"], "client", "hello", request(3))
    for kind in (Kind.RESPONSE, Kind.STATUS):
        add(f"{kind.name.lower()}_from_a_client", ["M3"], "server", "request", frame(kind, 1))
        add(f"{kind.name.lower()}_never_opened", ["C5"], "client", "request", frame(kind, 9))
    add("cancel_from_a_server", ["M3"], "client", "request", frame(Kind.CANCEL, 1))
    add("message_never_opened", ["C5"], BOTH, "request", frame(Kind.MESSAGE, 9, b"x"))
    add("message_on_stream_0", ["C5"], BOTH, "request", frame(Kind.MESSAGE, 0, b"x"))
    add("cancel_never_opened", ["C5"], "server", "request", frame(Kind.CANCEL, 9))
    add("credit_never_opened", ["C5"], BOTH, "request",
        frame(Kind.CREDIT, 9, wire.Credit(bytes=1).SerializeToString()))
    add("message_after_end_stream", ["M6"], "server", "request",
        frame(Kind.MESSAGE, 1, b"", Flag.EMPTY | Flag.END_STREAM) + frame(Kind.MESSAGE, 1, b"x"))
    add("end_stream_with_more", ["C3"], BOTH, "request",
        frame(Kind.MESSAGE, 1, b"x", Flag.MORE | Flag.END_STREAM))
    add("end_stream_in_the_middle_of_a_message", ["C3"], BOTH, "request",
        frame(Kind.MESSAGE, 1, b"x", Flag.MORE)
        + frame(Kind.MESSAGE, 1, b"", Flag.EMPTY | Flag.END_STREAM))
    add("empty_with_a_payload", ["M7"], BOTH, "request",
        frame(Kind.MESSAGE, 1, b"x", Flag.EMPTY | Flag.END_STREAM))
    add("response_after_a_message", ["C1"], "client", "request",
        frame(Kind.MESSAGE, 1, b"") + frame(Kind.RESPONSE, 1, b"", Flag.END_STREAM))
    for kind in (Kind.REQUEST, Kind.CREDIT, Kind.PING, Kind.GOAWAY):
        stream = {Kind.REQUEST: 3, Kind.CREDIT: 1}.get(kind, 0)
        to = "server" if kind == Kind.REQUEST else BOTH
        add(f"{kind.name.lower()}_malformed", ["M4"], to, "request", frame(kind, stream, b"\xff"))


def credit_rejects(add) -> None:
    part = frame(Kind.MESSAGE, 1, bytes(4096))
    add("stream_credit_overrun", ["R1"], BOTH, "request",
        part + part + frame(Kind.MESSAGE, 1, b"x"), "credit")
    add("credit_over_2_gib", ["R2"], BOTH, "request",
        frame(Kind.CREDIT, 1, wire.Credit(bytes=0x7FFF_FFFF).SerializeToString()) * 2, "credit")
    add("connection_credit_over_2_gib", ["R2"], BOTH, "request",
        frame(Kind.CREDIT, 0, wire.Credit(bytes=0x7FFF_FFFF).SerializeToString()) * 2, "credit")


def play(vector: dict):
    """A Python receiver that is where the vector begins."""
    peer = Connection(vector["to"], Settings(**vector["receiver"]))
    peer.take_output()
    if vector["after"] != "connect":
        peer.receive(bytes.fromhex(vector["hello"]))
    if vector["after"] == "request":
        if vector["to"] == "server":
            peer.receive(bytes.fromhex(vector["request"]))
        else:
            peer.open(wire.Request(method="assay.testing.v1.EchoService.Chat"))
    peer.take_output()
    return peer


def _prove(vector: dict) -> None:
    """The implementation that writes the vectors refuses them itself."""
    peer = play(vector)
    events = peer.receive(bytes.fromhex(vector["hex"]))
    reason = getattr(events[-1], "reason", None) if events else None
    assert peer.is_over and reason is not None, vector["name"]
    assert vector["mentions"].lower() in reason.lower(), (vector["name"], reason)
