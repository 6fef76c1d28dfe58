"""The asyncio client against the asyncio server, over real sockets."""

from __future__ import annotations

import asyncio
import unittest

from assay_rpc import RPCError, Settings, StatusCode, Stub
from assay_rpc.aio import Channel, Server

from .support import (
    CHAT,
    COLLECT,
    DETAILS,
    ECHO_SERVICE,
    EXPAND,
    TIGHT,
    UNARY,
    Echo,
    EchoService,
    payloads,
)


class AsyncTests(unittest.IsolatedAsyncioTestCase):
    """Each promise on a server and a channel of its own."""

    settings = Settings()

    async def asyncSetUp(self) -> None:
        self.service = EchoService()
        self.server = Server(settings=self.settings)
        self.server.add_service(ECHO_SERVICE, self.service)
        port = await self.server.start()
        self.channel = Channel(f"127.0.0.1:{port}", settings=self.settings)

    async def asyncTearDown(self) -> None:
        await self.channel.close()
        await self.server.close()

    async def test_unary_of_any_size(self) -> None:
        for size in (0, 1, 900, 1_000, 1_024, 70_000, 300_000):
            request = Echo(payload=b"a" * size)
            self.assertEqual(await self.channel.unary(UNARY, request, Echo), request)

    async def test_client_streaming_from_both_kinds_of_iterator(self) -> None:
        async def slowly():
            for request in payloads(20, 700):
                await asyncio.sleep(0)
                yield request

        for requests in (payloads(20, 700), slowly()):
            answer = await self.channel.client_streaming(COLLECT, requests, Echo)
            self.assertEqual(answer.response_bytes, 14_000)

    async def test_server_streaming(self) -> None:
        request = Echo(response_count=100, response_bytes=900, response_sizes=[0, 50_000])
        sizes = [len(one.payload) async for one in self._expand(request)]
        self.assertEqual(sizes, [900] * 100 + [0, 50_000])

    async def test_chat_both_ways_at_once(self) -> None:
        async with self.channel.open(CHAT, Echo) as call:

            async def send() -> None:
                for request in payloads(100, 3_000):
                    await call.send(request)
                await call.half_close()

            sending = asyncio.ensure_future(send())
            received = [answer async for answer in call]
            await sending
        self.assertEqual(received, list(payloads(100, 3_000)))

    async def test_many_calls_at_once_wait_for_free_streams(self) -> None:
        requests = [Echo(payload=bytes([index]) * 1_500) for index in range(100)]
        calls = (self.channel.unary(UNARY, request, Echo) for request in requests)
        self.assertEqual(await asyncio.gather(*calls), requests)

    async def test_errors_are_typed(self) -> None:
        request = Echo(status_code=8, status_message="with details")
        with self.assertRaises(RPCError) as caught:
            await self.channel.unary(UNARY, request, Echo)
        self.assertEqual(caught.exception.details, DETAILS)

    async def test_messages_come_before_the_failure_that_follows_them(self) -> None:
        received = 0
        with self.assertRaises(RPCError) as caught:
            async for _ in self._expand(Echo(response_count=3, status_code=10)):
                received += 1
        self.assertEqual((received, caught.exception.code), (3, StatusCode.ABORTED))

    async def test_cancelling_the_task_cancels_the_call_and_its_handler(self) -> None:
        request = Echo(delay_milliseconds=20_000)
        task = asyncio.ensure_future(self.channel.unary(UNARY, request, Echo))
        await self._eventually(lambda: len(self.service.contexts) == 1)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self._eventually(lambda: self.service.cancelled == 1)

    async def test_a_handler_does_not_take_cancellation_for_the_end_of_messages(self) -> None:
        ends: list[str] = []

        async def collect(requests, context):
            try:
                async for _ in requests:
                    ends.append("message")
                ends.append("end")
            except asyncio.CancelledError:
                ends.append("cancelled")
                raise
            return Echo()

        server = Server()
        self.service.Collect = collect
        server.add_service(ECHO_SERVICE, self.service)
        async with Channel(f"127.0.0.1:{await server.start()}") as channel:
            async with channel.open(COLLECT, Echo) as call:
                await call.send(Echo())
                await self._eventually(lambda: ends == ["message"])
            await self._eventually(lambda: len(ends) == 2)
        await server.close()
        self.assertEqual(ends, ["message", "cancelled"])

    async def test_a_deadline_passes_on_both_sides(self) -> None:
        with self.assertRaises(RPCError) as caught:
            request = Echo(delay_milliseconds=20_000)
            await self.channel.unary(UNARY, request, Echo, timeout=0.1)
        self.assertEqual(caught.exception.code, StatusCode.DEADLINE_EXCEEDED)
        await self._eventually(lambda: self.service.cancelled == 1)

    async def test_a_drain_lets_calls_finish_and_closes(self) -> None:
        async with self.channel.open(CHAT, Echo) as call:
            await call.send(Echo(payload=b"1"))
            self.assertEqual((await call.receive()).payload, b"1")
            drain = asyncio.ensure_future(self.server.drain())
            await asyncio.sleep(0.05)
            await call.send(Echo(payload=b"2"))
            self.assertEqual((await call.receive()).payload, b"2")
            await call.half_close()
            self.assertIsNone(await call.receive())
            await asyncio.wait_for(drain, 5)

    async def test_metadata_goes_both_ways(self) -> None:
        pairs = (("b-bin", b"\x00\xff"), ("a", b"1"), ("a", b"2"))
        _, metadata = await self.channel.unary_with_metadata(
            UNARY, Echo(echo_metadata=True), Echo, metadata=pairs
        )
        self.assertEqual(metadata, pairs)

    async def test_a_stub_has_the_methods_of_its_service(self) -> None:
        stub = Stub(self.channel, ECHO_SERVICE)
        self.assertEqual((await stub.Unary(Echo(payload=b"u"))).payload, b"u")
        self.assertEqual((await stub.Collect(payloads(3, 5))).response_bytes, 15)
        self.assertEqual(len([one async for one in stub.Expand(Echo(response_count=2))]), 2)
        async with stub.Chat() as call:
            await call.send(Echo(payload=b"c"))
            self.assertEqual((await call.receive()).payload, b"c")

    async def test_nobody_listens(self) -> None:
        await self.server.close()
        with self.assertRaises(RPCError) as caught:
            await self.channel.unary(UNARY, Echo(), Echo)
        self.assertEqual(caught.exception.code, StatusCode.UNAVAILABLE)
        self.assertTrue(caught.exception.details.not_processed)

    def _expand(self, request: Echo):
        return self.channel.server_streaming(EXPAND, request, Echo)

    async def _eventually(self, condition) -> None:
        for _ in range(2_000):
            if condition():
                return
            await asyncio.sleep(0.005)
        self.fail("it never came")


class TightAsyncTests(AsyncTests):
    """The same promises when a few messages use up all credit, frames and streams."""

    settings = TIGHT


if __name__ == "__main__":
    unittest.main()
