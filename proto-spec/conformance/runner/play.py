"""Plays one case: servers, channels, calls, and the scripted peer."""

from __future__ import annotations

import hashlib
import ssl
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable

from .cases import Case
from .driver import Driver
from .frames import PeerError
from .matching import mismatches
from .schemas import STATUS_CODES, plain, to_bytes
from .script import Script


class CaseFailed(AssertionError):
    """What was expected and did not happen."""


_METHOD_KINDS = {
    "Unary": "KIND_UNARY",
    "Collect": "KIND_CLIENT_STREAMING",
    "Expand": "KIND_SERVER_STREAMING",
    "Chat": "KIND_BIDIRECTIONAL",
}


class Play:
    """One case while it is played; `close` leaves nothing behind."""

    def __init__(self, case: Case, server: Driver, client: Driver, certificates: Path) -> None:
        self._case = case
        self._server_driver = server
        self._client_driver = client
        self._certificates = certificates
        self._servers: list[tuple[int, int]] = []
        self._channels: dict[str, int] = {}
        self._running: dict[str, Future[Any]] = {}
        self._script: Script | None = None

    def run(self) -> None:
        """Plays the case to its end.

        :raises CaseFailed: naming the step and what differs.
        """
        self._prepare()
        self._play(self._case.steps, "step ")

    def close(self) -> None:
        """Closes what the case has opened."""
        if self._script:
            self._script.close()
        for channel in self._channels.values():
            self._client_driver.ask("close_channel", {"channel": channel})
        for server, _ in self._servers:
            self._server_driver.ask("stop_server", {"server": server})

    def _play(self, steps: list[dict[str, Any]], place: str) -> None:
        for number, step in enumerate(steps, 1):
            if "repeat" in step:
                for turn in range(step["repeat"]):
                    self._play(step["steps"], f"{place}{number}, turn {turn + 1}, step ")
                continue
            try:
                self._step(step)
            except (CaseFailed, PeerError) as error:
                raise CaseFailed(f"{place}{number} ({next(iter(step))}): {error}") from error

    # Before the first step.

    def _prepare(self) -> None:
        case = self._case
        if case.kind == "client":
            self._script = Script.listening(self._tls_context(server=True))
        else:
            for _ in range(case.servers):
                self._servers.append(self._start_server())
            if case.kind == "server":
                port = self._servers[0][1]
                self._script = Script.connecting(port, self._tls_context(server=False))
        if case.kind != "server":
            self._open_channel("main", {})

    def _start_server(self) -> tuple[int, int]:
        fields: dict[str, Any] = {"server": self._server_driver.number()}
        fields["limits"] = self._case.server
        if self._case.over_tls:
            fields["certificate_file"] = str(self._certificates / "server.pem")
            fields["key_file"] = str(self._certificates / "server.key")
        report = self._server_driver.ask("start_server", fields)
        return fields["server"], report.server_started.port

    def _open_channel(self, name: str, more: dict[str, Any]) -> None:
        if self._script:
            ports = [self._script.port]
        else:
            ports = [port for _, port in self._servers]
        fields = {"address": ",".join(f"127.0.0.1:{port}" for port in ports), **more}
        fields["channel"] = self._channels[name] = self._client_driver.number()
        limits = dict(self._case.channel)
        fields["credential"] = limits.pop("credential", "")
        fields["limits"] = limits
        if self._case.over_tls:
            fields["ca_file"] = str(self._certificates / "ca.pem")
        self._client_driver.ask("open_channel", fields)

    def _tls_context(self, server: bool) -> ssl.SSLContext | None:
        if not self._case.over_tls:
            return None
        if server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(
                self._certificates / "server.pem", self._certificates / "server.key"
            )
        else:
            context = ssl.create_default_context(cafile=str(self._certificates / "ca.pem"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["assay/1"])
        return context

    # Steps.

    def _step(self, step: dict[str, Any]) -> None:
        steps: dict[str, Callable[[dict[str, Any]], None]] = {
            "begin": self._begin,
            "call": self._call,
            "end": self._end,
            "drain": lambda step: self._to_server("drain_server", step["drain"]),
            "counts": self._counts,
            "reopen": self._reopen,
            "wait": lambda step: time.sleep(step["wait"] / 1000),
        }
        for name, play in steps.items():
            if name in step:
                return play(step)
        if self._script is None:
            raise ValueError(f"{self._case.name}: a step that is none: {step}")
        return self._script.step(step)

    def _call(self, step: dict[str, Any]) -> None:
        at_once = step.get("at_once", 1)
        for _ in range(step.get("times", 1)):
            calls = [self._make_call(step["call"]) for _ in range(at_once)]
            for call in calls:
                self._check(call, step.get("expect", {"code": "OK"}))

    def _begin(self, step: dict[str, Any]) -> None:
        for index in range(step.get("at_once", 1)):
            name = step["begin"] if index == 0 else f"{step['begin']}.{index}"
            self._running[name] = self._make_call(step["call"])

    def _end(self, step: dict[str, Any]) -> None:
        for name in [n for n in self._running if n.split(".")[0] == step["end"]]:
            self._check(self._running.pop(name), step["expect"])

    def _make_call(self, call: dict[str, Any]) -> Future[Any]:
        call = dict(call)
        method = call.pop("method")
        call.setdefault("kind", _METHOD_KINDS.get(method, "KIND_UNARY"))
        in_full = method if "." in method else f"assay.testing.v1.EchoService.{method}"
        fields = {"channel": self._channels[call.pop("channel", "main")], "method": in_full}
        return self._client_driver.begin("make_call", {**fields, **call})

    def _check(self, call: Future[Any], expected: dict[str, Any]) -> None:
        result = plain(self._client_driver.result(call).call_result)
        result["code"] = STATUS_CODES[result["code"]] if result["code"] < 17 else result["code"]
        result["elapsed_milliseconds"] = result.pop("elapsed_microseconds") / 1000
        result["answer_count"] = len(result["answers"])
        expected = dict(expected)
        if "payloads" in expected:
            payloads = [to_bytes(payload) for payload in expected.pop("payloads")]
            expected["answers"] = [_digest(payload) for payload in payloads]
        if found := mismatches(expected, result):
            outcome = f"{result['code']} {result['message']!r}"
            raise CaseFailed("; ".join(found) + f" [call ended with {outcome}]")

    def _counts(self, step: dict[str, Any]) -> None:
        """The server's counters come to be as expected within a time, and do not pass by."""
        deadline = time.monotonic() + step.get("within", 1000) / 1000
        server, _ = self._servers[step.get("of", 0)]
        while True:
            report = self._server_driver.ask("inspect_server", {"server": server})
            found = mismatches(step["counts"], plain(report.server_counts), "counts")
            if not found:
                return
            if time.monotonic() > deadline:
                raise CaseFailed("; ".join(found))
            time.sleep(0.01)

    def _to_server(self, command: str, index: int) -> None:
        self._server_driver.ask(command, {"server": self._servers[index][0]})

    def _reopen(self, step: dict[str, Any]) -> None:
        name = step["reopen"]
        if name in self._channels:
            self._client_driver.ask("close_channel", {"channel": self._channels.pop(name)})
        self._open_channel(name, {})


def _digest(payload: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(payload).hexdigest()
    return {"payload_bytes": len(payload), "payload_sha256": f"hex:{digest}"}
