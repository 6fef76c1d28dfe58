"""The messages of ``Tests/CodecSchemas/Schema/kitchen_sink.proto``, as Google's Python has them."""

from __future__ import annotations

import base64

from assay_rpc._messages import message_class
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from schema_kitchen import FILE_DESCRIPTOR_SET


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(base64.b64decode(FILE_DESCRIPTOR_SET)).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _pool()


def kind(name: str) -> type[Message]:
    """The class of a message of the schema."""
    return message_class(_POOL.FindMessageTypeByName(f"assay.kitchen.v1.{name}"))
