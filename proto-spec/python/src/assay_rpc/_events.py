"""What a connection tells whoever moves its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from ._errors import RPCError

if TYPE_CHECKING:
    from ._call import Call


@dataclass(frozen=True)
class PeerReady:
    """The peer's HELLO has arrived and a common version is found."""


@dataclass(frozen=True)
class CallArrived:
    """Server: a REQUEST; ``call.request`` says what is asked."""

    call: Call


@dataclass(frozen=True)
class CallChanged:
    """A message can be taken, what was sent is framed, or the call is over."""

    call: Call


@dataclass(frozen=True)
class PeerDraining:
    """GOAWAY: calls finish here, new ones go elsewhere."""


@dataclass(frozen=True)
class ConnectionEnded:
    """No call of this connection is alive any more."""

    error: RPCError


Event = Union[PeerReady, CallArrived, CallChanged, PeerDraining, ConnectionEnded]
