"""Frames as annotated hexadecimal text."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from .frames import FLAGS, HEADER, KINDS, MAGIC
from .schemas import Echo, message_class

_COLUMN = 52
_SHOWN_BYTES = 15
_INLINE_MESSAGES = ("assay.rpc.v1.Request.message", "assay.rpc.v1.Response.message")
_NAMES = {number: name for name, number in KINDS.items()}


def frame_lines(data: bytes, is_continued: bool = False) -> list[str]:
    """One line a field: its bytes, then what they mean.

    :param is_continued: whether a MESSAGE goes on with a message that is begun.
    """
    size, kind, flags, _, stream = HEADER.unpack_from(data)
    name = _NAMES[kind]
    set_flags = " ".join(flag for flag, bit in FLAGS.items() if flags & bit) or "no flags"
    header = " ".join(data[a:b].hex(" ") for a, b in ((0, 4), (4, 5), (5, 6), (6, 8), (8, 12)))
    lines = [_line(header, f"{size} bytes, {name}, {set_flags}, zero, stream {stream}", 0)]
    payload = data[HEADER.size :]
    if name == "HELLO":
        lines.append(_line(MAGIC.hex(" "), "magic", 0))
        payload = payload[len(MAGIC) :]
    if name == "MESSAGE" and (is_continued or flags & FLAGS["MORE"]):
        text = payload[:_SHOWN_BYTES].hex(" ") + " …"
        lines.append(_line(text, f"{len(payload)} bytes of a message", 1))
    elif name == "MESSAGE":
        lines += _message_lines(payload, Echo.DESCRIPTOR, 1)
    else:
        schema = message_class(f"assay.rpc.v1.{name.capitalize()}").DESCRIPTOR
        lines += _message_lines(payload, schema, 0)
    return lines


def _line(bytes_text: str, meaning: str, depth: int) -> str:
    return f"{'  ' * depth + bytes_text:<{_COLUMN}}{meaning}"


def _message_lines(data: bytes, schema: Descriptor, depth: int) -> Iterator[str]:
    offset = 0
    while offset < len(data):
        begin = offset
        tag, offset = _varint(data, offset)
        field = schema.fields_by_number.get(tag >> 3)
        label = f"{tag >> 3} {field.name if field else '?'}"
        if tag & 7 == 2:
            length, offset = _varint(data, offset)
            value = data[offset : offset + length]
            yield from _delimited(data[begin:offset], value, field, label, depth)
            offset += length
        else:
            value_begin = offset
            number, offset = _number(data, value_begin, tag & 7)
            yield _line(data[begin:offset].hex(" "), f"{label} = {number}", depth)


def _delimited(
    prefix: bytes, value: bytes, field: FieldDescriptor | None, label: str, depth: int
) -> Iterator[str]:
    nested = field.message_type if field else None
    if field and field.full_name in _INLINE_MESSAGES:
        nested = Echo.DESCRIPTOR
    if nested:
        yield _line(prefix.hex(" "), f"{label}, {len(value)} bytes:", depth)
        yield from _message_lines(value, nested, depth + 1)
        return
    is_text = field is not None and field.type == FieldDescriptor.TYPE_STRING
    shown = f'"{value.decode()}"' if is_text else f"{len(value)} bytes"
    data = prefix + value
    text = data[:_SHOWN_BYTES].hex(" ") + (" …" if len(data) > _SHOWN_BYTES else "")
    yield _line(text, f"{label} = {shown}", depth)


def _number(data: bytes, offset: int, wire_type: int) -> tuple[int, int]:
    if wire_type == 0:
        return _varint(data, offset)
    size = {1: 8, 5: 4}[wire_type]
    return int.from_bytes(data[offset : offset + size], "little"), offset + size


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[offset]
        value |= (byte & 0x7F) << shift
        offset, shift = offset + 1, shift + 7
        if byte < 0x80:
            return value, offset
