"""Redis, with its own benchmark as the client."""

from __future__ import annotations

import re
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from .build import Failed, Toolbox, Unavailable
from .machine import BusyMeter, prepare_child, process_cpu_seconds
from .request import Request, Result, result_of

WARM_UP_SECONDS = 0.5

FIRST_CALLS = 5000
"""Enough to estimate how many calls the warm-up takes."""


class RedisPeer:
    """`PING` (no payload) and `SET`, `outstanding` as the depth of the pipeline.

    redis-benchmark is told a number of calls, not a time, so that a first short run finds out how
    many fit the window. Its latencies are those of a whole pipeline, and the CPU figures cover its
    whole run.
    """

    shapes = ("unary",)

    def run(self, request: Request, toolbox: Toolbox) -> Iterator[Result]:
        if request.shape not in self.shapes:
            raise Unavailable(f"it has no {request.shape}")
        toolbox.need({"redis-server": "redis-server", "redis-tools": "redis-benchmark"})
        secrets = [str(path) for path in toolbox.certificate()] if request.tls else []
        with _server(request.pin, secrets) as (process, port):
            for test in ("ping_mbulk", "set"):
                command = _command(test, port, request)
                rate = _measure(command, FIRST_CALLS, request, process)["calls_per_second"]
                for seconds in (WARM_UP_SECONDS, request.seconds):
                    measured = _measure(command, int(rate * seconds), request, process)
                    rate = measured["calls_per_second"]
                is_ping = test != "set"
                asked = replace(request, payload=0) if is_ping else request
                yield result_of("redis-ping" if is_ping else "redis-set", asked, measured)


def _command(test: str, port: int, request: Request) -> list[str]:
    tls = ["--tls", "--insecure"] if request.tls else []
    return [
        "redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-t", test, "--precision", "3",
        "-c", str(request.connections), "-P", str(request.outstanding),
        "-d", str(request.payload), *tls,
    ]  # fmt: skip


def _measure(
    command: list[str], calls: int, request: Request, server: subprocess.Popen[bytes]
) -> Result:
    begin = process_cpu_seconds(server.pid)
    children = _children_cpu_seconds()
    meter = BusyMeter()
    done = subprocess.run(
        [*command, "-n", str(max(calls, 1))], capture_output=True, text=True,
        preexec_fn=lambda: prepare_child(request.pin),
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"redis-benchmark failed: {done.stderr.strip()}")
    cores, seconds = meter.cores()
    server_cpu = process_cpu_seconds(server.pid) - begin
    client_cpu = _children_cpu_seconds() - children
    return {
        **_parse(done.stdout),
        "server_cpu_us_per_call": round(server_cpu / calls * 1e6, 4),
        "client_cpu_us_per_call": round(client_cpu / calls * 1e6, 4),
        "rss_kib": _rss_kib(server.pid),
        "foreign_cores": max(0, round(cores - (server_cpu + client_cpu) / seconds, 2)),
    }


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rss_kib(process: int) -> int:
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def _parse(text: str) -> Result:
    """What redis-benchmark prints for people."""
    completed = re.search(r"(\d+) requests completed in ([\d.]+) seconds", text)
    rate = re.search(r"throughput summary: ([\d.]+) requests per second", text)
    rows = re.findall(r"([\d.]+)% <= ([\d.]+) milliseconds", text)
    if not (completed and rate and rows):
        raise Failed(f"redis-benchmark printed something else:\n{text}")

    def microseconds(percent: float) -> float:
        return next(float(ms) * 1e3 for share, ms in rows if float(share) >= percent)

    return {
        "seconds": float(completed[2]),
        "calls": int(completed[1]),
        "calls_per_second": float(rate[1]),
        "p50_us": round(microseconds(50), 2),
        "p99_us": round(microseconds(99), 2),
        "p999_us": round(microseconds(99.9), 2),
    }


@contextmanager
def _server(pin: bool, secrets: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A Redis without persistence on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ports = ["--port", str(port)]
    if secrets:
        ports = ["--port", "0", "--tls-port", str(port), "--tls-cert-file", secrets[0],
                 "--tls-key-file", secrets[1], "--tls-auth-clients", "no"]  # fmt: skip
    process = subprocess.Popen(
        ["redis-server", "--bind", "127.0.0.1", *ports, "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL, preexec_fn=lambda: prepare_child(pin),
    )  # fmt: skip
    try:
        _wait_for(port, process)
        yield process, port
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise Failed("redis-server did not start")
