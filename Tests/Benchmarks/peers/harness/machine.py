"""What the machine is asked for: descriptors, cores, CPU clocks, the load of others."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time

PINNED_CORE = 0


def raise_file_limit() -> int:
    """Lets this process and its children open as many files as they may, and says how many."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def prepare_child(pin: bool) -> None:
    """Runs in a child before its program: it dies with this process and may be pinned."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if pin:
        os.sched_setaffinity(0, {PINNED_CORE})


def process_cpu_seconds(process: int) -> float:
    """CPU time of all threads of another process, to the nanosecond (clock_getcpuclockid(3))."""
    cpuclock_sched = 2
    return time.clock_gettime((~process << 3) | cpuclock_sched)


class BusyMeter:
    """How many cores the whole machine kept busy over a time, stolen time included."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._busy = self._busy_seconds()

    def cores(self) -> tuple[float, float]:
        """Busy cores since the meter was made, and seconds since then."""
        seconds = time.monotonic() - self._begin
        return (self._busy_seconds() - self._busy) / seconds, seconds

    @staticmethod
    def _busy_seconds() -> float:
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(text) for text in file.readline().split()[1:9]]
        user, nice, system, _idle, _iowait, irq, softirq, steal = ticks
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
