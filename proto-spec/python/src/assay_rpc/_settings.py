"""What one side of a connection announces in HELLO and then holds its peer to."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from . import _control
from ._errors import ProtocolViolation

SMALLEST_LIMIT = 1_024
CREDIT_LIMIT = 1 << 31
"""Most credit that a stream or a connection may have, in bytes."""


@dataclass(frozen=True)
class Settings:
    """Limits of one side. The defaults are those of Assay's own services."""

    max_frame_bytes: int = 64 << 10
    """Largest payload of one frame."""
    max_message_bytes: int = 4 << 20
    """Largest message over all its frames."""
    max_concurrent_streams: int = 1_024
    """Calls that the peer may have open at once."""
    initial_stream_credit_bytes: int = 1 << 20
    initial_connection_credit_bytes: int = 8 << 20
    ping_interval_milliseconds: int = 30_000
    """How long a silent connection waits before a PING; both sides use the larger of the two."""
    software: str = "assay-rpc-python/1.0"

    def __post_init__(self) -> None:
        for name in (
            "max_frame_bytes",
            "max_message_bytes",
            "initial_stream_credit_bytes",
            "initial_connection_credit_bytes",
        ):
            if not SMALLEST_LIMIT <= getattr(self, name) <= CREDIT_LIMIT:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1,024 to 2 GiB")

    def hello(self, versions: tuple[int, int], credential: str) -> Message:
        """The HELLO that announces these settings."""
        return _control.Hello(
            min_version=versions[0],
            max_version=versions[1],
            max_frame_bytes=self.max_frame_bytes,
            max_message_bytes=self.max_message_bytes,
            max_concurrent_streams=self.max_concurrent_streams,
            initial_stream_credit_bytes=self.initial_stream_credit_bytes,
            initial_connection_credit_bytes=self.initial_connection_credit_bytes,
            ping_interval_milliseconds=self.ping_interval_milliseconds,
            software=self.software,
            credential=credential,
        )


def settings_of(hello: Message) -> Settings:
    """What the peer's HELLO announces; a violation if it announces what cannot work."""
    limits = {
        "max_frame_bytes": hello.max_frame_bytes,
        "max_message_bytes": hello.max_message_bytes,
        "initial_stream_credit_bytes": hello.initial_stream_credit_bytes,
        "initial_connection_credit_bytes": hello.initial_connection_credit_bytes,
    }
    for name, value in limits.items():
        if value < SMALLEST_LIMIT:
            raise ProtocolViolation("H8", f"HELLO announces {name} of {value}, below 1,024")
    for name in ("initial_stream_credit_bytes", "initial_connection_credit_bytes"):
        if limits[name] > CREDIT_LIMIT:
            raise ProtocolViolation("R2", f"HELLO announces {name} of {limits[name]}, over 2 GiB")
    # Frames and messages may be announced larger than anything this side would ever send.
    return Settings(
        max_frame_bytes=min(hello.max_frame_bytes, CREDIT_LIMIT),
        max_message_bytes=min(hello.max_message_bytes, CREDIT_LIMIT),
        max_concurrent_streams=hello.max_concurrent_streams,
        initial_stream_credit_bytes=hello.initial_stream_credit_bytes,
        initial_connection_credit_bytes=hello.initial_connection_credit_bytes,
        ping_interval_milliseconds=hello.ping_interval_milliseconds,
        software=hello.software,
    )
