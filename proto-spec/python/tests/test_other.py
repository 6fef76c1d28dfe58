"""Both clients against the echo service of another implementation.

``ASSAY_ECHO_TARGET`` is its host and port; ``ASSAY_ECHO_CA`` the authority of its certificate,
where it speaks TLS.
"""

from __future__ import annotations

import os
import unittest

from assay_rpc import TLS, Channel, RPCError, Settings, StatusCode, aio

from .support import CHAT, COLLECT, EXPAND, TIGHT, UNARY, Echo, payloads

TARGET = os.environ.get("ASSAY_ECHO_TARGET", "")


@unittest.skipUnless(TARGET, "skipped: ASSAY_ECHO_TARGET names no echo service")
class OtherTests(unittest.IsolatedAsyncioTestCase):
    """What every implementation must do for this one."""

    def setUp(self) -> None:
        ca = os.environ.get("ASSAY_ECHO_CA")
        self.tls = TLS(ca) if ca else None

    def channels(self):
        for settings in (Settings(), TIGHT):
            with Channel(TARGET, tls=self.tls, settings=settings) as channel:
                yield channel

    def test_unary_of_any_size(self) -> None:
        for channel in self.channels():
            for size in (0, 1, 1_000, 65_536, 900_000):
                request = Echo(payload=b"u" * size)
                self.assertEqual(channel.unary(UNARY, request, Echo), request)

    def test_streams(self) -> None:
        for channel in self.channels():
            answer = channel.client_streaming(COLLECT, payloads(100, 30_000), Echo)
            self.assertEqual(answer.response_bytes, 3_000_000)
            request = Echo(response_count=100, response_bytes=30_000, response_sizes=[0, 5])
            answers = channel.server_streaming(EXPAND, request, Echo)
            self.assertEqual([len(one.payload) for one in answers], [30_000] * 100 + [0, 5])
            with channel.open(CHAT, Echo) as call:
                for request in payloads(30, 3_000):
                    call.send(request)
                    self.assertEqual(call.receive(), request)
                call.half_close()
                self.assertIsNone(call.receive())

    def test_many_small_messages(self) -> None:
        for channel in self.channels():
            requests = [Echo()] * 3_000
            self.assertEqual(channel.client_streaming(COLLECT, requests, Echo), Echo())

    def test_metadata(self) -> None:
        pairs = (("b-bin", b"\x00\xff"), ("a", b"1"), ("a", b"2"))
        for channel in self.channels():
            _, metadata = channel.unary_with_metadata(
                UNARY, Echo(echo_metadata=True), Echo, metadata=pairs
            )
            self.assertEqual(metadata, pairs)

    def test_errors(self) -> None:
        for channel in self.channels():
            for code in list(StatusCode)[1:]:
                if code is StatusCode.UNAVAILABLE:
                    continue
                with self.assertRaises(RPCError) as caught:
                    channel.unary(UNARY, Echo(status_code=code, status_message="né"), Echo)
                self.assertEqual((caught.exception.code, caught.exception.message), (code, "né"))

    def test_a_deadline(self) -> None:
        for channel in self.channels():
            with self.assertRaises(RPCError) as caught:
                request = Echo(delay_milliseconds=20_000)
                channel.unary(UNARY, request, Echo, timeout=0.2)
            self.assertEqual(caught.exception.code, StatusCode.DEADLINE_EXCEEDED)

    async def test_the_asyncio_client(self) -> None:
        async with aio.Channel(TARGET, tls=self.tls) as channel:
            request = Echo(payload=b"u" * 900_000)
            self.assertEqual(await channel.unary(UNARY, request, Echo), request)
            answer = await channel.client_streaming(COLLECT, payloads(100, 30_000), Echo)
            self.assertEqual(answer.response_bytes, 3_000_000)


if __name__ == "__main__":
    unittest.main()
