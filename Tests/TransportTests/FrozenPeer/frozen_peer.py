#!/usr/bin/env python3
"""A peer of protocol version 1 as it was first released. THIS FILE MUST NEVER BE CHANGED.

It stands for programs that were built then and still run: what it can no longer talk to has broken
them. So it shares nothing with anything else in the repository, needs nothing but Python, and
knows only the fields and frames of that day: no status origin, no push-back, one GOAWAY for a
drain. A later version of the protocol gets a frozen peer of its own beside this one.

    frozen_peer.py client --port N      calls assay.testing.v1.EchoService on loopback, prints one
                                        line of JSON for each case, exits 0 when all have passed
    frozen_peer.py server --port 0      prints its port, answers the same service until its
                                        standard input ends; --drain-after N says GOAWAY, once,
                                        with the Nth request of each connection

With --future it plays a peer of a version that does not exist yet: it speaks versions 1 to 9 and
adds to every HELLO, control payload and frame what nobody knows. It still expects version 1.
"""

import argparse
import collections
import json
import os
import socket
import struct
import sys
import threading
import time

# Protobuf, as far as it is needed: a message is a dict, a schema says what its numbers mean.

METADATA = {1: ("key", "text"), 2: ("value", "bytes")}
SCHEMAS = {
    "Hello": {
        1: ("min_version", "varint"),
        2: ("max_version", "varint"),
        3: ("max_frame_bytes", "varint"),
        4: ("max_message_bytes", "varint"),
        5: ("max_concurrent_streams", "varint"),
        6: ("initial_stream_credit_bytes", "varint"),
        7: ("initial_connection_credit_bytes", "varint"),
        8: ("ping_interval_milliseconds", "varint"),
        9: ("software", "text"),
        10: ("credential", "text"),
    },
    "Request": {
        1: ("method", "text"),
        2: ("timeout_microseconds", "varint"),
        3: ("traceparent", "text"),
        4: ("principal", "bytes"),
        5: ("credential", "text"),
        6: ("metadata", "list"),
        7: ("attempt", "varint"),
        15: ("message", "present"),
    },
    "Response": {1: ("metadata", "list"), 15: ("message", "present")},
    "Status": {1: ("code", "varint"), 2: ("message", "text"), 3: ("details", "bytes")},
    "StatusDetails": {2: ("retry_after_milliseconds", "varint"), 6: ("not_processed", "varint")},
    "Cancel": {1: ("reason", "text")},
    "Credit": {1: ("bytes", "varint")},
    "Ping": {1: ("opaque", "fixed64")},
    "Goaway": {1: ("last_stream", "varint"), 2: ("code", "varint"), 3: ("message", "text")},
    "Echo": {
        1: ("payload", "bytes"),
        2: ("status_code", "varint"),
        3: ("status_message", "text"),
        4: ("response_count", "varint"),
        5: ("response_bytes", "varint"),
        6: ("delay_milliseconds", "varint"),
    },
}
VARINT, FIXED64, DELIMITED, GROUP, END_GROUP, FIXED32 = 0, 1, 2, 3, 4, 5


def write_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(schema, **fields):
    numbers = {name: (number, kind) for number, (name, kind) in SCHEMAS[schema].items()}
    out = b""
    for name, value in fields.items():
        number, kind = numbers[name]
        if kind == "varint":
            if value:
                out += write_varint(number << 3 | VARINT) + write_varint(value)
        elif kind == "fixed64":
            out += write_varint(number << 3 | FIXED64) + struct.pack("<Q", value)
        else:
            data = value.encode() if kind == "text" else value
            if not data and kind != "present":
                continue
            out += write_varint(number << 3 | DELIMITED) + write_varint(len(data)) + data
    return out


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("truncated message")
        self.at += count
        return self.data[self.at - count : self.at]

    def value(self, wire):
        if wire == VARINT:
            return self.varint()
        if wire == FIXED64:
            return struct.unpack("<Q", self.take(8))[0]
        if wire == DELIMITED:
            return self.take(self.varint())
        if wire == FIXED32:
            return self.take(4)
        if wire == GROUP:
            while (inner := self.varint() & 7) != END_GROUP:
                self.value(inner)
            return None
        raise ValueError(f"wire type {wire}")


def decode(schema, data):
    """Fields that are not in the schema are passed over."""
    fields, reader = {}, Reader(data)
    while reader.at < len(data):
        tag = reader.varint()
        value = reader.value(tag & 7)
        name, kind = SCHEMAS[schema].get(tag >> 3, (None, None))
        if kind == "text":
            value = value.decode()
        if name is not None:
            fields[name] = value
    return fields


# Frames.

HELLO, REQUEST, RESPONSE, MESSAGE, STATUS, CANCEL, CREDIT, PING, GOAWAY = range(1, 10)
END_STREAM, MORE, EMPTY, ACK = 1, 2, 4, 8
MAGIC = b"ASSAY\r\n\0"
OVERHEAD = 64
LIMITS = {
    "max_frame_bytes": 65_536,
    "max_message_bytes": 4 << 20,
    "max_concurrent_streams": 1_024,
    "initial_stream_credit_bytes": 1 << 20,
    "initial_connection_credit_bytes": 8 << 20,
    "ping_interval_milliseconds": 30_000,
}
UNKNOWN_FLAGS = 0xF0
# Fields 1000 to 1004, one of each wire type.
UNKNOWN_FIELDS = b"".join(
    (
        write_varint(1_000 << 3 | VARINT) + b"\x96\x01",
        write_varint(1_001 << 3 | FIXED64) + b"\1\2\3\4\5\6\7\x08",
        write_varint(1_002 << 3 | DELIMITED) + b"\6future",
        write_varint(1_003 << 3 | GROUP) + b"\x08\1" + write_varint(1_003 << 3 | END_GROUP),
        write_varint(1_004 << 3 | FIXED32) + b"\1\2\3\4",
    )
)


class Broken(Exception):
    """The other side did what it must not, or did not what it must."""


class Stream:
    def __init__(self, credit):
        self.credit = credit
        self.allowed = LIMITS["initial_stream_credit_bytes"]
        self.part = b""
        self.messages = collections.deque()
        self.outbox = collections.deque()
        self.method = ""
        self.total = 0
        self.has_ended = False
        self.status = None


class Peer:
    """One side of a connection. ``step`` reads one frame; everything else follows from it."""

    def __init__(self, connection, is_future):
        connection.settimeout(30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self.is_future = is_future
        self.peer = None
        self.streams = {}
        self.credit = 0
        self.allowed = LIMITS["initial_connection_credit_bytes"]
        self.echoes = []
        self.goaway = None
        self.highest = 0

    def send(self, kind, flags, stream, payload=b""):
        if self.is_future:
            flags |= UNKNOWN_FLAGS
            if kind != MESSAGE:
                payload += UNKNOWN_FIELDS
        self.socket.sendall(struct.pack("<IBBHI", len(payload), kind, flags, 0, stream) + payload)

    def send_hello(self):
        highest = 9 if self.is_future else 1
        hello = encode("Hello", min_version=1, max_version=highest, software="frozen/1", **LIMITS)
        self.send(HELLO, 0, 0, MAGIC + hello)

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def step(self):
        size, kind, flags, zero, stream = struct.unpack("<IBBHI", self.read(12))
        if zero != 0 or not HELLO <= kind <= GOAWAY or size > LIMITS["max_frame_bytes"]:
            raise Broken(f"header of {size} bytes, kind {kind}, reserved {zero}")
        payload = self.read(size)
        if (self.peer is None) != (kind == HELLO):
            raise Broken(f"kind {kind} where HELLO is {'' if self.peer is None else 'not '}due")
        if kind == HELLO:
            self.on_hello(payload)
        elif kind == MESSAGE:
            self.on_message(stream, flags, payload)
        elif kind == CREDIT:
            self.on_credit(stream, decode("Credit", payload).get("bytes", 0))
        elif kind == PING:
            if flags & ACK:
                self.echoes.append(decode("Ping", payload)["opaque"])
            else:
                self.send(PING, ACK, 0, payload)
        elif kind == GOAWAY:
            self.goaway = decode("Goaway", payload)
        else:
            self.on_call(kind, flags, stream, payload)

    def on_hello(self, payload):
        if payload[:8] != MAGIC:
            raise Broken("HELLO without magic")
        self.peer = decode("Hello", payload[8:])
        if not self.peer["min_version"] <= 1 <= self.peer["max_version"]:
            raise Broken(f"no version in common: {self.peer}")
        self.credit = self.peer["initial_connection_credit_bytes"]

    def on_message(self, number, flags, payload):
        cost = 0 if flags & EMPTY else len(payload) + OVERHEAD
        self.allowed -= cost
        stream = self.streams.get(number)
        if stream is not None:
            stream.allowed -= cost
        if self.allowed < 0 or (stream is not None and stream.allowed < 0):
            raise Broken("MESSAGE over the credit")
        if cost:
            self.give_back(0, cost)
            self.allowed += cost
        if stream is None:
            return
        if cost and not flags & END_STREAM:
            self.give_back(number, cost)
            stream.allowed += cost
        if not flags & EMPTY:
            stream.part += payload
            if not flags & MORE:
                stream.messages.append(stream.part)
                stream.part = b""
        stream.has_ended = bool(flags & END_STREAM)
        self.changed(number, stream)

    def give_back(self, stream, count):
        self.send(CREDIT, 0, stream, encode("Credit", bytes=count))

    def on_credit(self, number, count):
        if number == 0:
            self.credit += count
        elif number in self.streams:
            self.streams[number].credit += count
        for other, stream in list(self.streams.items()):
            self.flush(other, stream)

    def queue(self, number, stream, message, ends=False):
        """Sends a message as credit allows; ``None`` is a bare END_STREAM."""
        stream.outbox.append((message, ends))
        self.flush(number, stream)

    def flush(self, number, stream):
        while stream.outbox:
            message, ends = stream.outbox[0]
            if message is None:
                self.send(MESSAGE, EMPTY | END_STREAM, number)
                stream.outbox.popleft()
                continue
            room = min(stream.credit, self.credit) - OVERHEAD
            size = min(len(message), room, self.peer["max_frame_bytes"])
            if size < 0 or (size == 0 and message):
                return
            rest = message[size:]
            flags = MORE if rest else END_STREAM if ends else 0
            stream.credit -= size + OVERHEAD
            self.credit -= size + OVERHEAD
            self.send(MESSAGE, flags, number, message[:size])
            if rest:
                stream.outbox[0] = (rest, ends)
            else:
                stream.outbox.popleft()
        self.sent(number, stream)

    def new_stream(self, number):
        stream = self.streams[number] = Stream(self.peer["initial_stream_credit_bytes"])
        self.highest = max(self.highest, number)
        return stream

    def changed(self, number, stream):
        """A message came, or the other side's end."""

    def sent(self, number, stream):
        """Everything queued has gone out."""

    def on_call(self, kind, flags, number, payload):
        raise NotImplementedError


class Client(Peer):
    def begin(self, method, message=None):
        number = self.highest + 2 if self.highest else 1
        stream = self.new_stream(number)
        fields = {"method": f"assay.testing.v1.EchoService.{method}"}
        if method == "Unary":
            fields["timeout_microseconds"] = 30_000_000
        request = encode("Request", **fields)
        if message is None:
            self.send(REQUEST, 0, number, request)
        elif len(request) + len(message) + 200 <= self.peer["max_frame_bytes"]:
            self.send(REQUEST, END_STREAM, number, request + encode("Request", message=message))
        else:
            self.send(REQUEST, 0, number, request)
            self.queue(number, stream, message, ends=True)
        return number, stream

    def on_call(self, kind, flags, number, payload):
        stream = self.streams.pop(number, None)
        if stream is None:
            return
        if kind == RESPONSE:
            stream.messages.append(decode("Response", payload).get("message", b""))
            stream.status = {"code": 0}
        elif kind == STATUS:
            stream.status = decode("Status", payload)
        else:
            raise Broken(f"kind {kind} from a server")

    def until(self, condition):
        while not condition():
            self.step()

    def finish(self, stream):
        """The messages of a call that ends, and its code."""
        self.until(lambda: stream.status is not None)
        return [decode("Echo", one) for one in stream.messages], stream.status.get("code", 0)


def expect(condition, text):
    if not condition:
        raise Broken(text)


def case_unary(client):
    for size in (0, 1, 1_000, 60_000):
        _, stream = client.begin("Unary", encode("Echo", payload=b"u" * size))
        messages, code = client.finish(stream)
        wanted = {"payload": b"u" * size} if size else {}
        expect(code == 0 and messages == [wanted], f"{size} bytes: code {code}")


def case_large_unary(client):
    _, stream = client.begin("Unary", encode("Echo", payload=b"L" * 3_000_000))
    messages, code = client.finish(stream)
    expect(code == 0 and messages == [{"payload": b"L" * 3_000_000}], f"code {code}")


def case_collect(client):
    number, stream = client.begin("Collect")
    for _ in range(60):
        client.queue(number, stream, encode("Echo", payload=b"c" * 70_000))
    client.queue(number, stream, None)
    messages, code = client.finish(stream)
    expect(code == 0 and messages == [{"response_bytes": 4_200_000}], f"{code} {messages}")


def case_collect_of_small_messages(client):
    number, stream = client.begin("Collect")
    for _ in range(20_000):
        client.queue(number, stream, b"")
    client.queue(number, stream, encode("Echo", payload=b"last"), ends=True)
    messages, code = client.finish(stream)
    expect(code == 0 and messages == [{"response_bytes": 4}], f"{code} {messages}")


def case_expand(client):
    request = encode("Echo", response_count=700, response_bytes=5_000)
    _, stream = client.begin("Expand", request)
    messages, code = client.finish(stream)
    sizes = {len(message["payload"]) for message in messages}
    expect(code == 0 and len(messages) == 700 and sizes == {5_000}, f"{code} {len(messages)}")


def case_chat(client):
    number, stream = client.begin("Chat")
    for index in range(50):
        client.queue(number, stream, encode("Echo", payload=bytes([index])))
        client.until(lambda: stream.messages or stream.status)
        answer = decode("Echo", stream.messages.popleft())
        expect(answer == {"payload": bytes([index])}, f"{answer}")
    client.queue(number, stream, None)
    expect(client.finish(stream) == ([], 0), f"{stream.status}")


def case_interleaved(client):
    calls = [client.begin("Chat") for _ in range(10)]
    for index in range(10):
        for number, stream in calls:
            client.queue(number, stream, encode("Echo", payload=bytes([number, index])))
    for number, stream in calls:
        client.queue(number, stream, None)
        messages, code = client.finish(stream)
        wanted = [{"payload": bytes([number, index])} for index in range(10)]
        expect(code == 0 and messages == wanted, f"stream {number}: {code}")


def case_error(client):
    request = encode("Echo", status_code=9, status_message="not today")
    _, stream = client.begin("Unary", request)
    messages, code = client.finish(stream)
    expect(code == 9 and not messages, f"code {code}")
    expect(stream.status["message"] == "not today", f"{stream.status}")


def case_unknown_method(client):
    _, stream = client.begin("NoSuchMethod", b"")
    _, code = client.finish(stream)
    expect(code == 12, f"code {code}")
    details = decode("StatusDetails", stream.status.get("details", b""))
    expect(details.get("not_processed") == 1, f"{details}")


def case_cancel(client):
    number, stream = client.begin("Chat")
    client.queue(number, stream, encode("Echo", payload=b"x"))
    client.until(lambda: stream.messages)
    client.send(CANCEL, 0, number, encode("Cancel", reason="left"))
    del client.streams[number]
    case_unary(client)
    expect(stream.status is None, "the server has answered a cancelled call")


def case_ping(client):
    client.send(PING, 0, 0, encode("Ping", opaque=0x0123456789ABCDEF))
    client.until(lambda: client.echoes)
    expect(client.echoes == [0x0123456789ABCDEF], f"{client.echoes}")


def case_graceful_close(client):
    """The call that is open finishes, then both sides end without a reset."""
    number, stream = client.begin("Chat")
    client.send(GOAWAY, 0, 0, encode("Goaway", message="done"))
    client.queue(number, stream, encode("Echo", payload=b"late"), ends=True)
    messages, code = client.finish(stream)
    expect(code == 0 and messages == [{"payload": b"late"}], f"{code} {messages}")
    client.socket.shutdown(socket.SHUT_WR)
    try:
        while True:
            client.step()
    except EOFError:
        expect(client.goaway is None or client.goaway.get("code", 0) == 0, f"{client.goaway}")


CASES = (
    case_unary,
    case_large_unary,
    case_collect,
    case_collect_of_small_messages,
    case_expand,
    case_chat,
    case_interleaved,
    case_error,
    case_unknown_method,
    case_cancel,
    case_ping,
    case_graceful_close,
)


def run_client(port, is_future):
    client = Client(socket.create_connection(("127.0.0.1", port)), is_future)
    client.send_hello()
    passed = True
    for case in CASES:
        begin, fault = time.monotonic(), None
        try:
            if client.peer is None:
                client.until(lambda: client.peer is not None)
            case(client)
        except (Broken, EOFError, OSError, ValueError, LookupError) as error:
            goaway = f", GOAWAY {client.goaway}" if client.goaway else ""
            fault = f"{type(error).__name__}: {error}{goaway}"
        milliseconds = round((time.monotonic() - begin) * 1_000)
        result = {"case": case.__name__[5:], "passed": fault is None, "milliseconds": milliseconds}
        if fault is not None:
            result["fault"] = fault
        print(json.dumps(result), flush=True)
        passed = passed and fault is None
    return 0 if passed else 1


class Server(Peer):
    def __init__(self, connection, is_future, drain_after):
        super().__init__(connection, is_future)
        self.drain_after = drain_after
        self.requests = 0

    def serve(self):
        try:
            while not (self.goaway is not None and not self.streams):
                self.step()
            self.socket.shutdown(socket.SHUT_WR)
            while self.socket.recv(65_536):
                pass
        except (EOFError, OSError):
            pass
        except (Broken, ValueError, LookupError) as error:
            print(f"frozen peer: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self.send(GOAWAY, 0, 0, encode("Goaway", code=13, message=str(error)))
        finally:
            self.socket.close()

    def on_hello(self, payload):
        super().on_hello(payload)
        self.send_hello()

    def on_call(self, kind, flags, number, payload):
        if kind == CANCEL:
            self.streams.pop(number, None)
            return
        if kind != REQUEST or number % 2 == 0 or number <= self.highest:
            raise Broken(f"kind {kind} on stream {number}")
        request = decode("Request", payload)
        if self.goaway is not None:
            self.highest = number
            details = encode("StatusDetails", not_processed=1)
            status = encode("Status", code=14, message="draining", details=details)
            self.send(STATUS, END_STREAM, number, status)
            return
        stream = self.new_stream(number)
        self.requests += 1
        if self.requests == self.drain_after:
            self.goaway = {}
            self.send(GOAWAY, 0, 0, encode("Goaway", last_stream=number, message="draining"))
        service, _, stream.method = request["method"].rpartition(".")
        stream.has_ended = bool(flags & END_STREAM)
        if "message" in request:
            stream.messages.append(request["message"])
        known = service == "assay.testing.v1.EchoService" and hasattr(self, f"do_{stream.method}")
        if not known:
            details = encode("StatusDetails", not_processed=1)
            self.end(number, encode("Status", code=12, message="no such method", details=details))
            return
        self.changed(number, stream)

    def changed(self, number, stream):
        getattr(self, f"do_{stream.method}")(number, stream)

    def take(self, number, stream):
        """The next message; None if there is none, or if it asks for a status."""
        if not stream.messages or number not in self.streams:
            return None
        echo = decode("Echo", stream.messages.popleft())
        time.sleep(echo.get("delay_milliseconds", 0) / 1_000)
        if echo.get("status_code"):
            status = {"code": echo["status_code"], "message": echo.get("status_message", "")}
            self.end(number, encode("Status", **status))
            return None
        return echo

    def do_Unary(self, number, stream):
        echo = self.take(number, stream)
        if echo is None:
            return
        if echo.get("response_bytes"):
            echo["payload"] = b"\x07" * echo["response_bytes"]
        self.answer(number, stream, encode("Echo", **echo))

    def do_Collect(self, number, stream):
        while (echo := self.take(number, stream)) is not None:
            stream.total += len(echo.get("payload", b""))
        if stream.has_ended and number in self.streams:
            self.answer(number, stream, encode("Echo", response_bytes=stream.total))

    def do_Expand(self, number, stream):
        echo = self.take(number, stream)
        if echo is None:
            return
        for index in range(echo.get("response_count", 0)):
            payload = bytes([index % 256]) * echo.get("response_bytes", 0)
            stream.outbox.append((encode("Echo", payload=payload), False))
        stream.status = encode("Status")
        self.flush(number, stream)

    def do_Chat(self, number, stream):
        while (echo := self.take(number, stream)) is not None:
            stream.outbox.append((encode("Echo", **echo), False))
        if stream.has_ended:
            stream.status = encode("Status")
        if number in self.streams:
            self.flush(number, stream)

    def answer(self, number, stream, message):
        if len(message) + 100 <= self.peer["max_frame_bytes"]:
            self.send(RESPONSE, END_STREAM, number, encode("Response", message=message))
            del self.streams[number]
            return
        stream.status = encode("Status")
        self.queue(number, stream, message)

    def sent(self, number, stream):
        if stream.status is not None and number in self.streams:
            self.end(number, stream.status)

    def end(self, number, status):
        self.send(STATUS, END_STREAM, number, status)
        del self.streams[number]


def run_server(port, is_future, drain_after):
    listener = socket.create_server(("127.0.0.1", port))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            server = Server(listener.accept()[0], is_future, drain_after)
            threading.Thread(target=server.serve, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    # Connections are cut, as when a process ends.
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description="A peer of the first protocol version.")
    parser.add_argument("role", choices=("client", "server"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--future", action="store_true")
    parser.add_argument("--drain-after", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.role == "client":
        return run_client(arguments.port, arguments.future)
    return run_server(arguments.port, arguments.future, arguments.drain_after)


if __name__ == "__main__":
    sys.exit(main())
