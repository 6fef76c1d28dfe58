"""One call on one connection, seen from either side: messages in, messages out, an end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ._credit import ReceiveCredit, SendCredit
from ._errors import RPCError
from ._inbox import Inbox
from ._metadata import Metadata

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from ._connection import Connection


class Outgoing:
    """A message on its way out, cut into frames as credit allows; no message: only END_STREAM."""

    def __init__(self, message: bytes | None, end_stream: bool) -> None:
        self.message = None if message is None else memoryview(message)
        self.end_stream = end_stream
        self.offset = 0


class Call:
    """A call's state. Its methods only change it: what they cause is in the connection's output
    and events. Nothing here waits."""

    def __init__(
        self, connection: Connection, method: str, deadline: float | None, started: float
    ) -> None:
        self.connection = connection
        self.method = method
        self.deadline = deadline
        """Of the connection's clock, in seconds; None is none."""
        self.started = started
        self.stream = 0
        """0 until the stream is open."""
        self.request: Any = None
        """The REQUEST: as it arrived, or as it will be sent when a stream is free."""
        self.inbox = Inbox()
        self.outbox: deque[Outgoing] = deque()
        self.send_credit = SendCredit(0)
        self.receive_credit = ReceiveCredit(0)
        self.max_message_bytes = connection.settings.max_message_bytes
        """Largest message that this side takes on this call."""
        self.has_sent_message = False
        self.is_inbound_ended = False
        """No message will arrive any more."""
        self.is_outbound_ended = False
        """No message can be sent any more."""
        self.is_over = False
        self.failure: RPCError | None = None
        self.metadata: Metadata = ()
        """Client: what came with the answer."""
        self.final_status: Message | None = None
        """Server: sent when the messages before it are."""

    def take(self) -> bytes | None:
        """The next message that has arrived; None if there is none now."""
        taken = self.inbox.take()
        if taken is None:
            return None
        message, owed = taken
        self.connection.sender.give_back(self, owed)
        return message

    def send(self, message: bytes, end_stream: bool = False) -> None:
        """Sends a message, as far as credit allows; the rest waits in ``outbox``."""
        self.connection.sender.send_message(self, Outgoing(message, end_stream))

    def half_close(self) -> None:
        """Client: no more messages follow."""
        if not self.is_outbound_ended:
            self.connection.sender.send_message(self, Outgoing(None, True))

    def cancel(self, error: RPCError) -> None:
        """Client: leaves the call, which fails with ``error``; nothing if it is over."""
        self.connection.cancel(self, error)

    def respond(self, message: bytes, metadata: Metadata = ()) -> None:
        """Server: the one message of a successful call."""
        self.connection.sender.respond(self, message, metadata)

    def finish(self, error: RPCError | None, metadata: Metadata = ()) -> None:
        """Server: ends the call behind the messages that were sent."""
        self.connection.sender.finish(self, error, metadata)

    def abandon(self) -> None:
        """The application will take no more; what is unread gives its credit back."""
        self.connection.sender.give_back(self, self.inbox.drop_all())
