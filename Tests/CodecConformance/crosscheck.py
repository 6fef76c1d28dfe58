"""Random messages between the Swift codec and Python's protobuf package, in both directions.

From here to Swift go bytes made at random by the schema, as any encoder might have written them:
fields in any order and more than once, packed and unpacked, varints longer than they need be,
fields that the schema does not know. What Swift answers must be, to Python, the same message that
Python itself reads from the bytes. From Swift come messages made there; Python decodes and encodes
them, and Swift finds its own message in the answer.
"""

from __future__ import annotations

import argparse
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import IO, Iterable

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

TEST_MESSAGE = "protobuf_test_messages.proto3.TestAllTypesProto3"
KITCHEN = "assay.kitchen.v1."
# Types of the messages that are sent; the largest one as often as all others together.
SENT = [
    KITCHEN + name
    for name in ("Scalars", "Optionals", "Repeated", "Maps", "Choice", "Node", "Reserved",
                 "WellKnown", "Numbers", "Nothing")
]
# Types that Swift makes.
RECEIVED = [KITCHEN + name for name in ("Scalars", "Optionals", "Repeated", "Maps", "Choice")]

F = FieldDescriptor
FIXED32 = {F.TYPE_FIXED32, F.TYPE_SFIXED32, F.TYPE_FLOAT}
FIXED64 = {F.TYPE_FIXED64, F.TYPE_SFIXED64, F.TYPE_DOUBLE}
DELIMITED = {F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE}
# Zero, minus zero, infinity, not a number, greatest and least.
FLOATS = [0, 0x80000000, 0x7F800000, 0x7FC00000, 0x7F7FFFFF, 1]
DOUBLES = [number << 32 for number in (0, 0x80000000, 0x7FF00000, 0x7FF80000, 0x7FEFFFFF)] + [1]
INTEGERS = [0, 1, -1, 127, 128, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63)]
# Two keys of a map that Unicode holds to be equal, and protobuf does not.
EQUIVALENT = ["\u00e9", "e\u0301"]
# At the edges of UTF-8's lengths.
CHARACTERS = (
    "aZ0\0\x7f\x80\u00e9e\u0301\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0001f373\U0010ffff")


class Wire:
    """Makes the bytes of random messages."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seen: Counter[str] = Counter()

    def varint(self, value: int) -> bytes:
        """A varint of 64 bits, one time in sixteen longer than it need be."""
        value &= (1 << 64) - 1
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
        if self.random.random() < 1 / 16:
            for _ in range(self.random.randrange(10 - len(out) + 1)):
                out[-1] |= 0x80
                out.append(0)
        return bytes(out)

    def integer(self) -> int:
        """An integer of any length, mostly at the edges of the types."""
        if self.random.random() < 0.5:
            return self.random.choice(INTEGERS)
        return self.random.getrandbits(self.random.randrange(1, 65))

    def text(self) -> bytes:
        """UTF-8, sometimes longer than Swift's small strings."""
        if self.random.random() < 0.2:
            return self.random.choice(EQUIVALENT).encode()
        length = self.random.randrange(200 if self.random.random() < 0.1 else 8)
        return "".join(self.random.choices(CHARACTERS, k=length)).encode()

    def value(self, field: FieldDescriptor, depth: int) -> bytes:
        """One value of the field, without its tag."""
        if field.type in FIXED32:
            bits = self.random.choice(FLOATS + [self.random.getrandbits(32) & 0xBFFFFFFF])
            return struct.pack("<I", bits)
        if field.type in FIXED64:
            bits = self.random.choice(DOUBLES + [self.random.getrandbits(64) & (0xBFFF << 48)])
            return struct.pack("<Q", bits)
        if field.type == F.TYPE_STRING:
            return delimited(self.text())
        if field.type == F.TYPE_BYTES:
            return delimited(self.random.randbytes(self.random.randrange(20)))
        if field.type == F.TYPE_MESSAGE:
            return delimited(self.message(field.message_type, depth + 1))
        if field.type == F.TYPE_ENUM and self.random.random() < 0.7:
            return self.varint(self.random.choice(field.enum_type.values).number)
        return self.varint(self.integer())

    def field(self, field: FieldDescriptor, depth: int) -> bytes:
        """The field once, or a chunk of it where it is repeated."""
        if field.containing_type is not None:
            self.seen[field.full_name] += 1
        is_repeated = field.label == F.LABEL_REPEATED
        if is_repeated and field.type not in DELIMITED and self.random.random() < 0.5:
            count = self.random.randrange(6)
            values = b"".join(self.value(field, depth) for _ in range(count))
            return tag(field.number, 2) + delimited(values)
        return tag(field.number, wire_type(field)) + self.value(field, depth)

    def entry(self, descriptor: Descriptor, depth: int) -> bytes:
        """An entry of a map: either may be missing or twice, the value first."""
        fields = self.random.choice([[1, 2], [1, 2], [1, 2], [2, 1], [1], [2], [], [1, 2, 1, 2]])
        return b"".join(
            self.field(descriptor.fields_by_number[number], depth) for number in fields
        )

    def message(self, descriptor: Descriptor, depth: int = 0) -> bytes:
        """A message with some of its fields, and some that are not its own."""
        if descriptor.GetOptions().map_entry:
            return self.entry(descriptor, depth)
        fields = descriptor.fields
        if depth > 3 or not fields:
            return self.unknown(descriptor) if depth <= 3 else b""
        count = self.random.randrange(12 if depth == 0 else 4)
        parts = [self.field(self.random.choice(fields), depth) for _ in range(count)]
        if self.random.random() < 0.2:
            parts.insert(self.random.randrange(len(parts) + 1), self.unknown(descriptor))
        return b"".join(parts)

    def unknown(self, descriptor: Descriptor, depth: int = 0) -> bytes:
        """A field of any wire type that the schema does not have."""
        number = self.random.choice([510, 2047, 99999, 536870910])
        if number in descriptor.fields_by_number:
            return b""
        kind = self.random.choice([0, 1, 2, 3, 5])
        if kind == 0:
            payload = self.varint(self.integer())
        elif kind == 2:
            payload = delimited(self.random.randbytes(self.random.randrange(9)))
        elif kind == 3:
            inner = self.unknown(descriptor, depth + 1) if depth < 4 else b""
            payload = inner + tag(number, 4)
        else:
            payload = self.random.randbytes(8 if kind == 1 else 4)
        return tag(number, kind) + payload


def shortest(value: int) -> bytes:
    """A varint of as few bytes as it has, which tags and lengths must be."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def tag(number: int, kind: int) -> bytes:
    """The tag of a field."""
    return shortest(number << 3 | kind)


def delimited(payload: bytes) -> bytes:
    """The payload behind its length."""
    return shortest(len(payload)) + payload


def wire_type(field: FieldDescriptor) -> int:
    """How one value of the field is delimited."""
    if field.type in FIXED32:
        return 5
    if field.type in FIXED64:
        return 1
    return 2 if field.type in DELIMITED else 0


class Types:
    """The schemas, compiled by protoc, as classes of messages."""

    def __init__(self, protoc: str, schema: Path, include: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "schemas")
            subprocess.run(
                [protoc, f"-I{schema}", f"-I{include}", "--include_imports",
                 f"--descriptor_set_out={output}", "kitchen_sink.proto",
                 "google/protobuf/test_messages_proto3.proto"], check=True)
            files = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file
        self.pool = descriptor_pool.DescriptorPool()
        for file in files:
            self.pool.Add(file)
        self.classes: dict[str, type[Message]] = {}

    def descriptor(self, name: str) -> Descriptor:
        """The message type of that full name."""
        return self.pool.FindMessageTypeByName(name)

    def parse(self, name: str, data: bytes) -> Message:
        """The message that Python reads from the bytes."""
        if name not in self.classes:
            descriptor = self.descriptor(name)
            if hasattr(message_factory, "GetMessageClass"):
                self.classes[name] = message_factory.GetMessageClass(descriptor)
            else:
                factory = message_factory.MessageFactory(self.pool)
                self.classes[name] = factory.GetPrototype(descriptor)
        message = self.classes[name].FromString(data)
        settle(message)
        return message

    def fields(self, names: Iterable[str]) -> set[str]:
        """Full names of all fields of the messages."""
        return {field.full_name for name in names for field in self.descriptor(name).fields}


def settle(message: Message) -> None:
    """Makes maps of what was read as lists of entries.

    Python's implementation in C++ (before 4.22) keeps the entries of a map as they came, duplicates
    and all, until the map is looked at.
    """
    for field, value in message.ListFields():
        if field.type != F.TYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            entries = [value[key] for key in value]
            if field.message_type.fields_by_number[2].type == F.TYPE_MESSAGE:
                for entry in entries:
                    settle(entry)
        elif field.label == F.LABEL_REPEATED:
            for element in value:
                settle(element)
        else:
            settle(value)


def send(pipe: IO[bytes], data: bytes) -> None:
    """Writes the bytes behind their length."""
    pipe.write(struct.pack("<I", len(data)) + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Reads bytes behind their length; None at the end."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    return pipe.read(struct.unpack("<I", head)[0])


def same(left: Message, right: Message) -> bool:
    """Whether two messages are encoded to the same bytes; NaN is equal to itself so."""
    return left.SerializeToString(deterministic=True) == right.SerializeToString(
        deterministic=True)


def request(payload: bytes, name: str) -> bytes:
    """A ConformanceRequest: protobuf_payload 1, requested_output_format 3, message_type 4."""
    return (tag(1, 2) + delimited(payload) + tag(3, 0) + b"\x01"
            + tag(4, 2) + delimited(name.encode()))


def answer(response: bytes) -> bytes | None:
    """The protobuf_payload (3) of a ConformanceResponse, which has no other field then."""
    if response[:1] != b"\x1a":
        return None
    position = 1
    while response[position] & 0x80:
        position += 1
    return response[position + 1:]


def to_swift(types: Types, testee: str, seed: int, count: int) -> None:
    """Sends random bytes and compares what comes back."""
    wire = Wire(seed)
    with subprocess.Popen([testee], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        for number in range(count):
            name = TEST_MESSAGE if number % 2 else wire.random.choice(SENT)
            data = wire.message(types.descriptor(name))
            send(process.stdin, request(data, name))
            response = receive(process.stdout)
            expected = types.parse(name, data)
            encoded = None if response is None else answer(response)
            if encoded is None or not same(types.parse(name, encoded), expected):
                process.stdin.close()
                sys.exit(
                    f"message {number} to Swift, a {name}, is another one there:\n"
                    f"  sent     {data.hex()}\n"
                    f"  expected {expected.SerializeToString(deterministic=True).hex()}\n"
                    f"  answer   {(response or b'').hex()}")
        process.stdin.close()
    missing = types.fields(SENT + [TEST_MESSAGE]) - set(wire.seen)
    if missing:
        sys.exit(f"never sent to Swift: {', '.join(sorted(missing))}")


def from_swift(types: Types, testee: str, seed: int, count: int) -> None:
    """Decodes and encodes what Swift sends, which Swift compares."""
    seen: set[str] = set()
    command = [testee, "--random", str(seed), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        while (name := receive(process.stdout)) is not None:
            data = receive(process.stdout) or b""
            message = types.parse(name.decode(), data)
            seen.update(field.full_name for field, _ in message.ListFields())
            send(process.stdin, message.SerializeToString())
        process.stdin.close()
    if process.returncode:
        sys.exit("a message of Swift came back from Python as another one")
    missing = types.fields(RECEIVED + [TEST_MESSAGE]) - seen
    if missing:
        sys.exit(f"never sent by Swift: {', '.join(sorted(missing))}")


def main() -> None:
    """Runs both directions and says how long they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("testee", help="the executable assay-codec-conformance")
    parser.add_argument("--schema", type=Path, required=True, help="folder of the schemas")
    parser.add_argument("--include", type=Path, required=True, help="folder of google/protobuf")
    parser.add_argument("--protoc", default="protoc")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--count", type=int, default=10_000, help="messages in each direction")
    arguments = parser.parse_args()

    print(f"cross-check with Python's protobuf: seed {arguments.seed}", flush=True)
    types = Types(arguments.protoc, arguments.schema, arguments.include)
    begin = time.monotonic()
    to_swift(types, arguments.testee, arguments.seed, arguments.count)
    from_swift(types, arguments.testee, arguments.seed, arguments.count)
    seconds = time.monotonic() - begin
    print(f"cross-check: {2 * arguments.count} messages agree, {seconds:.1f} s")


if __name__ == "__main__":
    main()
