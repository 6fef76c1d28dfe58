"""What a peer must not send: each stream of bytes ends its connection.

Every vector is tried against the Python implementation, which must find the fault that is named.
"""

from __future__ import annotations

from assay_rpc import Connection, Role, StatusCode, _control
from assay_rpc._frames import EMPTY, END_STREAM, MAGIC, MORE, FrameReader, Kind, encode_frame
from google.protobuf.message import Message

from play import SERVICE, SETTINGS, Echo

_MESSAGE = Echo(payload=b"x").SerializeToString()
_HOLD = Echo(delay_milliseconds=600_000).SerializeToString()
_MORE_THAN_ANY = 1 << 31


def rejects() -> list[dict]:
    """All vectors."""
    return [*_of_frames(), *_of_hello(), *_of_clients(), *_of_servers()]


def _of_frames() -> list[dict]:
    hello = _hello()
    header = encode_frame(Kind.PING, 0, 0, _control.Ping(opaque=1).SerializeToString())
    return [
        _server("reserved bytes are not zero", "F1", hello, header[:6] + b"\1\0" + header[8:]),
        _server("the high reserved byte is not zero", "F1", hello, header[:7] + b"\1" + header[8:]),
        _server("frame of kind 0", "F2", hello, encode_frame(0, 0, 0)),
        _server("frame of kind 10", "F2", hello, encode_frame(10, 0, 0)),
        _server("frame of kind 255", "F2", hello, encode_frame(255, 0, 0)),
        _server(
            "frame over max_frame_bytes, refused by its header",
            "F3",
            hello,
            encode_frame(Kind.REQUEST, 0, 1, b"\0" * 1_025)[:12],
        ),
        _server("frame of 4 GiB", "F3", hello, b"\xff\xff\xff\xff" + header[4:12]),
        _server(
            "HELLO over 16,384 bytes, refused by its header",
            "F3",
            encode_frame(Kind.HELLO, 0, 0, b"\0" * 16_385)[:12],
        ),
    ]


def _of_hello() -> list[dict]:
    hello = _hello()
    vectors = [
        _server("text of another protocol", "F1", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        _server("HELLO without magic", "F6", encode_frame(Kind.HELLO, 0, 0, _payload()[8:])),
        _server("HELLO with one wrong byte", "F6", hello.replace(b"\r\n\0", b"\r\r\0")),
        _server("HELLO shorter than its magic", "F6", encode_frame(Kind.HELLO, 0, 0, MAGIC[:7])),
        _server("HELLO that is no message", "F6", encode_frame(1, 0, 0, MAGIC + b"\x08")),
        _server("MESSAGE before HELLO", "H2", _message(1)),
        _server("REQUEST before HELLO", "H2", _request("Unary")),
        _server("PING before HELLO", "H2", encode_frame(Kind.PING, 0, 0)),
        _server("a second HELLO", "H4", hello, hello),
        _server("versions all above ours", "H3", _hello(min_version=2, max_version=9)),
        _server("versions all below ours", "H3", _hello(min_version=0, max_version=0)),
        _client("the server's versions are all above ours", "H3", hello=_hello(2, 9)),
        _client("the server's HELLO without magic", "F6", hello=encode_frame(1, 0, 0, b"\0" * 8)),
    ]
    for name in (
        "max_frame_bytes",
        "max_message_bytes",
        "initial_stream_credit_bytes",
        "initial_connection_credit_bytes",
    ):
        vectors.append(_server(f"{name} of 1,023", "H8", _hello(**{name: 1_023})))
        vectors.append(_server(f"no {name}", "H8", _hello(**{name: 0})))
        if "credit" in name:
            vectors.append(_server(f"{name} over 2 GiB", "R2", _hello(**{name: (1 << 31) + 1})))
    return vectors


def _of_clients() -> list[dict]:
    hello, chat = _hello(), _request("Chat")
    return [
        _server("REQUEST on stream 0", "S1", hello, _request("Chat", 0)),
        _server("REQUEST on an even stream", "S1", hello, _request("Chat", 2)),
        _server("REQUEST on the same stream", "S1", hello, chat, chat),
        _server("REQUEST on a falling stream", "S1", hello, _request("Chat", 5), chat),
        _server("MESSAGE on a stream never opened", "C5", hello, chat, _message(3)),
        _server("MESSAGE on an even stream", "C5", hello, chat, _message(2)),
        _server("MESSAGE on stream 0", "C5", hello, chat, _message(0)),
        _server("CREDIT on a stream never opened", "C5", hello, chat, _credit(3, 1)),
        _server("CANCEL on a stream never opened", "C5", hello, encode_frame(Kind.CANCEL, 0, 1)),
        _server("MESSAGE after END_STREAM", "C5", hello, _request("Chat", 1, 1), _message(1)),
        _server("MORE with END_STREAM", "C3", hello, chat, _message(1, MORE | END_STREAM)),
        _server("EMPTY with a payload", "C3", hello, chat, _message(1, EMPTY | END_STREAM)),
        _server("EMPTY without END_STREAM", "C3", hello, chat, _message(1, EMPTY, b"")),
        _server("EMPTY with MORE", "C3", hello, chat, _message(1, EMPTY | MORE | END_STREAM, b"")),
        _server(
            "EMPTY in the middle of a message",
            "C3",
            hello,
            chat,
            _message(1, MORE),
            _message(1, EMPTY | END_STREAM, b""),
        ),
        _server(
            "one byte over the stream's credit",
            "R1",
            hello,
            *_holding(1),
            _message(1, 0, b"\0" * 960),
            _message(1, 0, b"\0" * 961),
        ),
        _server(
            "messages of no bytes over the stream's credit",
            "R1",
            hello,
            *_holding(1),
            *[_message(1, 0, b"") for _ in range(33)],
        ),
        _server(
            "over the connection's credit, each stream within its own",
            "R1",
            hello,
            *[
                frame
                for stream in (1, 3, 5, 7)
                for frame in (
                    *_holding(stream),
                    _message(stream, 0, b"\0" * 960),
                    _message(stream, 0, b"\0" * (2_048 - 3 * 64 - 960 - len(_HOLD))),
                )
            ],
            *_holding(9),
            *[_message(9, 0, b"")] * 4,
        ),
        _server("credit of the connection over 2 GiB", "R2", hello, _credit(0, (1 << 31) - 8_191)),
        _server("credit of a stream over 2 GiB", "R2", hello, chat, _credit(1, (1 << 31) - 2_047)),
        _server("credit over 2 GiB in steps", "R2", hello, *[_credit(0, 1 << 30)] * 2),
        _server("RESPONSE from a client", "F2", hello, chat, _answer(Kind.RESPONSE, 1)),
        _server("STATUS from a client", "F2", hello, chat, _answer(Kind.STATUS, 1)),
        *[
            _server(f"{kind.name} that is no message", "F6", hello, chat, frame)
            for kind, frame in (
                (Kind.REQUEST, encode_frame(Kind.REQUEST, 0, 3, b"\x0a\x05ab")),
                (Kind.CREDIT, encode_frame(Kind.CREDIT, 0, 1, b"\x08")),
                (Kind.PING, encode_frame(Kind.PING, 0, 0, b"\x09\1\2\3")),
                (Kind.CANCEL, encode_frame(Kind.CANCEL, 0, 1, b"\x0a\x01\xff")),
                (Kind.GOAWAY, encode_frame(Kind.GOAWAY, 0, 0, b"\x0e")),
            )
        ],
        _server("method that is no UTF-8", "F6", hello, encode_frame(2, 0, 1, b"\x0a\x01\xff")),
    ]


def _of_servers() -> list[dict]:
    return [
        _client("REQUEST from a server", "F2", _request("Chat", 2)),
        _client("CANCEL from a server", "F2", encode_frame(Kind.CANCEL, 0, 1)),
        _client("a second HELLO of the server", "H4", _hello()),
        _client("RESPONSE on a stream never opened", "C5", _answer(Kind.RESPONSE, 3)),
        _client("STATUS on a stream never opened", "C5", _answer(Kind.STATUS, 3)),
        _client("STATUS on an even stream", "C5", _answer(Kind.STATUS, 2)),
        _client("MESSAGE on a stream that the client never opened", "C5", _message(3)),
        _client("RESPONSE after a MESSAGE", "C1", _message(1), _answer(Kind.RESPONSE, 1)),
        _client("MORE with END_STREAM of a server", "C3", _message(1, MORE | END_STREAM)),
        _client(
            "one byte over the stream's credit, from a server",
            "R1",
            _message(1, 0, b"\0" * 960),
            _message(1, 0, b"\0" * 961),
        ),
        _client("credit over 2 GiB from a server", "R2", _credit(0, (1 << 31) - 8_191)),
        _client("STATUS that is no message", "F6", encode_frame(Kind.STATUS, 1, 1, b"\x08")),
        _client("RESPONSE that is no message", "F6", encode_frame(3, 1, 1, b"\x7a\x05")),
        _client("reserved bytes of a server's frame", "F1", b"\0" * 4 + b"\4\0\0\1" + b"\1\0\0\0"),
        _client("frame of an unknown kind from a server", "F2", encode_frame(11, 0, 0)),
        _client(
            "frame over the client's max_frame_bytes",
            "F3",
            encode_frame(Kind.MESSAGE, 0, 1, b"\0" * 1_025)[:12],
        ),
    ]


# The bytes.


def _payload(min_version: int = 1, max_version: int = 1, **fields: int) -> bytes:
    hello = SETTINGS.hello((min_version, max_version), "")
    for name, value in fields.items():
        setattr(hello, name, value)
    return MAGIC + hello.SerializeToString()


def _hello(*versions: int, **fields: int) -> bytes:
    return encode_frame(Kind.HELLO, 0, 0, _payload(*versions, **fields))


def _request(method: str, stream: int = 1, flags: int = 0) -> bytes:
    request = _control.Request(method=f"{SERVICE}.{method}")
    return encode_frame(Kind.REQUEST, flags, stream, request.SerializeToString())


def _message(stream: int, flags: int = 0, payload: bytes = _MESSAGE) -> bytes:
    return encode_frame(Kind.MESSAGE, flags, stream, payload)


def _holding(stream: int) -> list[bytes]:
    """A call whose handler waits behind its first message and so takes no other."""
    return [_request("Collect", stream), _message(stream, 0, _HOLD)]


def _credit(stream: int, count: int) -> bytes:
    payload = _control.Credit(bytes=count).SerializeToString()
    return encode_frame(Kind.CREDIT, 0, stream, payload)


def _answer(kind: Kind, stream: int) -> bytes:
    message: Message = (
        _control.Response(message=b"") if kind is Kind.RESPONSE else _control.Status()
    )
    return encode_frame(kind, END_STREAM, stream, message.SerializeToString())


# The proof.


def _server(name: str, rule: str, *frames: bytes) -> dict:
    return _try(name, rule, Connection(Role.SERVER, SETTINGS, now=0.0), b"".join(frames))


def _client(name: str, rule: str, *frames: bytes, hello: bytes | None = None) -> dict:
    """A client with one open call of Chat on stream 1, which takes no message."""
    client = Connection(Role.CLIENT, SETTINGS, now=0.0)
    request = _control.Request(method=f"{SERVICE}.Chat")
    client.open_call(request, message=None, timeout=None, now=0.0)
    data = b"".join((_hello() if hello is None else hello, *frames))
    return _try(name, rule, client, data)


def _try(name: str, rule: str, receiver: Connection, data: bytes) -> dict:
    receiver.receive(data, 0.0)
    found = receiver.ended.rule if receiver.ended else None
    assert found == rule, f"{name}: expected {rule}, found {found}: {receiver.ended}"
    goaway = _last_goaway(receiver)
    assert goaway is not None and goaway.code == StatusCode.INTERNAL, name
    return {
        "name": name,
        "rule": rule,
        "receiver": receiver.role.value,
        "hex": data.hex(),
        "observe": {"goaway": True, "code": goaway.code, "close": True},
    }


def _last_goaway(connection: Connection) -> Message | None:
    reader = FrameReader()
    while data := connection.take_output():
        reader.feed(data)
    last = None
    while (frame := reader.next_frame(_MORE_THAN_ANY)) is not None:
        last = frame
    if last is None or last.kind is not Kind.GOAWAY:
        return None
    return _control.Goaway.FromString(last.payload)
