"""Callables for the methods of a service, from its descriptor."""

from __future__ import annotations

from functools import partial
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from ._messages import message_class


def kinds_of(method: MethodDescriptor) -> tuple[bool, bool]:
    """Whether the client streams, and whether the server does."""
    # protobuf before 4.22 has them only in the descriptor's own message.
    if hasattr(method, "client_streaming"):
        return method.client_streaming, method.server_streaming
    proto = descriptor_pb2.MethodDescriptorProto()
    method.CopyToProto(proto)
    return proto.client_streaming, proto.server_streaming


class Stub:
    """A service as an object: one attribute for each of its methods.

    ``Stub(channel, echo_pb2.DESCRIPTOR.services_by_name["EchoService"]).Unary(request)``; with an
    asyncio channel the same attributes are awaited or iterated as the channel's methods are. A
    method that streams both ways gives the open call.
    """

    def __init__(self, channel: Any, service: ServiceDescriptor) -> None:
        for method in service.methods:
            setattr(self, method.name, _callable(channel, method))


def _callable(channel: Any, method: MethodDescriptor) -> Any:
    response = message_class(method.output_type)
    client_streams, server_streams = kinds_of(method)
    if client_streams and server_streams:
        return partial(channel.open, method.full_name, response)
    if client_streams:
        call = channel.client_streaming
    elif server_streams:
        call = channel.server_streaming
    else:
        call = channel.unary
    return lambda request, **options: call(method.full_name, request, response, **options)
