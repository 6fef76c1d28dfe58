"""The frozen first version, and one of the future, on the other side of this implementation."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import unittest

from assay_rpc import Channel, RPCError, StatusCode

from .support import CHAT, COLLECT, EXPAND, UNARY, Echo, EchoServer, payloads

_ROOT = pathlib.Path(__file__).resolve().parents[3]
PEER = _ROOT / "Tests" / "TransportTests" / "FrozenPeer" / "frozen_peer.py"


@unittest.skipUnless(PEER.exists(), "skipped: not in the repository, there is no frozen peer")
class FrozenTests(unittest.TestCase):
    """A peer that is older, or newer, than this one."""

    def test_its_client_against_this_server(self) -> None:
        for mode in ([], ["--future"]):
            with self.subTest(mode), EchoServer() as server:
                command = [sys.executable, str(PEER), "client", "--port", str(server.port), *mode]
                run = subprocess.run(command, capture_output=True, text=True, timeout=120)
                results = [json.loads(line) for line in run.stdout.splitlines()]
                self.assertEqual([one for one in results if not one["passed"]], [], run.stderr)
                self.assertEqual((run.returncode, len(results)), (0, 12))

    def test_its_server_against_this_client(self) -> None:
        for mode in ([], ["--future"]):
            with self.subTest(mode), _Server(*mode) as port, self._channel(port) as channel:
                for size in (0, 1_000, 3_000_000):
                    request = Echo(payload=b"u" * size)
                    self.assertEqual(channel.unary(UNARY, request, Echo), request)
                answer = channel.client_streaming(COLLECT, payloads(60, 70_000), Echo)
                self.assertEqual(answer.response_bytes, 4_200_000)
                expand = Echo(response_count=700, response_bytes=5_000)
                answers = list(channel.server_streaming(EXPAND, expand, Echo))
                self.assertEqual({len(one.payload) for one in answers}, {5_000})
                with channel.open(CHAT, Echo) as call:
                    for request in payloads(50, 100):
                        call.send(request)
                        self.assertEqual(call.receive(), request)
                    call.half_close()
                    self.assertIsNone(call.receive())
                with self.assertRaises(RPCError) as caught:
                    channel.unary(UNARY, Echo(status_code=9, status_message="no"), Echo)
                self.assertEqual(caught.exception.code, StatusCode.FAILED_PRECONDITION)
                with self.assertRaises(RPCError) as caught:
                    channel.unary(UNARY + "s", Echo(), Echo)
                self.assertTrue(caught.exception.details.not_processed)

    def test_its_drain_in_one_step_loses_no_call(self) -> None:
        for mode in ([], ["--future"]):
            with self.subTest(mode), _Server("--drain-after", "3", *mode) as port:
                with self._channel(port) as channel:
                    for request in payloads(20, 100):
                        self.assertEqual(channel.unary(UNARY, request, Echo), request)

    def _channel(self, port: int) -> Channel:
        return Channel(f"127.0.0.1:{port}")


class _Server:
    """The frozen server as a process; its port."""

    def __init__(self, *options: str) -> None:
        self._command = [sys.executable, str(PEER), "server", "--port", "0", *options]

    def __enter__(self) -> int:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)


if __name__ == "__main__":
    unittest.main()
