"""How a call fails: a code to act upon, a sentence to read, and typed details."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from ._metadata import Metadata


class StatusCode(enum.IntEnum):
    """gRPC's status codes, with gRPC's numbers."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @classmethod
    def of(cls, number: int) -> StatusCode:
        """The code of a number from the wire; a number that nobody defined is UNKNOWN."""
        try:
            return cls(number)
        except ValueError:
            return cls.UNKNOWN


class StatusOrigin(enum.IntEnum):
    """Tells what the application answered from what its runtime did."""

    UNSPECIFIED = 0
    """The handler; or the sender is too old to say."""
    MALFORMED = 1
    UNKNOWN_SERVICE = 2
    UNKNOWN_METHOD = 3
    RUNTIME = 4

    @classmethod
    def of(cls, number: int) -> StatusOrigin:
        """The origin of a number from the wire; one of a later version is UNSPECIFIED."""
        try:
            return cls(number)
        except ValueError:
            return cls.UNSPECIFIED


@dataclass(frozen=True)
class FieldViolation:
    """One field, or one place in a file, that is at fault."""

    field: str
    description: str
    line: int | None = None
    """Place in a file, counted from 1; None where there is none."""
    column: int | None = None


@dataclass(frozen=True)
class LimitExceeded:
    """A limit, what was asked of it, and the setting that changes it."""

    name: str
    limit: int
    actual: int
    setting: str = ""


@dataclass(frozen=True)
class ResourceReference:
    """The thing that an error is about."""

    kind: str
    name: str


@dataclass(frozen=True)
class HopTime:
    """Time that a call spent at one hop."""

    hop: str
    spent_microseconds: int


@dataclass(frozen=True)
class StatusDetails:
    """What a program acts upon, beyond the sentence."""

    field_violations: tuple[FieldViolation, ...] = ()
    retry_after_milliseconds: int | None = None
    """When to try again; None where the server does not say."""
    limit: LimitExceeded | None = None
    resource: ResourceReference | None = None
    hops: tuple[HopTime, ...] = ()
    """Where the time went, outermost hop first."""
    not_processed: bool = False
    """The call provably never reached a handler: it may be sent again."""
    origin: StatusOrigin = StatusOrigin.UNSPECIFIED
    no_retry: bool = False
    """Push-back: do not send this call again, whatever its method allows."""


class RPCError(Exception):
    """A call's failure, as its server or this library gave it."""

    def __init__(
        self,
        code: StatusCode,
        message: str,
        details: StatusDetails | None = None,
        metadata: Metadata = (),
    ) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.details = details or StatusDetails()
        self.metadata = metadata
        """What came with the status."""


class ProtocolViolation(Exception):
    """What a peer did that the protocol forbids: it ends the connection.

    ``rule`` is the id of the rule in ``wire.md``.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def runtime_error(code: StatusCode, message: str, **details: Any) -> RPCError:
    """An error that no handler gave: a deadline, a limit, a drain, a cancelled call."""
    return RPCError(code, message, StatusDetails(origin=StatusOrigin.RUNTIME, **details))


def over_limit(message: str, name: str, limit: int, actual: int) -> RPCError:
    """A limit was met before anything was sent, or because of what was received."""
    setting = "--" + name.replace("_", "-")
    return runtime_error(
        StatusCode.RESOURCE_EXHAUSTED,
        f"{message}: {actual} bytes, over the limit of {limit} ({name}, set by {setting})",
        limit=LimitExceeded(name, limit, actual, setting),
    )
