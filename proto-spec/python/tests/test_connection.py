"""The state machine alone: no sockets, and a clock that the test moves."""

from __future__ import annotations

import random
import unittest

from assay_rpc import Connection, Phase, Role, RPCError, Settings, StatusCode, _control
from assay_rpc._events import CallArrived, CallChanged, PeerDraining
from assay_rpc._frames import ACK, EMPTY, FrameReader, Kind, encode_frame

from .support import TIGHT, UNARY


class Joined:
    """A client and a server; bytes are moved when the test says so."""

    def __init__(self, settings: Settings = TIGHT) -> None:
        self.client = Connection(Role.CLIENT, settings, now=0.0)
        self.server = Connection(Role.SERVER, settings, now=0.0)
        self.arrived: list = []
        self.draining = 0

    def open(self, message: bytes | None = None, timeout: float | None = None, now: float = 0.0):
        request = _control.Request(method=UNARY)
        return self.client.open_call(request, message=message, timeout=timeout, now=now)

    def settle(self, now: float = 0.0, cut: random.Random | None = None) -> None:
        """Until nothing moves any more; with ``cut`` in pieces of any size."""
        while self._move(self.client, self.server, now, cut) + self._move(
            self.server, self.client, now, cut
        ):
            pass

    def _move(self, sender: Connection, receiver: Connection, now: float, cut) -> int:
        data = sender.take_output()
        position = 0
        while position < len(data):
            size = cut.randint(1, 300) if cut else len(data)
            receiver.receive(data[position : position + size], now)
            position += size
        for event in self.server.take_events():
            if isinstance(event, CallArrived):
                self.arrived.append(event.call)
        self.draining += sum(isinstance(one, PeerDraining) for one in self.client.take_events())
        return len(data)


def frames(data: bytes) -> list:
    reader = FrameReader()
    reader.feed(data)
    found = []
    while (frame := reader.next_frame(1 << 31)) is not None:
        found.append(frame)
    return found


class ConnectionTests(unittest.TestCase):
    def setUp(self) -> None:
        self.joined = Joined()
        self.client, self.server = self.joined.client, self.joined.server

    def test_a_call_opened_before_hello_waits_for_it(self) -> None:
        call = self.joined.open(b"x")
        self.assertEqual([one.kind for one in frames(self.client.take_output())], [Kind.HELLO])
        self.assertEqual(call.stream, 0)

    def test_bytes_may_be_cut_anywhere(self) -> None:
        for seed in range(50):
            joined = Joined()
            cut = random.Random(seed)
            calls = [joined.open(bytes([index]) * 3_000) for index in range(4)]
            answered = 0
            while not all(call.is_over for call in calls):
                joined.settle(cut=cut)
                for call in joined.arrived:
                    if not call.is_over and (message := call.take()) is not None:
                        call.respond(message)
                        answered += 1
                for call in calls:
                    call.received = getattr(call, "received", []) + list(iter(call.take, None))
            for index, call in enumerate(calls):
                call.received += list(iter(call.take, None))
                self.assertEqual(call.received, [bytes([index]) * 3_000], f"seed {seed}")
            self.assertEqual(answered, 4, f"seed {seed}")

    def test_calls_over_the_peers_limit_wait_in_order(self) -> None:
        calls = [self.joined.open(b"x") for _ in range(6)]
        self.joined.settle()
        self.assertEqual([call.stream for call in calls], [1, 3, 5, 7, 0, 0])
        self.joined.arrived[2].respond(b"y")
        self.joined.settle()
        self.assertEqual([call.stream for call in calls], [1, 3, 5, 7, 9, 0])

    def test_a_server_refuses_calls_over_its_limit_as_not_processed(self) -> None:
        self.joined.settle()
        data = _control.Request(method=UNARY).SerializeToString()
        for stream in (1, 3, 5, 7, 9):
            self.server.receive(encode_frame(Kind.REQUEST, 0, stream, data), 0.0)
        (status,) = frames(self.server.take_output())
        self.assertEqual((status.kind, status.stream), (Kind.STATUS, 9))
        details = _control.Status.FromString(status.payload).details
        self.assertTrue(details.not_processed)
        self.assertEqual(details.limit.name, "max_concurrent_streams")

    def test_a_sender_stops_at_its_credit_and_goes_on_with_more(self) -> None:
        call = self.joined.open()
        call.send(b"a" * 5_000)
        self.joined.settle()
        # Parts of an unfinished message come back as they arrive: it flows through the window.
        self.assertEqual(len(call.outbox), 0)
        call.send(b"b" * 5_000)
        self.joined.settle()
        # The first waits: of the second only what is left of the window has gone.
        sent = sum(len(part) for part in self.joined.arrived[0].inbox._parts)
        self.assertEqual(len(call.outbox), 1)
        self.assertLess(sent, 2_048)
        self.assertEqual(self.joined.arrived[0].take(), b"a" * 5_000)
        self.joined.settle()
        self.assertEqual(len(call.outbox), 0)
        self.assertEqual(self.joined.arrived[0].take(), b"b" * 5_000)

    def test_credit_is_never_lost(self) -> None:
        for seed in range(20):
            joined, dice = Joined(), random.Random(seed)
            calls = [joined.open() for _ in range(4)]
            joined.settle()
            for _ in range(200):
                call = dice.choice(calls)
                if not call.outbox and not call.is_over:
                    call.send(b"z" * dice.choice((0, 1, 500, 4_000)))
                if dice.random() < 0.02 and not call.is_over:
                    call.cancel(RPCError(StatusCode.CANCELLED, "dice"))
                    calls[calls.index(call)] = joined.open()
                for one in joined.arrived:
                    while dice.random() < 0.7 and one.take() is not None:
                        pass
                joined.settle(cut=dice)
            for call in calls:
                call.cancel(RPCError(StatusCode.CANCELLED, "the end"))
            joined.settle()
            # What was not given back yet is less than half a window, and nothing else is missing.
            left = joined.client.sender.credit.available
            self.assertEqual(left, joined.server.receive_credit._available, f"seed {seed}")
            self.assertGreater(left, TIGHT.initial_connection_credit_bytes // 2, f"seed {seed}")
            self.assertIsNone(joined.server.ended, f"seed {seed}")

    def test_a_bare_end_costs_nothing(self) -> None:
        call = self.joined.open()
        self.joined.settle()
        before = call.send_credit.available
        call.half_close()
        (end,) = frames(self.client.take_output())
        self.assertEqual((end.flags, call.send_credit.available), (EMPTY | 1, before))

    def test_a_message_of_no_bytes_costs_64(self) -> None:
        call = self.joined.open()
        self.joined.settle()
        before = call.send_credit.available
        call.send(b"")
        self.assertEqual(call.send_credit.available, before - 64)

    def test_silence_is_asked_by_ping_and_then_given_up(self) -> None:
        self.joined.settle()
        self.assertEqual(self.client.next_timer(), 30.0)
        self.client.on_timer(30.0)
        (ping,) = frames(self.client.take_output())
        self.assertEqual((ping.kind, ping.flags), (Kind.PING, 0))
        self.client.on_timer(39.9)
        self.assertFalse(self.client.wants_close)
        self.client.on_timer(40.0)
        self.assertEqual(self.client.ended.rule, "P2")

    def test_an_echo_keeps_the_connection(self) -> None:
        self.joined.settle()
        for now in (30.0, 60.0, 90.0):
            self.client.on_timer(now)
            self.joined.settle(now)
        self.assertIs(self.client.phase, Phase.OPEN)

    def test_both_sides_use_the_larger_ping_interval(self) -> None:
        client = Connection(Role.CLIENT, Settings(ping_interval_milliseconds=1_000), now=0.0)
        server = Connection(Role.SERVER, Settings(ping_interval_milliseconds=5_000), now=0.0)
        server.receive(client.take_output(), 0.0)
        client.receive(server.take_output(), 0.0)
        self.assertEqual((client.next_timer(), server.next_timer()), (5.0, 5.0))

    def test_a_peer_without_hello_is_closed_whatever_it_sends(self) -> None:
        self.server.receive(b"\1\0\0", 9.0)
        self.server.on_timer(9.9)
        self.assertFalse(self.server.wants_close)
        self.server.on_timer(10.0)
        self.assertEqual(self.server.ended.rule, "H5")

    def test_half_a_frame_is_closed_after_thirty_seconds_dribbled_or_not(self) -> None:
        self.joined.settle()
        message = encode_frame(Kind.PING, 0, 0, _control.Ping(opaque=2).SerializeToString())
        for second in range(20):
            self.server.receive(message[second : second + 1], float(second * 1.4))
        self.server.on_timer(29.9)
        self.assertFalse(self.server.wants_close)
        self.server.on_timer(30.0)
        self.assertEqual(self.server.ended.rule, "F4")

    def test_a_deadline_ends_the_call_on_either_side(self) -> None:
        call = self.joined.open(b"x", timeout=2.0)
        self.joined.settle()
        self.server.on_timer(2.0)
        self.assertIs(self.joined.arrived[0].failure.code, StatusCode.DEADLINE_EXCEEDED)
        self.client.on_timer(2.0)
        self.assertIs(call.failure.code, StatusCode.DEADLINE_EXCEEDED)
        self.joined.settle(2.0)
        self.assertEqual((self.client.streams, self.server.streams), ({}, {}))

    def test_a_deadline_passes_while_the_call_waits_for_a_stream(self) -> None:
        waiting = [self.joined.open(b"x", timeout=1.0 + index) for index in range(5)][4]
        self.joined.settle()
        self.client.on_timer(5.0)
        self.assertIs(waiting.failure.code, StatusCode.DEADLINE_EXCEEDED)
        self.assertIn("free stream", waiting.failure.message)

    def test_a_drain_without_an_echo_goes_on_after_a_second(self) -> None:
        call = self.joined.open(b"x")
        self.joined.settle()
        self.server.drain()
        goaway, ping = frames(self.server.take_output())
        self.assertEqual(_control.Goaway.FromString(goaway.payload).last_stream, 2_147_483_647)
        self.assertEqual((ping.kind, ping.flags & ACK), (Kind.PING, 0))
        self.server.on_timer(0.9)
        self.assertEqual(self.server.take_output(), b"")
        self.server.on_timer(1.0)
        (second,) = frames(self.server.take_output())
        self.assertEqual(_control.Goaway.FromString(second.payload).last_stream, call.stream)
        self.assertFalse(self.server.wants_close)
        self.joined.arrived[0].respond(b"y")
        self.assertTrue(self.server.wants_close)

    def test_calls_above_the_last_stream_go_elsewhere(self) -> None:
        calls = [self.joined.open(b"x") for _ in range(3)]
        self.joined.settle()
        goaway = _control.Goaway(last_stream=3).SerializeToString()
        self.client.receive(encode_frame(Kind.GOAWAY, 0, 0, goaway), 0.0)
        self.assertEqual([call.is_over for call in calls], [False, False, True])
        self.assertTrue(calls[2].failure.details.not_processed)
        self.assertTrue(self.joined.open(b"x").failure.details.not_processed)

    def test_a_goaway_that_explains_fails_every_call_with_its_words(self) -> None:
        call = self.joined.open(b"x")
        self.joined.settle()
        goaway = _control.Goaway(last_stream=1, code=13, message="too odd").SerializeToString()
        self.client.receive(encode_frame(Kind.GOAWAY, 0, 0, goaway), 0.0)
        self.assertIs(call.failure.code, StatusCode.INTERNAL)
        self.assertIn("too odd", call.failure.message)
        self.assertFalse(call.failure.details.not_processed)
        self.assertTrue(self.client.wants_close)

    def test_a_peer_that_reads_nothing_is_not_read_from(self) -> None:
        self.joined.settle()
        ping = encode_frame(Kind.PING, 0, 0, _control.Ping(opaque=2).SerializeToString())
        while self.server.wants_input:
            self.server.receive(ping * 1_000, 0.0)
        self.assertLess(self.server.output.size, (4 << 20) + len(ping) * 1_000)

    def test_events_tell_what_changed(self) -> None:
        call = self.joined.open(b"x")
        self.joined.settle()
        self.joined.arrived[0].respond(b"y")
        self.client.receive(self.server.take_output(), 0.0)
        self.assertEqual(self.client.take_events(), [CallChanged(call)])
        self.assertEqual((call.take(), call.is_over, call.failure), (b"y", True, None))


if __name__ == "__main__":
    unittest.main()
