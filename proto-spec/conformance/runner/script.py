"""The steps of the scripted peer: connections that send and expect what a case says."""

from __future__ import annotations

import socket
import ssl
import time
from collections import Counter
from typing import Any, Callable

from .frames import CREDIT_CONSTANT, Closed, Frame, Peer, PeerError, encode
from .matching import mismatches

#: How long something that must happen may take, where a step does not say.
_WITHIN_MILLISECONDS = 3_000


class Script:
    """The scripted peer, as a client of a server under test or as a server of a client."""

    def __init__(
        self, port: int, listener: socket.socket | None, context: ssl.SSLContext | None
    ) -> None:
        self.port = port
        self._listener = listener
        self._context = context
        self._peers: dict[str, Peer] = {}
        self._saved: dict[str, dict[str, Any]] = {}
        #: What came back, by connection and stream.
        self._credits: Counter[tuple[str, int]] = Counter()

    @classmethod
    def listening(cls, context: ssl.SSLContext | None) -> Script:
        """A server on a free port; a step accepts each connection."""
        listener = socket.create_server(("127.0.0.1", 0))
        return cls(listener.getsockname()[1], listener, context)

    @classmethod
    def connecting(cls, port: int, context: ssl.SSLContext | None) -> Script:
        """A client; a step opens each connection."""
        return cls(port, None, context)

    def close(self) -> None:
        """Closes every connection and the port."""
        for peer in self._peers.values():
            peer.close()
        if self._listener:
            self._listener.close()

    def step(self, step: dict[str, Any]) -> None:
        """Plays one step.

        :raises PeerError: when the other side does something else.
        """
        steps: dict[str, Callable[[dict[str, Any]], None]] = {
            "open": self._open,
            "greet": self._greet,
            "send": self._send,
            "send_bytes": lambda step: self._peer(step).send(bytes.fromhex(step["send_bytes"])),
            "send_slowly": self._send_slowly,
            "send_many": self._send_many,
            "receive": self._receive,
            "receive_all": self._receive_all,
            "receive_status": self._receive_status,
            "granted": self._granted,
            "messages": self._messages,
            "quiet": self._quiet,
            "closed": self._closed,
            "refused": self._refused,
            "finish": lambda step: self._peer(step).finish(),
            "reset": lambda step: self._peer(step).reset(),
        }
        for name, play in steps.items():
            if name in step:
                return play(step)
        raise ValueError(f"a step that is none: {step}")

    def _peer(self, step: dict[str, Any]) -> Peer:
        return self._peers[step.get("on", "main")]

    # Opening.

    def _open(self, step: dict[str, Any]) -> None:
        """Connects, or takes the next connection; with "refused", TLS must not let it be."""
        options = step["open"] if isinstance(step["open"], dict) else {}
        if self._listener:
            self._listener.settimeout(step.get("within", _WITHIN_MILLISECONDS) / 1000)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError as error:
                raise PeerError("no connection came") from error
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
        else:
            connection = self._connect(options.get("receive_buffer"))
            if self._context:
                connection = self._wrap(connection, options)
        if options.get("refused"):
            return connection.close()
        self._peers[step.get("on", "main")] = Peer(connection)

    def _connect(self, receive_buffer: int | None) -> socket.socket:
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def _wrap(self, connection: socket.socket, options: dict[str, Any]) -> socket.socket:
        assert self._context
        if options.get("maximum_tls"):
            self._context.maximum_version = ssl.TLSVersion[options["maximum_tls"]]
        if "alpn" in options:
            self._context.set_alpn_protocols(options["alpn"])
        try:
            wrapped = self._context.wrap_socket(connection, server_hostname="localhost")
        except (ssl.SSLError, ConnectionError) as error:
            if not options.get("refused"):
                raise PeerError(f"the TLS handshake failed: {error}") from error
            return connection
        if options.get("refused"):
            raise PeerError("the TLS handshake should have been refused")
        chosen = (wrapped.version(), wrapped.selected_alpn_protocol())
        if chosen != ("TLSv1.3", "assay/1") and "alpn" not in options:
            raise PeerError(f"TLS negotiated {chosen}")
        return wrapped

    def _greet(self, step: dict[str, Any]) -> None:
        """HELLO both ways, in the order of our side; "greet" holds fields of our own."""
        hello = encode({"kind": "HELLO", "payload": step["greet"]})
        expected = {**step, "receive": {"kind": "HELLO"}}
        if not self._listener:
            self._peer(step).send(hello)
        self._receive(expected)
        if self._listener:
            self._peer(step).send(hello)

    # Sending.

    def _send(self, step: dict[str, Any]) -> None:
        frames = step["send"] if isinstance(step["send"], list) else [step["send"]]
        frames = frames * step.get("times", 1)
        # In one piece: what follows a frame that is at fault must not depend on when it arrives.
        self._peer(step).send(
            b"".join(encode(frame, self._saved.get(frame.get("copy", ""))) for frame in frames)
        )

    def _send_slowly(self, step: dict[str, Any]) -> None:
        """A frame byte by byte, or in pieces, with a pause after each."""
        data = encode(step["send_slowly"])
        size = step.get("piece", 1)
        for begin in range(0, len(data), size):
            self._peer(step).send(data[begin : begin + size])
            time.sleep(step.get("pause", 1) / 1000)

    def _send_many(self, step: dict[str, Any]) -> None:
        """One frame on the streams 1, 3, 5 and so on, some at a time, until nobody takes them."""
        for begin in range(0, step["times"], 20):
            streams = [2 * index + 1 for index in range(begin, begin + 20)]
            frames = [encode({**step["send_many"], "stream": stream}) for stream in streams]
            self._peer(step).send(b"".join(frames))
            time.sleep(0.01)

    # Receiving.

    def _next(self, step: dict[str, Any], wanted: tuple[str, ...]) -> Frame | None:
        """The next frame that is not this peer's own business; None after the step's time."""
        deadline = time.monotonic() + step.get("within", _WITHIN_MILLISECONDS) / 1000
        while True:
            try:
                frame = self._peer(step).next_frame(deadline)
            except Closed as closed:
                raise PeerError(f"the other side closed ({closed})") from closed
            if frame is None or frame.kind in wanted:
                return frame
            if frame.kind == "PING" and not frame.flags & 8:
                answer = {"kind": "PING", "flags": ["ACK"], "bytes": f"hex:{frame.payload.hex()}"}
                self._peer(step).send(encode(answer))
            elif frame.kind == "CREDIT":
                self._note_credit(step, frame)
            elif frame.kind != "PING":
                return frame

    def _receive(self, step: dict[str, Any]) -> None:
        expected = step["receive"]
        frame = self._next(step, (expected["kind"],))
        if frame is None:
            raise PeerError(f"no {expected['kind']} came")
        fields = frame.fields()
        if found := mismatches(expected, fields, frame.kind):
            raise PeerError("; ".join(found) + f" [in {_shown(fields)}]")
        if "save" in step:
            self._saved[step["save"]] = fields["payload"]

    def _receive_all(self, step: dict[str, Any]) -> None:
        """Several frames, in whichever order they come."""
        waiting = list(step["receive_all"])
        while waiting:
            frame = self._next(step, tuple(expected["kind"] for expected in waiting))
            if frame is None:
                raise PeerError(f"these did not come: {waiting}")
            fields = frame.fields()
            fitting = [expected for expected in waiting if not mismatches(expected, fields)]
            if not fitting:
                raise PeerError(f"got {_shown(fields)} where {waiting} was expected")
            waiting.remove(fitting[0])

    def _receive_status(self, step: dict[str, Any]) -> None:
        """STATUS of a code and an origin; without details the origin is unspecified."""
        expected = step["receive_status"]
        frame = self._next(step, ("STATUS",))
        if frame is None:
            raise PeerError("no STATUS came")
        payload = frame.fields()["payload"]
        got = {
            "stream": frame.stream,
            "code": payload["code"],
            "origin": payload.get("details", {}).get("origin", "STATUS_ORIGIN_UNSPECIFIED"),
        }
        if found := mismatches(expected, got, "STATUS"):
            raise PeerError("; ".join(found) + f" [in {_shown(payload)}]")

    def _granted(self, step: dict[str, Any]) -> None:
        """At least so much credit comes back, beyond what earlier steps of the kind have used."""
        expected = step["granted"]
        account = (step.get("on", "main"), expected["stream"])
        deadline = time.monotonic() + step.get("within", _WITHIN_MILLISECONDS) / 1000
        while self._credits[account] < expected["at_least"]:
            frame = self._peer(step).next_frame(deadline)
            if frame is None:
                raise PeerError(f"only {self._credits[account]} bytes came back")
            if frame.kind != "CREDIT":
                raise PeerError(f"expected CREDIT, got {_shown(frame.fields())}")
            self._note_credit(step, frame)
        self._credits[account] -= expected["at_least"]

    def _note_credit(self, step: dict[str, Any], frame: Frame) -> None:
        amount = frame.fields()["payload"]["bytes"]
        self._credits[step.get("on", "main"), frame.stream] += amount

    def _messages(self, step: dict[str, Any]) -> None:
        """MESSAGE frames of a stream until nothing comes for "pause", or the call has ended."""
        wanted = step["messages"]
        seen = {"frames": 0, "bytes": 0, "cost": 0, "ended": 0, "largest": 0}
        step = {**step, "within": wanted.get("pause", 300)}
        while not seen["ended"] and (frame := self._next(step, ())) is not None:
            if frame.kind in ("STATUS", "RESPONSE"):
                seen["ended"] = 1
            elif frame.kind != "MESSAGE":
                raise PeerError(f"a {frame.kind} among the messages: {_shown(frame.fields())}")
            elif not frame.flags & 4:
                seen["frames"] += 1
                seen["bytes"] += len(frame.payload)
                seen["cost"] += len(frame.payload) + CREDIT_CONSTANT
                seen["largest"] = max(seen["largest"], len(frame.payload))
        if found := mismatches(wanted.get("expect", {}), seen, "messages"):
            raise PeerError("; ".join(found))

    def _quiet(self, step: dict[str, Any]) -> None:
        wanted = ("PING",) if step.get("pings") else ()
        frame = self._next({**step, "within": step["quiet"]}, wanted)
        if frame is not None:
            raise PeerError(f"expected silence, got {_shown(frame.fields())}")

    def _closed(self, step: dict[str, Any]) -> None:
        """The other side ends the connection, in order: nothing but GOAWAY before, no reset."""
        how = self._until_closed(step, "closed")
        if how != "end of stream":
            raise PeerError(f"closed by {how}, expected an orderly end")

    def _refused(self, step: dict[str, Any]) -> None:
        """The other side ends the connection for what was sent, with a reason if it gives one."""
        self._until_closed(step, "refused")

    def _until_closed(self, step: dict[str, Any], name: str) -> str:
        options = step[name] if isinstance(step[name], dict) else {}
        within = step.get("within", _WITHIN_MILLISECONDS) / 1000
        deadline = time.monotonic() + within
        begun = time.monotonic()
        said: dict[str, Any] | None = None
        while True:
            try:
                frame = self._peer(step).next_frame(deadline)
            except Closed as closed:
                break_reason = str(closed)
                break
            if frame is None:
                raise PeerError(f"still open after {within:g} s; said {said}")
            if frame.kind == "GOAWAY":
                said = frame.fields()["payload"]
            elif frame.kind not in options.get("after", ("HELLO", "CREDIT", "PING")):
                raise PeerError(f"expected the end, got {_shown(frame.fields())}")
        if name == "refused" and said is not None and said["code"] == 0:
            raise PeerError("GOAWAY says an orderly drain where the peer broke the protocol")
        if "goaway" in options and (found := mismatches(options["goaway"], said, "GOAWAY")):
            raise PeerError("; ".join(found))
        if (time.monotonic() - begun) * 1000 < options.get("not_before", 0):
            raise PeerError(f"closed too early, after {time.monotonic() - begun:.1f} s")
        return break_reason


def _shown(fields: dict[str, Any]) -> str:
    text = str(fields)
    return text if len(text) <= 400 else text[:400] + "…"
