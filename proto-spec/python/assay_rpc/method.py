"""What the schema says of a method, and stubs made from it."""

from __future__ import annotations

import dataclasses

from google.protobuf import descriptor as descriptors
from google.protobuf import message_factory

from assay.options.v1 import options_pb2

#: Deadline of a unary call when neither the caller nor the schema says one.
DEFAULT_UNARY_TIMEOUT = 30.0


@dataclasses.dataclass(frozen=True)
class Method:
    """A method: its full proto name, its kind, its messages. Types of None are plain bytes."""

    name: str
    client_streaming: bool = False
    server_streaming: bool = False
    #: The schema says that sending it twice does no harm.
    idempotent: bool = False
    response_type: type | None = None
    #: Seconds; 0 is the default of the kind.
    default_timeout: float = 0.0

    @classmethod
    def of(cls, descriptor: descriptors.MethodDescriptor) -> "Method":
        """From a generated descriptor: `pb2.DESCRIPTOR.services_by_name[S].methods_by_name[M]`."""
        options = descriptor.GetOptions()
        milliseconds = options.Extensions[options_pb2.default_timeout_milliseconds]
        return cls(
            name=descriptor.full_name,
            client_streaming=descriptor.client_streaming,
            server_streaming=descriptor.server_streaming,
            idempotent=options.idempotency_level != 0,
            response_type=message_factory.GetMessageClass(descriptor.output_type),
            default_timeout=milliseconds / 1000,
        )

    def timeout(self, asked: float | None) -> float | None:
        """Seconds that a call may take; None is for ever, which only streaming calls may."""
        if asked is not None:
            return asked
        if self.default_timeout > 0:
            return self.default_timeout
        is_unary = not self.client_streaming and not self.server_streaming
        return DEFAULT_UNARY_TIMEOUT if is_unary else None

    def parse(self, data: bytes):
        return data if self.response_type is None else self.response_type.FromString(data)


def serialize(message) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


class Stub:
    """A service's methods as attributes: `Stub(channel, pb2.DESCRIPTOR.services_by_name["S"])`.

    Unary and client-streaming methods give the answer; the streaming ones a `Call`. Works with the
    channel of `assay_rpc` and with that of `assay_rpc.aio`.
    """

    def __init__(self, channel, service: descriptors.ServiceDescriptor):
        for descriptor in service.methods:
            setattr(self, descriptor.name, self._bind(channel, Method.of(descriptor)))

    @staticmethod
    def _bind(channel, method: Method):
        kind = {
            (False, False): channel.unary,
            (True, False): channel.client_streaming,
            (False, True): channel.server_streaming,
            (True, True): channel.bidirectional,
        }[method.client_streaming, method.server_streaming]

        def call(*arguments, **options):
            return kind(method, *arguments, **options)

        call.__name__ = method.name
        return call
