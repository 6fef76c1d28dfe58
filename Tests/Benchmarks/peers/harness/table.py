"""Results for people."""

from __future__ import annotations

from .request import Result

COLUMNS = {
    "peer": "peer", "payload": "payload", "connections": "conns", "outstanding": "calls each",
    "tls": "TLS", "calls_per_second": "calls/s", "bytes_per_second": "MB/s", "p50_us": "p50 µs",
    "p99_us": "p99 µs", "p999_us": "p99.9 µs", "server_cpu_us_per_call": "server µs/call",
    "client_cpu_us_per_call": "client µs/call", "rss_kib": "RSS KiB",
    "rss_kib_per_connection": "KiB/conn", "foreign_cores": "foreign cores",
}  # fmt: skip


def print_table(results: list[Result]) -> None:
    """One row for each result; a column that none of them has is left out."""
    if not results:
        return
    names = [name for name in COLUMNS if any(result.get(name) is not None for result in results)]
    rows = [[COLUMNS[name] for name in names]]
    rows += [[_text(name, result.get(name)) for name in names] for result in results]
    widths = [max(len(row[index]) for row in rows) for index in range(len(names))]
    for row in rows:
        print("  ".join(text.rjust(width) for text, width in zip(row, widths)))


def _text(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "bytes_per_second" and isinstance(value, (int, float)):
        return f"{value / 1e6:,.0f}"
    if name == "calls_per_second" and isinstance(value, (int, float)):
        return f"{value:,.0f}"
    return str(value)
