"""What is asked of a peer, and what is reported of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]
"""One line of the output; README.md lists the fields."""


@dataclass(frozen=True)
class Request:
    shape: str
    payload: int
    connections: int
    outstanding: int
    tls: bool
    pin: bool
    seconds: float
    bytes: int


def default_payload(shape: str) -> int:
    return 256 * 1024 if shape == "upload" else 64


MEASURED = (
    "seconds", "calls", "calls_per_second", "p50_us", "p99_us", "p999_us",
    "server_cpu_us_per_call", "client_cpu_us_per_call", "rss_kib",
)  # fmt: skip


def result_of(peer: str, request: Request, measured: Result) -> Result:
    """A result with every field of the schema: null for what does not exist in the shape."""
    return {
        "peer": peer, "shape": request.shape, "payload": request.payload,
        "connections": request.connections, "outstanding": request.outstanding,
        "tls": request.tls, "pinned": request.pin,
        **dict.fromkeys(MEASURED), **measured,
    }  # fmt: skip
