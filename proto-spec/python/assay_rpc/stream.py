"""One call's place on a connection: what may still be sent, what has arrived in part."""

from __future__ import annotations

import collections
import dataclasses


@dataclasses.dataclass
class Settings:
    """What one side announces in HELLO, and then holds its peer to. Sizes in bytes."""

    max_frame_bytes: int = 64 << 10
    max_message_bytes: int = 4 << 20
    max_concurrent_streams: int = 1024
    initial_stream_credit_bytes: int = 256 << 10
    initial_connection_credit_bytes: int = 8 << 20
    ping_interval_milliseconds: int = 30_000
    software: str = "assay-rpc-python/1"
    credential: str = ""
    #: How long the peer has to say HELLO and to answer a PING. Not announced.
    peer_timeout_milliseconds: int = 10_000

    def hello_fields(self) -> dict:
        fields = dataclasses.asdict(self)
        del fields["peer_timeout_milliseconds"]
        return fields


@dataclasses.dataclass
class Outgoing:
    """What waits for credit: a message, or the bare end of the stream, or a server's status."""

    data: bytes | None = None
    end_stream: bool = False
    status: object = None
    offset: int = 0


class Stream:
    """State of one stream. `assembly` holds the parts of a message whose end has not come."""

    def __init__(self, number: int, send_credit: int, receive_credit: int):
        self.number = number
        self.send_credit = send_credit
        self.receive_credit = receive_credit
        self.local_closed = False
        self.remote_closed = False
        self.outbox: collections.deque[Outgoing] = collections.deque()
        self.has_sent_message = False
        self.has_received_message = False
        self.assembly = bytearray()
        self.in_message = False
        #: Credit of `assembly` that was not given back yet.
        self.assembly_owed = 0
        #: Messages that were delivered and the application has not taken.
        self.waiting = 0
        #: Taken by the application, not yet given back as CREDIT.
        self.consumed = 0

    @property
    def unsent(self) -> int:
        """Items that wait for credit."""
        return len(self.outbox)
