#!/usr/bin/env python3
"""Writes the vectors: JSON files of bytes and what they mean.

    generate.py            write the files beside this script
    generate.py --check    change nothing; exit 1 when what is checked in differs

Needs the ``protobuf`` package of PyPI: the vectors of the codec are what its own C implementation
reads and writes, which Debian's older one differs from in what it refuses.
"""

from __future__ import annotations

import json
import pathlib
import sys
from dataclasses import asdict

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python" / "src")]

from google.protobuf.internal import api_implementation  # noqa: E402

OUTPUTS = ("frames", "codec", "sessions", "reject-codec", "reject-sessions")


def outputs() -> dict[str, dict]:
    """The content of each file, by its name."""
    import make_codec
    import make_frames
    import make_reject_codec
    import make_rejects
    import make_sessions
    import play

    settings = asdict(play.SETTINGS)
    return {
        "frames": {"vectors": make_frames.frames()},
        "codec": {"vectors": make_codec.messages()},
        "sessions": {"settings": settings, "vectors": make_sessions.sessions()},
        "reject-codec": {"vectors": make_reject_codec.rejects()},
        "reject-sessions": {"settings": settings, "vectors": make_rejects.rejects()},
    }


def main() -> int:
    """Runs the command; returns its exit code."""
    if api_implementation.Type() != "upb":
        print("skipped: vectors need the protobuf package of PyPI, 4.21 or later")
        return 0
    check = "--check" in sys.argv[1:]
    result = 0
    for name, content in outputs().items():
        _expect_unique(name, content["vectors"])
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        path = HERE / f"{name}.json"
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            print(
                f"out of date: proto-spec/vectors/{name}.json; run proto-spec/vectors/generate.py"
            )
            result = 1
        elif not check:
            path.write_text(text, encoding="utf-8")
            print(f"{name}.json: {len(content['vectors'])} vectors")
    return result


def _expect_unique(name: str, vectors: list[dict]) -> None:
    names = [vector["name"] for vector in vectors]
    twice = {one for one in names if names.count(one) > 1}
    assert not twice, f"{name}: two vectors named {sorted(twice)}"


if __name__ == "__main__":
    sys.exit(main())
