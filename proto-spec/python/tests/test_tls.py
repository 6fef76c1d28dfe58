"""TLS 1.3 under both clients, with certificates of the openssl command."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
import time
import unittest

from assay_rpc import TLS, Channel, RPCError, Settings, StatusCode, aio
from assay_rpc._client_hello import Incomplete, offered_protocols
from assay_rpc._frames import MAGIC, encode_frame

from .support import COLLECT, EXPAND, UNARY, Echo, EchoServer, certificates, payloads, server_tls


@unittest.skipIf(shutil.which("openssl") is None, "skipped: there is no openssl command")
class TLSTests(unittest.IsolatedAsyncioTestCase):
    """Who may talk to whom."""

    def setUp(self) -> None:
        self.ca = str(certificates() / "ca.pem")

    def test_calls_of_all_sizes(self) -> None:
        with EchoServer(tls=server_tls()) as server, self._channel(server) as channel:
            for size in (0, 1_000, 100_000, 1_000_000):
                request = Echo(payload=b"t" * size)
                self.assertEqual(channel.unary(UNARY, request, Echo), request)
            answer = channel.client_streaming(COLLECT, payloads(50, 100_000), Echo)
            self.assertEqual(answer.response_bytes, 5_000_000)

    async def test_calls_of_asyncio(self) -> None:
        with EchoServer(tls=server_tls()) as server:
            async with aio.Channel(server.target, tls=TLS(self.ca)) as channel:
                request = Echo(payload=b"t" * 1_000_000)
                self.assertEqual(await channel.unary(UNARY, request, Echo), request)
                expand = Echo(response_count=50, response_bytes=100_000)
                answers = channel.server_streaming(EXPAND, expand, Echo)
                self.assertEqual(len([one async for one in answers]), 50)

    def test_a_server_of_a_strange_authority_is_refused(self) -> None:
        stranger = TLS(str(certificates() / "stranger.pem"))
        with (
            EchoServer(tls=server_tls()) as server,
            Channel(server.target, tls=stranger) as channel,
        ):
            error = self._failure(channel)
        self.assertEqual(error.code, StatusCode.UNAVAILABLE)
        self.assertIn("certificate", error.message)
        self.assertEqual(server.service.contexts, [])

    def test_a_server_of_another_name_is_refused(self) -> None:
        other = TLS(self.ca, server_name="elsewhere.example")
        with EchoServer(tls=server_tls()) as server, Channel(server.target, tls=other) as channel:
            self.assertIn("elsewhere.example", self._failure(channel).message)

    def test_a_client_without_the_certificate_that_is_asked_for_is_refused(self) -> None:
        with EchoServer(tls=server_tls(client_ca_file=self.ca)) as server:
            with self._channel(server) as channel:
                self.assertEqual(self._failure(channel).code, StatusCode.UNAVAILABLE)
            self.assertEqual(server.service.contexts, [])

    def test_a_clients_certificate_tells_its_name(self) -> None:
        folder = certificates()
        tls = TLS(self.ca, str(folder / "client.pem"), str(folder / "client.key"))
        with EchoServer(tls=server_tls(client_ca_file=self.ca)) as server:
            with Channel(server.target, tls=tls) as channel:
                channel.unary(UNARY, Echo(), Echo)
            self.assertEqual(server.service.contexts[0].certificate_subject, "O=acme, CN=ada")

    def test_a_client_that_offers_other_protocols_only_is_refused(self) -> None:
        context = ssl.create_default_context(cafile=self.ca)
        with EchoServer(tls=server_tls()) as server:
            for names in (["h2"], ["h2", "http/1.1"], ["assay/2"]):
                context.set_alpn_protocols(names)
                with self.assertRaises(ssl.SSLError) as caught, self._plain(server) as plain:
                    context.wrap_socket(plain, server_hostname="localhost")
                self.assertIn("no application protocol", str(caught.exception))

    def test_a_client_that_offers_it_among_others_or_nothing_is_answered(self) -> None:
        hello = encode_frame(1, 0, 0, MAGIC + Settings().hello((1, 1), "").SerializeToString())
        with EchoServer(tls=server_tls()) as server:
            for names in ([], ["h2", "assay/1"]):
                context = ssl.create_default_context(cafile=self.ca)
                if names:
                    context.set_alpn_protocols(names)
                with self._plain(server) as plain:
                    with context.wrap_socket(plain, server_hostname="localhost") as secure:
                        secure.sendall(hello)
                        self.assertEqual(secure.recv(100)[12:20], MAGIC)

    def test_a_first_message_may_come_in_pieces(self) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols(["h2", "assay/1"])
        client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        hello = outgoing.read()
        for size in range(len(hello)):
            with self.assertRaises(Incomplete):
                offered_protocols(hello[:size])
        self.assertEqual(offered_protocols(hello), [b"h2", b"assay/1"])
        # The same in two records.
        body = hello[5:]
        parts = (body[:40], body[40:])
        cut = b"".join(hello[:3] + len(part).to_bytes(2, "big") + part for part in parts)
        self.assertEqual(offered_protocols(cut), [b"h2", b"assay/1"])
        for damaged in (b"GET / HTTP/1.1", hello[:5] + b"\2" + hello[6:]):
            self.assertIsNone(offered_protocols(damaged))

    def test_a_server_of_another_protocol_is_refused(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates() / "server.pem", certificates() / "server.key")

        def serve(listener: socket.socket) -> None:
            with listener, listener.accept()[0] as plain:
                with context.wrap_socket(plain, server_side=True) as secure:
                    self.received = secure.recv(100)

        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        with Channel(target, tls=TLS(self.ca)) as channel:
            self.assertIn("assay/1", self._failure(channel).message)
        thread.join()
        self.assertEqual(self.received, b"", "nothing may be sent to a stranger")

    def test_plaintext_to_a_tls_server_and_the_other_way_round(self) -> None:
        with EchoServer(tls=server_tls()) as server, Channel(server.target) as channel:
            self.assertEqual(self._failure(channel).code, StatusCode.UNAVAILABLE)
        with EchoServer() as server, self._channel(server) as channel:
            error = self._failure(channel)
            self.assertEqual(error.code, StatusCode.UNAVAILABLE)
            self.assertIn("TLS", error.message)

    def test_the_last_answer_survives_the_servers_close(self) -> None:
        with EchoServer(tls=server_tls()) as server, self._channel(server) as channel:
            call = channel.open(UNARY, Echo, Echo(response_bytes=3_000_000))
            while not server.service.contexts:
                time.sleep(0.005)
            server.run(server.server.drain())
            self.assertEqual(len(call.single().payload), 3_000_000)

    def _channel(self, server: EchoServer) -> Channel:
        return Channel(server.target, tls=TLS(self.ca))

    def _plain(self, server: EchoServer) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout=10)

    def _failure(self, channel: Channel) -> RPCError:
        with self.assertRaises(RPCError) as caught:
            channel.unary(UNARY, Echo(), Echo, timeout=5)
        return caught.exception


if __name__ == "__main__":
    unittest.main()
