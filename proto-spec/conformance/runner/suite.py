"""Runs many cases and says what came of each."""

from __future__ import annotations

import subprocess
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable, Iterable

from .cases import Case
from .driver import Driver, DriverError
from .play import CaseFailed, Play


@dataclass
class Outcome:
    """What came of a case. `failure` is empty when it passed."""

    name: str
    failure: str
    milliseconds: int
    is_known: bool = False

    @property
    def is_as_expected(self) -> bool:
        """A known failure that passes is as wrong as another that fails."""
        return bool(self.failure) == self.is_known

    def as_json(self) -> dict[str, object]:
        """For --json."""
        return {**asdict(self), "ok": self.is_as_expected}


def known_failures(file: Path | None) -> dict[str, str]:
    """Names of cases that fail, with the reason after a #; one a line."""
    if file is None:
        return {}
    known = {}
    for line in file.read_text("utf-8").splitlines():
        name, _, reason = (part.strip() for part in line.partition("#"))
        if name:
            known[name] = reason
    return known


def applies(case: Case, server: Driver, client: Driver) -> bool:
    """Whether both sides go far enough for the case; the scripted peer always does."""
    drivers = [server] if case.kind == "server" else [client]
    if case.kind == "pair":
        drivers = [server, client]
    has_roles = (case.kind == "client" or server.description.has_server) and (
        case.kind == "server" or client.description.has_client
    )
    return has_roles and all(
        driver.description.level >= case.level and case.needs <= set(driver.description.features)
        for driver in drivers
    )


def run(
    cases: Iterable[Case], server: Driver, client: Driver, certificates: Path,
    known: dict[str, str], tell: Callable[[Outcome], None],
) -> list[Outcome]:  # fmt: skip
    """Plays all cases: the slow ones beside the others, which go one after another."""
    outcomes: list[Outcome] = []

    def play(case: Case) -> None:
        outcome = _play(case, server, client, certificates)
        outcome.is_known = case.name in known
        outcomes.append(outcome)
        tell(outcome)

    chosen = list(cases)
    slow = [case for case in chosen if case.slow]
    with ThreadPoolExecutor(max(1, len(slow))) as beside:
        waiting = [beside.submit(play, case) for case in slow]
        for case in chosen:
            if not case.slow:
                play(case)
        for future in waiting:
            future.result()
    return outcomes


def _play(case: Case, server: Driver, client: Driver, certificates: Path) -> Outcome:
    begun = time.monotonic()
    play = Play(case, server, client, certificates)
    failure = ""
    try:
        play.run()
    except (CaseFailed, DriverError) as error:
        failure = str(error)
    except Exception:  # A case file or this runner is at fault; the others still run.
        failure = "the runner failed:\n" + traceback.format_exc()
    try:
        play.close()
    except DriverError as error:
        failure = failure or f"afterwards: {error}"
    return Outcome(case.name, failure, int((time.monotonic() - begun) * 1000))


_CERTIFICATES = """
set -e
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 2 -subj /CN=conformance-ca -out ca.pem
openssl ecparam -name prime256v1 -genkey -noout -out server.key
openssl req -new -key server.key -subj /CN=localhost -out server.csr
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
  -extfile server.ext -out server.pem
"""


def make_certificates(folder: Path) -> None:
    """A throw-away authority and a server certificate for localhost, by the openssl command."""
    subprocess.run(["sh", "-c", _CERTIFICATES], cwd=folder, check=True, capture_output=True)
