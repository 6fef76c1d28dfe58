"""What `Connection.receive` reports, in the order in which it happened."""

from __future__ import annotations

from typing import NamedTuple

from .status import StatusError


class Opened(NamedTuple):
    """The peer's HELLO has arrived."""

    hello: object


class RequestReceived(NamedTuple):
    stream: int
    request: object
    end_stream: bool


class MessageReceived(NamedTuple):
    """A whole message; `owed` bytes of credit go back by `taken` when the application has it."""

    stream: int
    data: bytes
    owed: int


class HalfClosed(NamedTuple):
    """The client sends no more."""

    stream: int


class Ended(NamedTuple):
    """The call is over, by the server's answer; `error` is None for success."""

    stream: int
    error: StatusError | None
    metadata: list


class Cancelled(NamedTuple):
    """The call is over, by the client's CANCEL."""

    stream: int
    reason: str


class CreditReceived(NamedTuple):
    pass


class Pong(NamedTuple):
    opaque: int


class GoawayReceived(NamedTuple):
    """No new calls; those in `refused` were not processed."""

    code: int
    message: str
    refused: list


class Violated(NamedTuple):
    """The peer broke the protocol: GOAWAY is in the output, close behind it."""

    reason: str
