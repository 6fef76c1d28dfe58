"""Whole sessions, byte for byte: what two Python peers say to each other.

The server's side is the echo service of `assay/testing/v1/echo.proto`.
"""

from assay.rpc.v1 import control_pb2 as wire
from assay.testing.v1 import echo_pb2
from assay_rpc import Settings, StatusError
from assay_rpc.protocol import Connection

from description import describe, fields, parse

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SMALL = dict(max_frame_bytes=1024, initial_stream_credit_bytes=2048,
             initial_connection_credit_bytes=8192)
Echo = echo_pb2.Echo


class Session:
    """Plays both sides and writes down what goes over the wire."""

    def __init__(self, name, ids, about, call=None, client=None, server=None):
        self.client = Connection("client", Settings(software="vector-client/1", **(client or {})))
        self.server = Connection("server", Settings(software="vector-server/1", **(server or {})))
        self.vector = {
            "name": name, "ids": ids, "about": about,
            "client": self.client.settings.hello_fields(),
            "server": self.server.settings.hello_fields(), "call": call, "steps": [],
        }

    def settle(self):
        """Carries bytes until neither side has more to say. A lone reader takes all it gets."""
        while True:
            moved = self._move("client", self.client, self.server)
            moved = self._move("server", self.server, self.client) or moved
            if not moved:
                return self

    def _move(self, name, sender, receiver) -> bool:
        data = sender.take_output()
        if not data:
            return False
        self.vector["steps"].append({
            "from": name, "hex": data.hex(), "frames": [describe(f) for f in parse(data)]})
        for event in receiver.receive(data):
            if hasattr(event, "owed"):
                receiver.taken(event.stream, event.owed)
        return True

    def open(self, method, message=None, end_stream=False, timeout=0) -> int:
        request = wire.Request(method=f"assay.testing.v1.EchoService.{method}", traceparent=TRACE,
                               timeout_microseconds=timeout)
        data = None if message is None else message.SerializeToString()
        return self.client.open(request, data, end_stream)

    def send(self, side, stream, message, end_stream=False):
        side.send_message(stream, message.SerializeToString(), end_stream)


def call(method, *messages, answers=(), code=0) -> dict:
    """What the client's application does, and what it must get."""
    return {"method": method, "messages": [fields(m) for m in messages],
            "answers": [fields(m) for m in answers], "code": code}


def sessions() -> list:
    makers = [unary, unary_failure, large_unary, client_streaming, server_streaming,
              failure_after_messages, ping_pong, unknown_method, credit, cancel, ping, drain,
              too_many_streams, no_common_version]
    return [make().vector for make in makers]


def unary():
    hi = Echo(payload=b"hi")
    session = Session("unary", ["H1", "C9", "C1"], "One frame each way.",
                      call("Unary", hi, answers=[hi])).settle()
    stream = session.open("Unary", hi, end_stream=True, timeout=30_000_000)
    session.settle()
    session.server.respond(stream, hi.SerializeToString())
    return session.settle()


def unary_failure():
    ask = Echo(status_code=5, status_message="no such thing")
    session = Session("unary_failure", ["C1", "C10"], "A failure is a STATUS, nothing before it.",
                      call("Unary", ask, code=5)).settle()
    stream = session.open("Unary", ask, end_stream=True, timeout=30_000_000)
    session.settle()
    session.server.finish(stream, StatusError(5, "no such thing"))
    return session.settle()


def large_unary():
    ask = Echo(payload=bytes(range(250)) * 10)
    session = Session(
        "large_unary", ["C2", "C3", "R3"], "Neither message fits a frame of 1 KiB.",
        call("Unary", ask, answers=[ask]), dict(max_frame_bytes=1024), dict(max_frame_bytes=1024),
    ).settle()
    stream = session.open("Unary", ask, end_stream=True, timeout=30_000_000)
    session.settle()
    session.server.respond(stream, ask.SerializeToString())
    return session.settle()


def client_streaming():
    asks = [Echo(payload=b"abc"), Echo(), Echo(payload=b"defgh")]
    answer = Echo(response_bytes=8)
    session = Session("client_streaming", ["C1", "C9"], "Three messages, the second of no bytes.",
                      call("Collect", *asks, answers=[answer])).settle()
    stream = session.open("Collect")
    for ask in asks:
        session.send(session.client, stream, ask)
    session.client.half_close(stream)
    session.settle()
    session.server.respond(stream, answer.SerializeToString())
    return session.settle()


def _expand(name, ids, about, ask, code=0):
    answers = [Echo(payload=bytes([i]) * ask.response_bytes) for i in range(ask.response_count)]
    session = Session(name, ids, about, call("Expand", ask, answers=answers, code=code)).settle()
    stream = session.open("Expand", ask, end_stream=True)
    session.settle()
    for answer in answers:
        session.send(session.server, stream, answer)
    session.server.finish(stream, StatusError(code, ask.status_message) if code else None)
    return session.settle()


def server_streaming():
    return _expand("server_streaming", ["C1"], "Three messages, then a status of 0.",
                   Echo(response_count=3, response_bytes=5))


def failure_after_messages():
    return _expand("failure_after_messages", ["C4"], "Two messages count, then the failure.",
                   Echo(response_count=2, response_bytes=1, status_code=15,
                        status_message="spilt"), 15)


def ping_pong():
    asks = [Echo(payload=b"one"), Echo(payload=b"two")]
    session = Session("ping_pong", ["C9"], "A message each way, twice, then the end.",
                      call("Chat", *asks, answers=asks)).settle()
    stream = session.open("Chat")
    for ask in asks:
        session.send(session.client, stream, ask)
        session.settle()
        session.send(session.server, stream, ask)
        session.settle()
    session.client.half_close(stream)
    session.settle()
    session.server.finish(stream)
    return session.settle()


def unknown_method():
    session = Session("unknown_method", ["C8", "C10"],
                      "UNIMPLEMENTED, and no handler saw the call.").settle()
    stream = session.open("Missing", Echo(), end_stream=True)
    session.settle()
    session.server.finish(stream, StatusError.unprocessed(12, "no such method here"))
    return session.settle()


def credit():
    ask = Echo(payload=bytes(5000))
    answer = Echo(response_bytes=5000)
    session = Session(
        "credit", ["R1", "R2", "R3"],
        "A message larger than the window of 2 KiB flows, its parts given back as they come.",
        call("Collect", ask, answers=[answer]), SMALL, SMALL).settle()
    stream = session.open("Collect")
    session.send(session.client, stream, ask)
    session.client.half_close(stream)
    session.settle()
    session.server.respond(stream, answer.SerializeToString())
    return session.settle()


def cancel():
    session = Session("cancel", ["C5", "C7"],
                      "After CANCEL the server says nothing; late messages are dropped.").settle()
    stream = session.open("Chat")
    session.settle()
    session.client.cancel(stream, "the caller left")
    session.settle()
    second = session.open("Unary", Echo(payload=b"alive"), end_stream=True)
    session.settle()
    session.server.respond(second, Echo(payload=b"alive").SerializeToString())
    return session.settle()


def ping():
    session = Session("ping", ["P2"], "Echoed with the same eight bytes.").settle()
    session.client.ping(0x0102_0304_0506_0708)
    return session.settle()


def drain():
    session = Session("drain", ["G1", "C8"], "A call in flight finishes; a later one is refused.")
    session.vector["server_drains_before_step"] = 3
    session.settle()
    first = session.open("Chat")
    session.settle()
    session.server.drain()
    late = session.open("Unary", Echo(), end_stream=True)  # crosses the GOAWAY
    session.settle()
    assert late not in session.client.streams
    session.client.half_close(first)
    session.settle()
    session.server.finish(first)
    return session.settle()


def too_many_streams():
    session = Session("too_many_streams", ["C8", "H6"],
                      "A client that ignores the limit is refused, and may send the call again.",
                      server=dict(max_concurrent_streams=1)).settle()
    session.client.peer.max_concurrent_streams = 9
    session.open("Chat")
    session.open("Chat")
    return session.settle()


def no_common_version():
    session = Session("no_common_version", ["H3"], "HELLO is answered, then GOAWAY explains.")
    hello = wire.Hello(min_version=2, max_version=3, max_frame_bytes=65_536,
                       max_message_bytes=65_536)
    from assay_rpc.frames import MAGIC, Frame, Kind
    session.client._output[:] = Frame(
        Kind.HELLO, 0, 0, MAGIC + hello.SerializeToString()).encode()
    session._move("client", session.client, session.server)
    session._move("server", session.server, session.client)
    return session
