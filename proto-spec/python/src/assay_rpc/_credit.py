"""Credit: what a side may send, and what it lets its peer send."""

from __future__ import annotations

from ._errors import ProtocolViolation
from ._settings import CREDIT_LIMIT

MESSAGE_OVERHEAD_BYTES = 64
"""What a MESSAGE costs beside its payload."""


def message_cost(payload_bytes: int) -> int:
    """The credit that one MESSAGE frame uses; a bare END_STREAM (EMPTY) uses none."""
    return payload_bytes + MESSAGE_OVERHEAD_BYTES


class SendCredit:
    """What this side may still send, on one stream or on the connection."""

    def __init__(self, initial: int) -> None:
        self.available = initial

    def add(self, count: int, where: str) -> None:
        """The peer gave credit."""
        self.available += count
        if self.available > CREDIT_LIMIT:
            raise ProtocolViolation("R2", f"credit of {where} over 2 GiB")


class ReceiveCredit:
    """What the peer may still send, on one stream or on the connection."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._available = window
        self._taken = 0

    def spend(self, cost: int, where: str) -> None:
        """A MESSAGE arrived."""
        if cost > self._available:
            raise ProtocolViolation(
                "R1", f"MESSAGE costs {cost}, over the credit of {self._available} of {where}"
            )
        self._available -= cost

    def give_back(self, count: int) -> int:
        """The application took ``count``; the grant to send now, 0 for none.

        Grants go out by half windows, so that a small message costs no frame.
        """
        self._taken += count
        if self._taken * 2 < self._window:
            return 0
        grant, self._taken = self._taken, 0
        self._available += grant
        return grant
