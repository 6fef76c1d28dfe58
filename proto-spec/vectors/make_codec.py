"""Golden messages: what bytes mean, and how what they mean is written again.

Made by Google's implementation from the kitchen schema. ``encoded`` is its own encoding of what
it read from ``hex``. No map has two entries, for nobody promises their order.
"""

from __future__ import annotations

from google.protobuf.message import Message

from kitchen import kind

INT32, INT64 = 2**31, 2**63
UINT32, UINT64 = 2**32 - 1, 2**64 - 1


def messages() -> list[dict]:
    """All vectors."""
    return [*_written(), *_read()]


def _written() -> list[dict]:
    """Messages that are set field by field and written."""
    scalars, repeated, maps = kind("Scalars"), kind("Repeated"), kind("Maps")
    greatest = scalars(
        a_double=1.7976931348623157e308,
        a_float=3.4028234663852886e38,
        an_int32=INT32 - 1,
        an_int64=INT64 - 1,
        a_uint32=UINT32,
        a_uint64=UINT64,
        a_sint32=INT32 - 1,
        a_sint64=INT64 - 1,
        a_fixed32=UINT32,
        a_fixed64=UINT64,
        a_sfixed32=INT32 - 1,
        a_sfixed64=INT64 - 1,
        a_bool=True,
        a_string="Zürich 🍳 \u0000 \uffff \U0010ffff",
        some_bytes=bytes(range(256)),
        state=INT32 - 1,
    )
    least = scalars(
        a_double=-5e-324,
        a_float=-1.401298464324817e-45,
        an_int32=-INT32,
        an_int64=-INT64,
        a_sint32=-INT32,
        a_sint64=-INT64,
        a_sfixed32=-INT32,
        a_sfixed64=-INT64,
        state=-INT32,
    )
    present = {name: 0 for name in _NUMBERS} | {"a_string": "", "some_bytes": b"", "scalars": {}}
    vectors = [
        _golden("nothing at all", "no field is set: no bytes", scalars()),
        _golden("greatest scalars", "the upper edge of every type", greatest),
        _golden("least scalars", "the lower edge of every type", least),
        _golden("minus zero", "is not the default: written", scalars(a_double=-0.0, a_float=-0.0)),
        _golden(
            "infinities",
            "both of them",
            repeated(doubles=[float("inf"), float("-inf")], floats=[float("inf"), float("-inf")]),
        ),
        _golden("presence", "optional fields at their defaults", kind("Optionals")(**present)),
        _golden("packed", "numbers of every type", repeated(**_LISTS)),
        _golden("unpacked", "where the schema says so", repeated(unpacked_int32s=[0, -1, 1])),
        _golden("repeated texts", "empty ones too", repeated(strings=["", "a", ""])),
        _golden(
            "repeated messages",
            "empty ones too",
            repeated(messages=[scalars(), scalars(an_int32=1), scalars()]),
        ),
        _golden("maps", "of every kind; one entry each, for their order is free", maps(**_MAPS)),
        _golden("well-known types", "Timestamp and Duration before 1970 and below zero", _time()),
        _golden("field numbers", "tags of one to five bytes", kind("Numbers")(**_EDGES)),
        _golden("recursion", "a message in itself", _nested(100)),
    ]
    for name, value in _MEMBERS.items():
        choice = kind("Choice")(before="b", between="m", second=0, **{name: value})
        vectors.append(_golden(f"oneof {name}", "at its default: present all the same", choice))
    return vectors


def _read() -> list[dict]:
    """Bytes that are not what a writer would write, but mean something."""
    cases = [
        ("Scalars", "last one wins", "180118021803", "a scalar three times: 3"),
        ("Scalars", "order does not matter", "7201611801", "field 14 before field 3"),
        ("Scalars", "padded varint", "188100", "1 in two bytes"),
        ("Scalars", "varint of ten bytes", "3081808080808080808000", "1 in ten bytes"),
        ("Scalars", "varint beyond 64 bits", "30ffffffffffffffffff7f", "what is beyond is dropped"),
        ("Scalars", "int32 beyond 32 bits", "18ffffffff1f", "cut to its lowest 32 bits: -1"),
        ("Scalars", "uint32 beyond 32 bits", "2881808080f0ffff01", "cut to its lowest 32 bits"),
        ("Scalars", "sint32 beyond 32 bits", "3881808080f0ffff01", "cut to its lowest 32 bits"),
        ("Scalars", "bool of any number", "68ac02", "not 0: true; written as 1"),
        ("Scalars", "bool of a high bit only", "688080808010", "not 0 in 64 bits: true"),
        ("Scalars", "padded tag", "98000a", "field 3 in two bytes of tag"),
        ("Scalars", "explicit default", "1800", "0 of a field without presence: not written"),
        ("Scalars", "negative enum", "8001ffffffffffffffffff01", "-1 has a name"),
        ("Scalars", "enum of no name", "80016380016480010a", "open: the last, 10, is kept"),
        ("Scalars", "unknown varint", "f83f01", "field 1023: kept"),
        ("Scalars", "unknown fixed64", "f93f0102030405060708", "kept"),
        ("Scalars", "unknown bytes", "fa3f03616263", "kept"),
        ("Scalars", "unknown fixed32", "fd3f01020304", "kept"),
        ("Scalars", "unknown group", "fb3f0801fc3f", "kept with what is in it"),
        ("Scalars", "unknown group in a group", "fb3ff33f0801f43ffc3f", "kept"),
        ("Scalars", "unknown between known", "1801fa3f0161 7201 62", "kept, behind the known"),
        ("Scalars", "known number, other wire type", "1d01020304", "an int32 as fixed32: unknown"),
        ("Scalars", "text as varint", "7001", "unknown"),
        ("Repeated", "packed though unpacked is declared", "9201020001", "read alike"),
        ("Repeated", "unpacked though packed is declared", "180018011802", "read alike"),
        ("Repeated", "packed in two runs, one between", "1a0101 1802 1a020304", "one list"),
        ("Repeated", "empty packed run", "1a00", "no element"),
        ("Repeated", "unpacked doubles", "09000000000000f03f09000000000000f0bf", "read alike"),
        ("Repeated", "packed enums of no name", "820103000163", "kept in the list"),
        ("Optionals", "merging of a message", "8a01021801 8a01022005 8a01021802", "field by field"),
        ("Optionals", "an empty message, then one", "8a0100 8a01021801", "merged"),
        ("Node", "merging in depth", "12030a0161 1200 120612040a026262", "deep"),
        ("Choice", "the last member wins", "2001 2802", "an_int64, not an_int32"),
        ("Choice", "merging within a oneof", "9a01021801 9a01022005", "the same member: merged"),
        ("Choice", "another member between", "9a01021801 2001 9a01022005", "not merged: replaced"),
        ("Maps", "same key twice", "0a0408011002 0a0408011003", "the last value"),
        ("Maps", "entry without key", "0a021005", "key 0"),
        ("Maps", "entry without value", "0a020805", "value 0"),
        ("Maps", "empty entry", "0a00", "key 0, value 0"),
        ("Maps", "value before key", "0a0410020801", "read alike"),
        ("Maps", "entry with key twice", "0a06080108021003", "the last key"),
        ("Maps", "message value without bytes", "8a01030a0161", "an empty message"),
    ]
    return [_bytes(*case) for case in cases]


def _golden(name: str, text: str, message: Message) -> dict:
    data = message.SerializeToString(deterministic=True)
    return _vector(name, text, type(message), data)


def _bytes(message: str, name: str, text_hex: str, text: str) -> dict:
    return _vector(name, text, kind(message), bytes.fromhex(text_hex))


def _vector(name: str, text: str, message: type[Message], data: bytes) -> dict:
    encoded = message.FromString(data).SerializeToString(deterministic=True)
    again = message.FromString(encoded).SerializeToString(deterministic=True)
    assert again == encoded, f"{name}: does not read back what it writes"
    return {
        "name": name,
        "description": text,
        "message": message.DESCRIPTOR.full_name,
        "hex": data.hex(),
        "encoded": encoded.hex(),
    }


def _time() -> Message:
    message = kind("WellKnown")()
    message.time.seconds, message.time.nanos = -62_135_596_800, 999_999_999
    message.duration.seconds, message.duration.nanos = -315_576_000_000, -999_999_999
    message.number.value = -1
    return message


def _nested(depth: int) -> Message:
    outer = kind("Node")(label="bottom")
    for _ in range(depth):
        outer = kind("Node")(next=outer)
    return outer


_NUMBERS = (
    *("a_double", "a_float", "an_int32", "an_int64", "a_uint32", "a_uint64", "a_sint32"),
    *("a_sint64", "a_fixed32", "a_fixed64", "a_sfixed32", "a_sfixed64", "a_bool", "state"),
)
_LISTS = {
    "doubles": [0, 1.5, -1e300],
    "floats": [0, -2.5],
    "int32s": [0, 150, -1, INT32 - 1],
    "int64s": [1, -1, -INT64],
    "uint32s": [0, 300, UINT32],
    "uint64s": [UINT64],
    "sint32s": [-1, 1, -INT32],
    "sint64s": [-2, 2, -INT64],
    "fixed32s": [1, UINT32],
    "fixed64s": [3],
    "sfixed32s": [-1],
    "sfixed64s": [-1, 0],
    "bools": [True, False],
    "states": [1, -1, 99],
}
_MAPS = {
    "int32s": {-1: 1},
    "int64s": {-INT64: INT64 - 1},
    "uint32s": {UINT32: 0},
    "uint64s": {UINT64: 1},
    "sint32s": {-INT32: -1},
    "sint64s": {-1: 1},
    "fixed32s": {2: UINT32},
    "fixed64s": {0: UINT64},
    "sfixed32s": {-1: -INT32},
    "sfixed64s": {-1: 1},
    "floats": {1: 0.5},
    "doubles": {1: 0.5},
    "bools": {False: True},
    "strings": {"": ""},
    "byte_strings": {"k": b"\x00"},
    "states": {"x": -1},
    "messages": {"e": {}},
    "recursive": {"r": {"strings": {"ä": "z"}}},
}
_EDGES = {
    "one_byte": 1,
    "two_bytes": 2,
    "three_bytes": 3,
    "four_bytes": 4,
    "five_bytes": 5,
    "first_of_two": 6,
}
_MEMBERS: dict[str, object] = {
    "a_double": 0,
    "an_int32": 0,
    "a_sint64": 0,
    "a_fixed32": 0,
    "a_bool": False,
    "a_string": "",
    "some_bytes": b"",
    "state": 0,
    "scalars": {},
    "choice": {},
}
