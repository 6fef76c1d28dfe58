"""The payloads of the protocol's own frames, ``assay.rpc.v1`` of ``control.proto``.

They live in a descriptor pool of their own: a program may load another version of the same file
into protobuf's default pool, where two versions would be an error.
"""

from __future__ import annotations

import base64

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from ._control_descriptor import FILE_DESCRIPTOR
from ._errors import ProtocolViolation
from ._messages import message_class

_pool = DescriptorPool()
_pool.AddSerializedFile(base64.b64decode(FILE_DESCRIPTOR))


def _control(name: str) -> type[Message]:
    return message_class(_pool.FindMessageTypeByName(f"assay.rpc.v1.{name}"))


Hello = _control("Hello")
Request = _control("Request")
Response = _control("Response")
Status = _control("Status")
Cancel = _control("Cancel")
Credit = _control("Credit")
Ping = _control("Ping")
Goaway = _control("Goaway")
MetadataEntry = _control("MetadataEntry")


def parse(kind: type[Message], payload: bytes) -> Message:
    """The payload of a frame; a violation if it is not such a message."""
    try:
        return kind.FromString(payload)
    except DecodeError as error:
        name = kind.DESCRIPTOR.full_name
        raise ProtocolViolation("F6", f"malformed {name}: {error}") from error
