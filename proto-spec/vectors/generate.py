#!/usr/bin/env python3
"""Writes the vectors with the Python implementation of the protocol.

    proto-spec/vectors/generate.py            write frames.json, control.json, reject.json, sessions.json
    proto-spec/vectors/generate.py --check    change nothing; exit 1 when a file is out of date

Needs the `protobuf` package.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))

import control  # noqa: E402
import rejects  # noqa: E402
import sessions  # noqa: E402


def main() -> int:
    files = {
        "frames.json": control.frames(),
        "control.json": control.control_messages(),
        "reject.json": rejects.rejects(),
        "sessions.json": sessions.sessions(),
    }
    outdated = False
    for name, vectors in files.items():
        text = json.dumps(vectors, indent=1, ensure_ascii=True) + "\n"
        path = HERE / name
        if path.exists() and path.read_text() == text:
            continue
        outdated = True
        if "--check" not in sys.argv:
            path.write_text(text)
            print(f"wrote {name}: {len(vectors)} vectors")
        else:
            print(f"{name} is not what generate.py writes", file=sys.stderr)
    if not outdated:
        print("The vectors are up to date.")
    return 1 if outdated and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
