"""Bytes that are no message: a reader must refuse each as a whole."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from kitchen import kind

_STRAY = {
    "stray continuation byte": "80",
    "lead byte without its continuation": "c3",
    "overlong spelling of NUL": "c080",
    "overlong spelling of a slash": "e080af",
    "surrogate": "eda080",
    "beyond U+10FFFF": "f4908080",
    "lead byte that never was": "f888808080",
    "text that ends within a character": "61e282",
}


def rejects() -> list[dict]:
    """All vectors."""
    cases = [
        ("Scalars", "varint without end", "18ff", "truncated"),
        ("Scalars", "tag alone", "18", "truncated"),
        ("Scalars", "tag without end", "98", "truncated"),
        ("Scalars", "fixed64 of seven bytes", "0901020304050607", "truncated"),
        ("Scalars", "fixed32 of three bytes", "15010203", "truncated"),
        ("Scalars", "unknown fixed64 of seven bytes", "f93f01020304050607", "truncated"),
        ("Scalars", "varint of eleven bytes", "30ffffffffffffffffffff01", "varint"),
        ("Scalars", "unknown varint of eleven bytes", "f83fffffffffffffffffffff01", "varint"),
        ("Scalars", "length of eleven bytes", "728080808080808080808001", "varint"),
        ("Scalars", "field number 0", "0001", "tag"),
        ("Scalars", "field number 0, text", "0200", "tag"),
        ("Scalars", "tag beyond 32 bits", "808080801000", "tag"),
        ("Scalars", "wire type 6", "1e01", "wire type"),
        ("Scalars", "wire type 7", "1f01", "wire type"),
        ("Scalars", "unknown field of wire type 6", "fe3f01", "wire type"),
        ("Scalars", "unknown field of wire type 7", "ff3f01", "wire type"),
        ("Scalars", "text longer than what follows", "7205616263", "length"),
        ("Scalars", "unknown bytes longer than what follows", "fa3f05616263", "length"),
        ("Scalars", "length of 2 GiB", "72ffffffff07", "length"),
        ("Scalars", "length of 2^64 - 1", "72ffffffffffffffffff01", "length"),
        ("Repeated", "packed run longer than what follows", "1a05010203", "length"),
        ("Repeated", "packed doubles of seven bytes", "0a0701020304050607", "length"),
        ("Repeated", "packed fixed32 of five bytes", "4a050102030405", "length"),
        ("Repeated", "packed varint cut at its run's end", "1a0180", "truncated"),
        ("Optionals", "field that reaches beyond its message", "8a01037203616263", "length"),
        ("Maps", "text that reaches beyond its entry", "72040a05616263", "length"),
        ("Scalars", "group without end", "fb3f0801", "group"),
        ("Scalars", "end without group", "fc3f", "group"),
        ("Scalars", "group that ends as another", "fb3f0801f43f", "group"),
        ("Optionals", "group that ends outside its message", "8a0102fb3f08fc3f", "group"),
        ("Node", "messages 101 deep", _deep(101), "depth"),
        ("Nothing", "groups 101 deep", "fb3f" * 101 + "fc3f" * 101, "depth"),
    ]
    cases += [
        ("Scalars", f"text: {name}", f"72{len(text) // 2:02x}{text}", "UTF-8")
        for name, text in _STRAY.items()
    ]
    cases.append(("Maps", "map key that is no UTF-8", "72050a01801200", "UTF-8"))
    return [_vector(*case) for case in cases]


def _deep(levels: int) -> str:
    data = b""
    for _ in range(levels):
        data = b"\x12" + _varint(len(data)) + data
    return data.hex()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _vector(message: str, name: str, text_hex: str, fault: str) -> dict:
    data = bytes.fromhex(text_hex)
    vector = {
        "name": name,
        "fault": fault,
        "message": f"assay.kitchen.v1.{message}",
        "hex": data.hex(),
    }
    try:
        kind(message).FromString(data)
    except DecodeError:
        return vector
    except UnicodeDecodeError:
        return vector
    raise AssertionError(f"{name}: Google's implementation takes it")
