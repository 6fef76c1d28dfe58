"""An implementation's driver: a process that takes commands and gives reports."""

from __future__ import annotations

import shlex
import struct
import subprocess
import threading
from concurrent.futures import Future
from typing import Any

from .schemas import Command, Report, build


class DriverError(Exception):
    """The driver said that it could not do it, or is gone."""


class Driver:
    """A running driver. Commands may overlap, from any thread."""

    #: Longer than any one command of a case may take.
    TIMEOUT_SECONDS = 60.0

    def __init__(self, command: str) -> None:
        self.command = command
        self._process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        self._next_id = 1
        self._next_number = 1
        self._gone: str | None = None
        threading.Thread(target=self._read_reports, daemon=True).start()
        self.description = self.ask("describe", {}).description

    def number(self) -> int:
        """A number for a server or a channel that is not in use."""
        with self._lock:
            self._next_number += 1
            return self._next_number

    def begin(self, name: str, fields: dict[str, Any]) -> Future[Any]:
        """Sends a command; the future is its report."""
        with self._lock:
            future: Future[Any] = Future()
            if self._gone:
                raise DriverError(self._gone)
            command = build(Command, {"id": self._next_id, name: fields})
            self._waiting[self._next_id] = future
            self._next_id += 1
            data = command.SerializeToString()
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(struct.pack("<I", len(data)) + data)
                self._process.stdin.flush()
            except OSError as error:  # The reader of reports will say so, too.
                raise DriverError(f"the driver takes no commands any more: {error}") from error
        return future

    def ask(self, name: str, fields: dict[str, Any]) -> Any:
        """Sends a command and waits for its report."""
        return self.result(self.begin(name, fields))

    def result(self, future: Future[Any], timeout: float = TIMEOUT_SECONDS) -> Any:
        """The report of a command, once it is there."""
        try:
            return future.result(timeout)
        except TimeoutError as error:
            raise DriverError(f"the driver gave no report within {timeout:g} s") from error

    def close(self) -> None:
        """Ends the process: it ends by itself when its input does."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _read_reports(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while len(prefix := stream.read(4)) == 4:
            report = Report.FromString(stream.read(struct.unpack("<I", prefix)[0]))
            with self._lock:
                future = self._waiting.pop(report.id, None)
            if future is None:
                continue
            if report.WhichOneof("report") == "failure":
                future.set_exception(DriverError(report.failure))
            else:
                future.set_result(report)
        with self._lock:
            self._gone = f"the driver has ended: {self.command}"
            for future in self._waiting.values():
                future.set_exception(DriverError(self._gone))
            self._waiting.clear()
