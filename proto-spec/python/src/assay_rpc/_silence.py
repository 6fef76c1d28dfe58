"""What a peer's silence means: HELLO that does not come, half a frame, no echo."""

from __future__ import annotations

from ._errors import ProtocolViolation

HELLO_SECONDS = 10.0
FRAME_SECONDS = 30.0
ECHO_SECONDS = 10.0


class Silence:
    """Clocks of one connection, all in seconds of the caller's clock."""

    def __init__(self, now: float) -> None:
        self._hello_due: float | None = now + HELLO_SECONDS
        self._frame_due: float | None = None
        self._echo_due: float | None = None
        self._interval = 0.0
        self._last_heard = now

    def peer_ready(self, interval: float) -> None:
        """HELLO came; PING after ``interval`` of silence."""
        self._hello_due = None
        self._interval = interval

    def heard(self, now: float, has_partial_frame: bool, completed_frame: bool) -> None:
        """Bytes arrived."""
        self._last_heard = now
        self._echo_due = None
        if not has_partial_frame:
            self._frame_due = None
        elif completed_frame or self._frame_due is None:
            # The frame that is unfinished now began with these bytes.
            self._frame_due = now + FRAME_SECONDS

    @property
    def due(self) -> float:
        """When ``check`` has something to do."""
        if self._hello_due is not None:
            next_due = self._hello_due
        elif self._echo_due is not None:
            next_due = self._echo_due
        else:
            next_due = self._last_heard + self._interval
        return min(next_due, self._frame_due) if self._frame_due is not None else next_due

    def check(self, now: float) -> bool:
        """Whether to send a PING now; a violation if the peer has been silent too long."""
        if self._hello_due is not None and now >= self._hello_due:
            raise ProtocolViolation("H5", f"no HELLO within {HELLO_SECONDS:.0f} seconds")
        if self._frame_due is not None and now >= self._frame_due:
            raise ProtocolViolation("F4", f"half a frame for {FRAME_SECONDS:.0f} seconds")
        if self._hello_due is not None:
            return False
        if self._echo_due is not None:
            if now >= self._echo_due:
                raise ProtocolViolation("P2", f"silent for {ECHO_SECONDS:.0f} seconds after PING")
            return False
        if now >= self._last_heard + self._interval:
            self._echo_due = now + ECHO_SECONDS
            return True
        return False
