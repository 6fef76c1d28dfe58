"""The client for threads against the asyncio server, over real sockets."""

from __future__ import annotations

import threading
import time
import unittest

from assay_rpc import Channel, RPCError, Settings, StatusCode, StatusOrigin, Stub, first

from .support import (
    CHAT,
    COLLECT,
    DETAILS,
    ECHO_SERVICE,
    EXPAND,
    TIGHT,
    UNARY,
    Echo,
    EchoServer,
    payloads,
)


class SyncTests(unittest.TestCase):
    """Each promise on a server and a channel of its own."""

    settings = Settings()
    server_options: dict = {}
    channel_options: dict = {}

    def setUp(self) -> None:
        self.server = EchoServer(settings=self.settings, **self.server_options)
        self.addCleanup(self.server.stop)
        self.channel = Channel(self.server.target, settings=self.settings, **self.channel_options)
        self.addCleanup(self.channel.close)

    def failure(self, call, *arguments, **options) -> RPCError:
        with self.assertRaises(RPCError) as caught:
            call(*arguments, **options)
        return caught.exception

    def test_unary_of_any_size(self) -> None:
        for size in (0, 1, 900, 1_000, 1_024, 70_000, 300_000):
            request = Echo(payload=b"a" * size, response_count=size)
            self.assertEqual(self.channel.unary(UNARY, request, Echo), request)

    def test_large_answers_come_as_messages(self) -> None:
        answer = self.channel.unary(UNARY, Echo(response_bytes=500_000), Echo)
        self.assertEqual(answer.payload, b"\x07" * 500_000)

    def test_client_streaming(self) -> None:
        answer = self.channel.client_streaming(COLLECT, payloads(200, 700), Echo)
        self.assertEqual(answer.response_bytes, 140_000)

    def test_client_streaming_of_nothing(self) -> None:
        self.assertEqual(self.channel.client_streaming(COLLECT, [], Echo), Echo())

    def test_client_streaming_of_messages_larger_than_the_window(self) -> None:
        answer = self.channel.client_streaming(COLLECT, payloads(4, 100_000), Echo)
        self.assertEqual(answer.response_bytes, 400_000)

    def test_server_streaming(self) -> None:
        request = Echo(response_count=100, response_bytes=900, response_sizes=[0, 50_000])
        sizes = [
            len(answer.payload) for answer in self.channel.server_streaming(EXPAND, request, Echo)
        ]
        self.assertEqual(sizes, [900] * 100 + [0, 50_000])

    def test_many_empty_messages_use_credit_and_get_it_back(self) -> None:
        requests = [Echo()] * 500
        self.assertEqual(self.channel.client_streaming(COLLECT, requests, Echo), Echo())

    def test_chat_alternates(self) -> None:
        with self.channel.open(CHAT, Echo) as call:
            for request in payloads(50, 1_500):
                call.send(request)
                self.assertEqual(call.receive(), request)
            call.half_close()
            self.assertIsNone(call.receive())

    def test_a_slow_reader_holds_the_sender_back_and_loses_nothing(self) -> None:
        request = Echo(response_count=3_000, response_bytes=1_000)
        answers = self.channel.server_streaming(EXPAND, request, Echo)
        next(answers)
        time.sleep(0.2)
        window = self.settings.initial_stream_credit_bytes
        inbox = next(iter(self.channel._link.connection.streams.values()), None)
        if inbox is not None:
            self.assertLessEqual(len(inbox.inbox) * 1_000, window)
        self.assertEqual(sum(1 for _ in answers), 2_999)

    def test_errors_are_typed(self) -> None:
        request = Echo(status_code=8, status_message="with details")
        for call in (self.channel.unary, lambda *a: list(self.channel.server_streaming(*a))):
            method = UNARY if call == self.channel.unary else EXPAND
            error = self.failure(call, method, request, Echo)
            self.assertEqual(error.code, StatusCode.RESOURCE_EXHAUSTED)
            self.assertEqual(error.message, "with details")
            self.assertEqual(error.details, DETAILS)

    def test_every_code(self) -> None:
        for code in list(StatusCode)[1:]:
            request = Echo(status_code=code, status_message=f"no {code.name}")
            error = self.failure(self.channel.unary, UNARY, request, Echo)
            self.assertEqual((error.code, error.message), (code, f"no {code.name}"))
            self.assertEqual(error.details.origin, StatusOrigin.UNSPECIFIED)

    def test_messages_come_before_the_failure_that_follows_them(self) -> None:
        request = Echo(response_count=3, status_code=10, status_message="later")
        answers = self.channel.server_streaming(EXPAND, request, Echo)
        received = 0
        with self.assertRaises(RPCError) as caught:
            for _ in answers:
                received += 1
        self.assertEqual((received, caught.exception.code), (3, StatusCode.ABORTED))

    def test_unknown_names_and_malformed_requests_are_told_apart(self) -> None:
        no_method = self.failure(self.channel.unary, UNARY + "s", Echo(), Echo)
        self.assertEqual(no_method.code, StatusCode.UNIMPLEMENTED)
        self.assertEqual(no_method.details.origin, StatusOrigin.UNKNOWN_METHOD)
        no_service = self.failure(self.channel.unary, "a.B.C", Echo(), Echo)
        self.assertEqual(no_service.details.origin, StatusOrigin.UNKNOWN_SERVICE)
        self.assertTrue(no_service.details.not_processed)

        class Broken:
            def SerializeToString(self) -> bytes:
                return b"\x0a\x05ab"

        malformed = self.failure(self.channel.unary, UNARY, Broken(), Echo)
        self.assertEqual(malformed.code, StatusCode.INVALID_ARGUMENT)
        self.assertEqual(malformed.details.origin, StatusOrigin.MALFORMED)

    def test_a_handler_that_breaks_tells_nothing_of_its_insides(self) -> None:
        with self.assertLogs("assay_rpc.aio._server", "ERROR"):
            self.server.service._fail = lambda request: 1 / 0
            error = self.failure(self.channel.client_streaming, COLLECT, [Echo()], Echo)
        self.assertEqual(error.code, StatusCode.INTERNAL)
        self.assertNotIn("division", error.message)

    def test_a_deadline_passes_on_the_client_and_cancels_the_handler(self) -> None:
        begin = time.monotonic()
        request = Echo(delay_milliseconds=20_000)
        error = self.failure(self.channel.unary, UNARY, request, Echo, timeout=0.1)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(error.code, StatusCode.DEADLINE_EXCEEDED)
        self.assertEqual(error.details.origin, StatusOrigin.RUNTIME)
        self.assertTrue(error.details.hops)
        self._eventually(lambda: self.server.service.cancelled == 1)

    def test_the_handler_knows_the_time_that_is_left(self) -> None:
        self.channel.unary(UNARY, Echo(), Echo, timeout=7)
        self.channel.unary(UNARY, Echo(), Echo)
        first_call, second_call = self.server.service.contexts
        self.assertLessEqual(first_call._call.deadline - first_call._call.started, 7)
        self.assertGreater(second_call._call.deadline - second_call._call.started, 25)

    def test_cancel_reaches_the_handler_and_whoever_waits(self) -> None:
        call = self.channel.open(UNARY, Echo, Echo(delay_milliseconds=20_000))
        self._eventually(lambda: len(self.server.service.contexts) == 1)
        threading.Timer(0.05, call.cancel).start()
        self.assertEqual(self.failure(call.single).code, StatusCode.CANCELLED)
        self._eventually(lambda: self.server.service.cancelled == 1)

    def test_leaving_an_iterator_cancels_its_call(self) -> None:
        request = Echo(response_count=10, delay_milliseconds=50)
        for _ in self.channel.server_streaming(EXPAND, request, Echo):
            break
        self._eventually(lambda: self.server.service.cancelled == 1)

    def test_metadata_goes_both_ways_in_order_with_repeats(self) -> None:
        pairs = (("b-bin", b"\x00\xff"), ("a", b"1"), ("a", b"2"))
        _, metadata = self.channel.unary_with_metadata(
            UNARY, Echo(echo_metadata=True), Echo, metadata=pairs
        )
        self.assertEqual(metadata, pairs)
        self.assertEqual(first(metadata, "a"), b"1")
        with self.assertRaises(ValueError):
            self.channel.unary(UNARY, Echo(), Echo, metadata={"Upper": b""})

    def test_credential_and_trace_arrive(self) -> None:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        self.channel.unary(UNARY, Echo(), Echo, credential="key", traceparent=trace)
        context = self.server.service.contexts[0]
        self.assertEqual((context.credential, context.traceparent), ("key", trace))

    def test_a_message_over_the_peers_limit_is_refused_before_it_is_sent(self) -> None:
        request = Echo(payload=b"x" * (5 << 20))
        error = self.failure(self.channel.unary, UNARY, request, Echo)
        self.assertEqual(error.code, StatusCode.RESOURCE_EXHAUSTED)
        limit = error.details.limit
        self.assertEqual(limit.limit, self.settings.max_message_bytes)
        self.assertEqual(limit.actual, request.ByteSize())
        self.assertEqual(limit.setting, "--max-message-bytes")
        self.assertEqual(self.server.service.contexts, [])

    def test_metadata_over_a_frame_fails_its_call_only(self) -> None:
        big = {"k": b"x" * self.settings.max_frame_bytes}
        error = self.failure(self.channel.unary, UNARY, Echo(), Echo, metadata=big)
        self.assertEqual(error.details.limit.name, "max_frame_bytes")
        self.channel.unary(UNARY, Echo(), Echo)

    def test_an_answer_over_the_clients_limit_fails_its_call_only(self) -> None:
        error = self.failure(self.channel.unary, UNARY, Echo(response_bytes=5 << 20), Echo)
        self.assertEqual(error.code, StatusCode.RESOURCE_EXHAUSTED)
        self.channel.unary(UNARY, Echo(), Echo)

    def test_many_threads_share_a_channel_and_wait_for_free_streams(self) -> None:
        answers: list[int] = []

        def work(index: int) -> None:
            for _ in range(20):
                request = Echo(payload=bytes([index]) * 2_000)
                answers.append(self.channel.unary(UNARY, request, Echo).payload[0])

        threads = [threading.Thread(target=work, args=(index,)) for index in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answers), [index for index in range(16) for _ in range(20)])

    def test_a_drain_lets_calls_finish_and_the_channel_goes_elsewhere(self) -> None:
        chat = self.channel.open(CHAT, Echo)
        chat.send(Echo(payload=b"1"))
        self.assertEqual(chat.receive().payload, b"1")
        old = self.channel._link
        drained = self.server.start(self.server.server.drain())
        self._eventually(lambda: not old.is_usable)
        chat.send(Echo(payload=b"2"))
        self.assertEqual(chat.receive().payload, b"2")
        with EchoServer(settings=self.settings, port=0, **self.server_options) as other:
            self.channel.target = other.target
            self.assertEqual(self.channel.unary(UNARY, Echo(payload=b"3"), Echo).payload, b"3")
            self.assertIsNot(self.channel._link, old)
            chat.half_close()
            self.assertIsNone(chat.receive())
            drained.result(5)
            self.channel.close()

    def test_a_lost_server_fails_calls_as_unavailable(self) -> None:
        call = self.channel.open(UNARY, Echo, Echo(delay_milliseconds=20_000))
        self._eventually(lambda: len(self.server.service.contexts) == 1)
        self.server.run(self.server.server.close())
        self.assertEqual(self.failure(call.single).code, StatusCode.UNAVAILABLE)
        refused = self.failure(self.channel.unary, UNARY, Echo(), Echo)
        self.assertEqual(refused.code, StatusCode.UNAVAILABLE)
        self.assertTrue(refused.details.not_processed)

    def test_close_waits_for_calls_if_it_is_told_to(self) -> None:
        call = self.channel.open(UNARY, Echo, Echo(delay_milliseconds=200))
        self._eventually(lambda: len(self.server.service.contexts) == 1)
        self.channel.close(grace=5)
        self.assertEqual(call.single().delay_milliseconds, 200)
        error = self.failure(self.channel.unary, UNARY, Echo(), Echo)
        self.assertEqual(error.code, StatusCode.CANCELLED)

    def test_a_stub_has_the_methods_of_its_service(self) -> None:
        stub = Stub(self.channel, ECHO_SERVICE)
        self.assertEqual(stub.Unary(Echo(payload=b"u"), timeout=5).payload, b"u")
        self.assertEqual(stub.Collect(payloads(3, 5)).response_bytes, 15)
        answers = list(stub.Expand(Echo(response_count=2)))
        self.assertEqual(len(answers), 2)
        self.assertEqual(type(answers[0]), Echo)
        with stub.Chat() as call:
            call.send(Echo(payload=b"c"))
            self.assertEqual(call.receive().payload, b"c")

    def _eventually(self, condition) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never came")
            time.sleep(0.005)


class TightSyncTests(SyncTests):
    """The same promises when a few messages use up all credit, frames and streams."""

    settings = TIGHT


if __name__ == "__main__":
    unittest.main()
