"""Damaged bytes: whatever comes, a connection either goes on or says why it ends."""

from __future__ import annotations

import json
import pathlib
import random
import unittest

from assay_rpc import Connection, Phase, Role, Settings, _control
from assay_rpc._events import CallArrived, CallChanged

_VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors"


@unittest.skipUnless(_VECTORS.exists(), "skipped: not in the repository, there are no vectors")
class DamageTests(unittest.TestCase):
    """The sessions of ``proto-spec/vectors`` with bytes changed, lost and repeated."""

    def setUp(self) -> None:
        content = json.loads((_VECTORS / "sessions.json").read_text(encoding="utf-8"))
        self.settings = Settings(**content["settings"])
        self.sides: dict[str, list[bytes]] = {"client": [], "server": []}
        for vector in content["vectors"]:
            for side, streams in self.sides.items():
                steps = (one for one in vector["steps"] if one.get("from") == side)
                streams.append(b"".join(bytes.fromhex(one["hex"]) for one in steps))

    def test_a_server_survives_any_client(self) -> None:
        for seed in range(1_500):
            dice = random.Random(seed)
            server = Connection(Role.SERVER, self.settings, now=0.0)
            self._play(server, dice, self.sides["client"], seed)

    def test_a_client_survives_any_server(self) -> None:
        for seed in range(1_500):
            dice = random.Random(seed)
            client = Connection(Role.CLIENT, self.settings, now=0.0)
            for _ in range(3):
                request = _control.Request(method="m")
                client.open_call(request, message=None, timeout=None, now=0.0)
            self._play(client, dice, self.sides["server"], seed)

    def _play(
        self, connection: Connection, dice: random.Random, streams: list[bytes], seed: int
    ) -> None:
        data = _damage(bytearray(dice.choice(streams)), dice)
        position = 0
        while position < len(data):
            size = dice.randint(1, 400)
            connection.receive(data[position : position + size], 0.0)
            position += size
            for event in connection.take_events():
                if isinstance(event, (CallArrived, CallChanged)) and dice.random() < 0.5:
                    event.call.take()
        connection.on_timer(31.0)
        connection.receive_eof()
        with self.subTest(seed=seed):
            self.assertIs(connection.phase, Phase.CLOSING)
            self.assertIsNotNone(connection.close_error)
            self.assertEqual(connection.streams, {})


def _damage(data: bytearray, dice: random.Random) -> bytes:
    for _ in range(dice.randint(0, 4)):
        place = dice.randrange(len(data))
        what = dice.randrange(4)
        if what == 0:
            data[place] ^= 1 << dice.randrange(8)
        elif what == 1:
            data[place] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif what == 2:
            del data[place : place + dice.randint(1, 30)]
        else:
            data[place:place] = data[place : place + dice.randint(1, 60)]
        if not data:
            break
    return bytes(data)


if __name__ == "__main__":
    unittest.main()
