"""Which side a connection is, and where in its life."""

from __future__ import annotations

import enum


class Role(enum.Enum):
    """Which side of the connection this is; the client is the side that connected."""

    CLIENT = "client"
    SERVER = "server"


class Phase(enum.Enum):
    """Where a connection is in its life."""

    AWAITING_HELLO = "awaiting hello"
    OPEN = "open"
    DRAINING = "draining"
    """One side has said GOAWAY: calls finish, none begin."""
    CLOSING = "closing"
    """What is in ``output`` is written, then this side's direction ends; input is dropped."""
