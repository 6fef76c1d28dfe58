"""Runs random trials through `assay score` and compares each value with a library's."""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np

from trials import DOMAINS, Trial

ROOT = Path(__file__).resolve().parents[4]


def main(arguments: list[str]) -> int:
    """The exit status: 1 if anything disagrees."""
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("domain", nargs="*", help=f"of {', '.join(DOMAINS)}; all unless told")
    parser.add_argument("--rounds", type=int, default=20, help="trials of each domain (20)")
    parser.add_argument("--seed", type=int, default=1, help="of the first round (1)")
    parser.add_argument("--assay", type=Path, default=ROOT / ".build/debug/assay")
    parser.add_argument("--keep", type=Path, help="leave the files of the last trial here")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    compared = wrong = 0
    for name in given.domain or DOMAINS:
        rows: set[str] = set()
        for seed in range(given.seed, given.seed + given.rounds):
            with tempfile.TemporaryDirectory() as folder:
                place = given.keep or Path(folder)
                place.mkdir(parents=True, exist_ok=True)
                random = np.random.default_rng([seed, zlib.crc32(name.encode())])
                for trial in DOMAINS[name](random, place):
                    problems = check(trial, given.assay)
                    compared += len(trial.expected)
                    rows |= set(trial.expected)
                    wrong += len(problems)
                    for problem in problems:
                        print(f"{name} seed {seed} {trial.words()}: {problem}", flush=True)
        named = " ".join(sorted(rows))
        print(f"{name}: {given.rounds} rounds, {len(rows)} rows: {named}", flush=True)
    print(f"{compared} values compared, {wrong} disagree")
    return 1 if wrong else 0


def check(trial: Trial, assay: Path) -> list[str]:
    """What is wrong with the scores of one trial."""
    command = [
        str(assay), "score", "--task", trial.task, "--truth", str(trial.truth),
        "--predictions", str(trial.predictions), "--json",
    ]  # fmt: skip
    for metric in trial.expected:
        command += ["--metric", metric]
    for parameter, value in trial.parameters.items():
        command += ["--param", f"{parameter}={value}"]
    if trial.classes:
        command += ["--classes", ",".join(trial.classes)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return [f"exit status {result.returncode}: {result.stderr.strip()} {result.stdout.strip()}"]
    scores = {score["metric"]: score for score in json.loads(result.stdout)["scores"]}
    problems = []
    for metric, expected in trial.expected.items():
        got = scores[metric]["value"]
        if expected is None or math.isnan(expected):
            if got is not None:
                problems.append(f"{metric} is {got!r}, the library has no value")
        elif got is None:
            problems.append(f"{metric} is undefined ({scores[metric]}), the library's {expected!r}")
        else:
            absolute, relative = trial.tolerance(metric)
            if not abs(got - expected) <= absolute + relative * abs(expected):
                problems.append(
                    f"{metric} is {got!r}, the library's {expected!r}, {got - expected:.1e} apart")
    return problems


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
