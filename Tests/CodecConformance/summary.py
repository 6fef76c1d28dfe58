"""Counts what protobuf's conformance runner says in its verbose log, and finds what is missing.

A test that the testee skips counts as no failure there. Here it does, if it is a test of proto3's
binary format, which Codec has no reason to skip.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

BEGUN = re.compile(r"^conformance test: name=(\S+?), request=", re.MULTILINE)
OUTCOME = re.compile(r"^(ERROR|SKIPPED|WARNING), test=(\S+?):? ", re.MULTILINE)


def kind(test: str) -> str | None:
    """What a test of proto3 exercises; None for tests of anything else."""
    if ".Proto2." in test or "TextFormat" in test:
        return None
    if test.endswith(".ProtobufOutput") and ".JsonInput." not in test:
        return "binary"
    if ".ProtobufInput." in test and not test.endswith(".JsonOutput"):
        # Malformed input, which must be refused.
        return "binary"
    if test.endswith(".JsonOutput") and ".JsonInput." not in test:
        return "JSON output"
    return None


def main() -> None:
    """Prints the counts; exits with 1 where a binary test was skipped, or there was none."""
    log = Path(sys.argv[1]).read_text(errors="replace")
    outcomes = {test: outcome for outcome, test in OUTCOME.findall(log)}
    counts: Counter[tuple[str, str, str]] = Counter()
    skipped: list[str] = []
    for test in sorted(set(BEGUN.findall(log))):
        what = kind(test)
        if what is None:
            continue
        outcome = outcomes.get(test, "passed")
        counts[what, test.split(".")[0], outcome] += 1
        if what == "binary" and outcome == "SKIPPED":
            skipped.append(test)
    for (what, level, outcome), count in sorted(counts.items()):
        print(f"official conformance: proto3 {what}, {level}: {count} {outcome.lower()}")
    if skipped or counts["binary", "Required", "passed"] == 0:
        sys.exit("binary tests that did not run: " + (", ".join(skipped) or "all"))


if __name__ == "__main__":
    main()
