"""Assay's protocol in Python: a client for threads here, asyncio client and server in ``aio``.

``Channel`` begins calls; a call that fails raises ``RPCError``. ``proto-spec/wire.md`` is the
protocol; ``assay_rpc.Connection`` is its state machine, without any I/O.
"""

from ._channel import Channel, ClientCall
from ._connection import Connection
from ._errors import (
    FieldViolation,
    HopTime,
    LimitExceeded,
    ProtocolViolation,
    ResourceReference,
    RPCError,
    StatusCode,
    StatusDetails,
    StatusOrigin,
)
from ._metadata import Metadata, first
from ._phase import Phase, Role
from ._settings import Settings
from ._stub import Stub
from ._tls import TLS, ServerTLS

__all__ = [
    "TLS",
    "Channel",
    "ClientCall",
    "Connection",
    "FieldViolation",
    "HopTime",
    "LimitExceeded",
    "Metadata",
    "Phase",
    "ProtocolViolation",
    "RPCError",
    "ResourceReference",
    "Role",
    "ServerTLS",
    "Settings",
    "StatusCode",
    "StatusDetails",
    "StatusOrigin",
    "Stub",
    "first",
]
