"""Errors to and from the ``Status`` message of the wire."""

from __future__ import annotations

from google.protobuf.message import Message

from . import _control
from ._errors import (
    FieldViolation,
    HopTime,
    LimitExceeded,
    ResourceReference,
    RPCError,
    StatusCode,
    StatusDetails,
    StatusOrigin,
)
from ._metadata import Metadata

_ROOM_BESIDE_MESSAGE = 64


def read_metadata(entries) -> Metadata:
    """Metadata of a repeated field."""
    return tuple((entry.key, entry.value) for entry in entries)


def add_metadata(message: Message, metadata: Metadata) -> None:
    """Adds metadata to a control message."""
    for key, value in metadata:
        message.metadata.add(key=key, value=value)


def error_from_status(status: Message) -> RPCError | None:
    """The error of a Status; None for success."""
    if status.code == 0:
        return None
    details = status.details
    violations = tuple(
        FieldViolation(one.field, one.description, one.line or None, one.column or None)
        for one in details.field_violations
    )
    limit = resource = None
    if details.HasField("limit"):
        one = details.limit
        limit = LimitExceeded(one.name, one.limit, one.actual, one.setting)
    if details.HasField("resource"):
        resource = ResourceReference(details.resource.kind, details.resource.name)
    return RPCError(
        StatusCode.of(status.code),
        status.message,
        StatusDetails(
            field_violations=violations,
            retry_after_milliseconds=details.retry_after_milliseconds or None,
            limit=limit,
            resource=resource,
            hops=tuple(HopTime(hop.hop, hop.spent_microseconds) for hop in details.hops),
            not_processed=details.not_processed,
            origin=StatusOrigin.of(details.origin),
            no_retry=details.no_retry,
        ),
        read_metadata(status.metadata),
    )


def status_of(error: RPCError | None, metadata: Metadata = ()) -> Message:
    """The Status of an error; of success for None."""
    status = _control.Status()
    if error is None:
        add_metadata(status, metadata)
        return status
    status.code = int(error.code)
    status.message = error.message
    if error.details != StatusDetails():
        _write_details(status.details, error.details)
    add_metadata(status, metadata or error.metadata)
    return status


def _write_details(out: Message, details: StatusDetails) -> None:
    for one in details.field_violations:
        out.field_violations.add(
            field=one.field,
            description=one.description,
            line=one.line or 0,
            column=one.column or 0,
        )
    out.retry_after_milliseconds = details.retry_after_milliseconds or 0
    if details.limit is not None:
        out.limit.name = details.limit.name
        out.limit.limit = details.limit.limit
        out.limit.actual = details.limit.actual
        out.limit.setting = details.limit.setting
    if details.resource is not None:
        out.resource.kind = details.resource.kind
        out.resource.name = details.resource.name
    for hop in details.hops:
        out.hops.add(hop=hop.hop, spent_microseconds=hop.spent_microseconds)
    out.not_processed = details.not_processed
    out.origin = int(details.origin)
    out.no_retry = details.no_retry


def fitting(status: Message, limit: int) -> bytes:
    """A status that fits a frame of the peer: the code matters most, the sentence next."""
    data = status.SerializeToString()
    if len(data) <= limit:
        return data
    text = status.message.encode()[: limit - _ROOM_BESIDE_MESSAGE]
    short = _control.Status(code=status.code, message=text.decode(errors="ignore"))
    return short.SerializeToString()
