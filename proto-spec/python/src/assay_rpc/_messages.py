"""Message classes of descriptors, whichever version of ``protobuf`` is installed."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from ._errors import RPCError, StatusCode, StatusDetails, StatusOrigin

M = TypeVar("M", bound=Message)


def message_class(descriptor: Descriptor) -> type[Message]:
    """The class of a message; the same one that a ``_pb2`` module has, where there is one."""
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return _class_before_4_22(descriptor)


_factories: list[message_factory.MessageFactory] = []


def _class_before_4_22(descriptor: Descriptor) -> type[Message]:
    """There each factory makes classes of its own, even for what a ``_pb2`` module has."""
    try:
        made = getattr(descriptor, "_concrete_class", None)
    except TypeError:
        made = None
    if made is not None:
        return made
    pool = descriptor.file.pool
    factory = next((one for one in _factories if one.pool is pool), None)
    if factory is None:
        factory = message_factory.MessageFactory(pool)
        _factories.append(factory)
    return factory.GetPrototype(descriptor)


def parse_answer(response: type[M], data: bytes) -> M:
    """An answer's message; INTERNAL if the bytes are none."""
    try:
        return response.FromString(data)
    except DecodeError as error:
        name = response.DESCRIPTOR.full_name
        raise RPCError(StatusCode.INTERNAL, f"malformed answer, no {name}: {error}") from error


def parse_request(request: type[M], data: bytes) -> M:
    """A request's message; INVALID_ARGUMENT of origin MALFORMED if the bytes are none."""
    try:
        return request.FromString(data)
    except DecodeError as error:
        name = request.DESCRIPTOR.full_name
        raise RPCError(
            StatusCode.INVALID_ARGUMENT,
            f"malformed {name}: {error}",
            StatusDetails(origin=StatusOrigin.MALFORMED),
        ) from error
