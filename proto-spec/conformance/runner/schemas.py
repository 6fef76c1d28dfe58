"""The messages of the protocol and of the driver, from the descriptors that deploy/generate writes.

A pool of their own keeps them apart from any generated code of the same names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor, ServiceDescriptor
from google.protobuf.message import Message

_DESCRIPTORS = Path(__file__).parent.parent / "generated" / "schemas.binpb"


def _load() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(_DESCRIPTORS.read_bytes())
    for file in files.file:
        pool.Add(file)
    return pool


_POOL = _load()


def message_class(name: str) -> type[Message]:
    """The class of a message, by its full proto name."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


def service(name: str) -> ServiceDescriptor:
    """The descriptor of a service, by its full proto name."""
    return _POOL.FindServiceByName(name)


Command = message_class("assay.conformance.v1.Command")
Report = message_class("assay.conformance.v1.Report")
MakeCall = message_class("assay.conformance.v1.MakeCall")
Echo = message_class("assay.testing.v1.Echo")

#: gRPC's status codes by number.
STATUS_CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
    "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED "
    "INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
).split()


def filler(size: int) -> bytes:
    """`size` bytes that no two places share a short run of, the same ones every time."""
    pattern = bytes((index * 37 + index // 251) % 251 for index in range(251 * 7))
    return (pattern * (size // len(pattern) + 1))[:size]


def to_bytes(value: Any) -> bytes:
    """What a case file writes for bytes: text, "hex:…", or {"filler": SIZE}."""
    if isinstance(value, dict):
        return filler(value["filler"])
    if value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    return value.encode()


def build(message_type: type[Message], fields: dict[str, Any]) -> Message:
    """A message from what a case file says of it."""
    message = message_type()
    for name, value in fields.items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            raise ValueError(f"{message.DESCRIPTOR.full_name} has no field {name}")
        if _is_repeated(field):
            getattr(message, name).extend(_value(field, element) for element in value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, name).CopyFrom(_value(field, value))
        else:
            setattr(message, name, _value(field, value))
    return message


def plain(message: Message) -> dict[str, Any]:
    """A message as values to compare a case's with; unset fields are their defaults."""
    return {
        field.name: _plain(field, getattr(message, field.name))
        for field in message.DESCRIPTOR.fields
        if not field.has_presence or message.HasField(field.name)
    }


def _is_repeated(field: FieldDescriptor) -> bool:
    # Renamed between protobuf's major versions; the newer name first.
    repeated = getattr(field, "is_repeated", None)
    return field.label == FieldDescriptor.LABEL_REPEATED if repeated is None else bool(repeated)


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return build(message_class(field.message_type.full_name), value)
    if field.type == FieldDescriptor.TYPE_ENUM and isinstance(value, str):
        return field.enum_type.values_by_name[value].number
    return to_bytes(value) if field.type == FieldDescriptor.TYPE_BYTES else value


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if _is_repeated(field):
        return [_plain_one(field, element) for element in value]
    return _plain_one(field, value)


def _plain_one(field: FieldDescriptor, value: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return plain(value)
    if field.type == FieldDescriptor.TYPE_ENUM:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known else value
    return value
