"""How a call ends: gRPC's codes, a sentence, typed details."""

from __future__ import annotations

import enum

from assay.rpc.v1 import control_pb2 as wire


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
    def of(cls, number: int) -> "StatusCode":
        """The code of a number from the wire; one that nobody defined is UNKNOWN."""
        try:
            return cls(number)
        except ValueError:
            return cls.UNKNOWN


class StatusError(Exception):
    """A call failed.

    `code` is to act upon, `message` to read, `details` (an `assay.rpc.v1.StatusDetails`) to
    program against; `metadata` is what came with the answer, a list of (key, bytes).
    """

    def __init__(self, code, message="", details=None, metadata=()):
        super().__init__(f"{StatusCode.of(code).name}: {message}")
        self.code = StatusCode.of(code)
        self.message = message
        self.details = details if details is not None else wire.StatusDetails()
        self.metadata = list(metadata)

    @property
    def not_processed(self) -> bool:
        """No handler has seen the call: it may be sent again whatever the method."""
        return self.details.not_processed

    @classmethod
    def unprocessed(cls, code, message) -> "StatusError":
        return cls(code, message, wire.StatusDetails(not_processed=True))

    @classmethod
    def over_limit(cls, message, name, limit, actual, setting) -> "StatusError":
        exceeded = wire.LimitExceeded(name=name, limit=limit, actual=actual, setting=setting)
        return cls(StatusCode.RESOURCE_EXHAUSTED, message, wire.StatusDetails(limit=exceeded))

    @classmethod
    def from_wire(cls, status) -> "StatusError | None":
        """The error of a received Status; None for OK."""
        if status.code == 0:
            return None
        return cls(status.code, status.message, status.details, entries(status.metadata))

    def to_wire(self):
        status = wire.Status(code=int(self.code), message=self.message)
        if self.details.ByteSize():
            status.details.CopyFrom(self.details)
        status.metadata.extend(metadata_entries(self.metadata))
        return status


def entries(metadata) -> list:
    """A message's metadata as (key, bytes)."""
    return [(entry.key, entry.value) for entry in metadata]


def metadata_entries(metadata) -> list:
    """What a caller gave as metadata (a dict or pairs; text or bytes), as messages."""
    pairs = metadata.items() if hasattr(metadata, "items") else metadata
    return [
        wire.MetadataEntry(key=key.lower(), value=value.encode() if isinstance(value, str) else value)
        for key, value in pairs
    ]
