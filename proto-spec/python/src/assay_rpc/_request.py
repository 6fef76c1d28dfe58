"""What a client says of a call, from the arguments of a front end."""

from __future__ import annotations

from google.protobuf.message import Message

from . import _control
from ._errors import RPCError, StatusCode
from ._metadata import MetadataLike, make_metadata
from ._status import add_metadata

UNARY_TIMEOUT_SECONDS = 30.0
"""Deadline of a unary call that does not say one: every unary call has one."""
MOST_ATTEMPTS = 3


def make_request(
    method: str,
    metadata: MetadataLike,
    credential: str | None,
    traceparent: str,
    attempt: int,
) -> Message:
    """The REQUEST without its message."""
    request = _control.Request(
        method=method.lstrip("/").replace("/", "."),
        credential=credential or "",
        traceparent=traceparent,
        attempt=attempt,
    )
    add_metadata(request, make_metadata(metadata))
    return request


def may_try_again(error: RPCError, attempt: int, *, met_peer: bool) -> bool:
    """Whether a call that no handler has seen goes to another connection at once [C8].

    Where the peer never said HELLO (nobody listens, TLS fails), another connection would not help.
    """
    details = error.details
    return (
        met_peer
        and error.code is StatusCode.UNAVAILABLE
        and details.not_processed
        and not details.no_retry
        and details.retry_after_milliseconds is None
        and attempt + 1 < MOST_ATTEMPTS
    )


def parse_target(target: str) -> tuple[str, int]:
    """Host and port of "host:port" or "[v6]:port"."""
    host, separator, port = target.rpartition(":")
    if not separator or not port.isdigit() or not host:
        raise ValueError(f"target {target!r}: expected host:port")
    return host.strip("[]"), int(port)
