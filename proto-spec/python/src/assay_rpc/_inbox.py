"""What a call has received and its application has not taken."""

from __future__ import annotations

from collections import deque

from ._credit import message_cost


class Inbox:
    """Whole messages in order, and the parts of the next one.

    Each knows the credit that it owes: it goes back when the application takes the message. Parts
    of a message whose end has not arrived, and before which nothing waits, owe nothing: their
    credit goes back as they arrive, so that messages may be larger than the window.
    """

    def __init__(self) -> None:
        self._whole: deque[tuple[bytes, int]] = deque()
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._parts_owed = 0
        self.is_in_message = False
        self.has_had_frames = False
        """A MESSAGE has arrived; RESPONSE is not allowed any more."""

    def __len__(self) -> int:
        return len(self._whole)

    @property
    def unfinished_bytes(self) -> int:
        """Bytes of the message whose end has not arrived."""
        return self._parts_bytes

    def add_inline(self, message: bytes) -> None:
        """A message that came with REQUEST or RESPONSE; it used no credit."""
        self._whole.append((message, 0))

    def add_part(self, payload: bytes, more: bool) -> int:
        """The payload of a MESSAGE; returns the credit to give back now."""
        owed = self._parts_owed + message_cost(len(payload))
        self._parts.append(payload)
        self._parts_bytes += len(payload)
        self.is_in_message = more
        if more:
            if self._whole:
                self._parts_owed = owed
                return 0
            self._parts_owed = 0
            return owed
        self._whole.append((b"".join(self._parts), owed))
        self._clear_parts()
        return 0

    def take(self) -> tuple[bytes, int] | None:
        """The next whole message and the credit to give back for it; None if there is none."""
        if not self._whole:
            return None
        message, owed = self._whole.popleft()
        if not self._whole:
            # Nothing waits before the parts of the next message any more: they go back too, or a
            # sender whose window they fill would wait for ever.
            owed += self._parts_owed
            self._parts_owed = 0
        return message, owed

    def drop_unfinished(self) -> int:
        """Forgets the parts of a message whose end will not come; the credit that they owe."""
        owed = self._parts_owed
        self._clear_parts()
        self.is_in_message = False
        return owed

    def drop_all(self) -> int:
        """Forgets everything that nobody will take; the credit that it owes."""
        owed = self.drop_unfinished() + sum(owed for _, owed in self._whole)
        self._whole.clear()
        return owed

    def _clear_parts(self) -> None:
        self._parts = []
        self._parts_bytes = 0
        self._parts_owed = 0
