"""Times the peers of cases; runs in the environment that has the libraries."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import generate
from cases import CASES, Case, Peer


def main(arguments: list[str]) -> int:
    """Prints one JSON object for each peer of each case."""
    parser = argparse.ArgumentParser(prog="run", description="Times reference libraries.")
    parser.add_argument("case", nargs="*", help="names of cases; all unless told")
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--peer", help="only this peer")
    parser.add_argument("--generate", action="store_true", help="only make the data sets")
    parser.add_argument("--repetitions", type=int, default=5, help="of each call (5)")
    parser.add_argument("--budget", type=float, default=20,
                        help="seconds after which a call is not repeated (20)")  # fmt: skip
    given = parser.parse_args(arguments)
    known = {case.name: case for case in CASES}
    if given.list:
        print("\n".join(known))
        return 0
    if given.generate:
        for name in generate.SETS:
            print(generate.ensure(name))
        return 0
    unknown = [name for name in given.case if name not in known]
    if unknown:
        parser.error(f"no such case: {' '.join(unknown)}; there are {' '.join(known)}")
    for name in given.case or known:
        measure(known[name], given.peer, given.repetitions, given.budget)
    return 0


def measure(case: Case, only: str | None, repetitions: int, budget: float) -> None:
    """Repeats each peer's call until it has been often or long enough."""
    for peer in case.peers():
        if only not in (None, peer.name):
            continue
        seconds: list[float] = []
        while len(seconds) < repetitions and sum(seconds) < budget:
            elapsed, value = timed(peer)
            seconds.append(elapsed)
        row = {
            "peer": peer.name, "case": case.name, "repetitions": len(seconds),
            "seconds": statistics.median(seconds), "seconds_minimum": min(seconds),
            "read_seconds": None, "is_reference": peer.is_reference,
            "values": value if isinstance(value, list) else [float(value)],
        }  # fmt: skip
        print(json.dumps(row), flush=True)


def timed(peer: Peer) -> tuple[float, object]:
    """The seconds of one call, and its value."""
    prepared = [peer.prepare()] if peer.prepare else []
    start = time.perf_counter()
    value = peer.call(*prepared)
    return time.perf_counter() - start, value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
