#!/usr/bin/env python3
"""Scores tables larger than memory should have to hold, and says how much memory it took.

    large_table.py path/to/assay [gigabytes]

Truth and predictions come through pipes, so that they never lie on a disk. The truth has a long
column that no metric needs: of it nothing may stay. Not part of CI, for it takes a minute.
"""

import os
import resource
import subprocess
import sys
import tempfile
import threading

NOTE = b"x" * 2048
BLOCK = 1000
"""Rows that are written at a time."""
BYTES_PER_ROW = 120
"""What may stay of a row: its id, its place in the table of ids, its labels, its line."""
BASE_BYTES = 64 << 20


def write_truth(path: str, blocks: int) -> None:
    """Writes ids, labels and long notes."""
    with open(path, "wb") as file:
        file.write(b"id,label,note\n")
        for block in range(blocks):
            rows = range(block * BLOCK, (block + 1) * BLOCK)
            file.write(b"".join(b"row-%09d,c%d,%s\n" % (row, row % 5, NOTE) for row in rows))


def write_predictions(path: str, blocks: int) -> None:
    """Writes a right label for each id but every tenth."""
    with open(path, "wb") as file:
        file.write(b"id,label\n")
        for block in range(blocks):
            rows = range(block * BLOCK, (block + 1) * BLOCK)
            file.write(
                b"".join(b"row-%09d,c%d\n" % (row, 0 if row % 10 == 1 else row % 5) for row in rows)
            )


def main() -> int:
    """Runs the score and compares its memory with what the columns need."""
    assay = sys.argv[1]
    gigabytes = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    blocks = int(gigabytes * 1e9 / len(NOTE) / BLOCK)
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("truth", "predictions")]
        for path, writer in zip(paths, (write_truth, write_predictions)):
            os.mkfifo(path)
            threading.Thread(target=writer, args=(path, blocks), daemon=True).start()
        command = [assay, "score", "--task", "tabular-classification", "--metric", "accuracy"]
        command += ["--truth", paths[0], "--predictions", paths[1]]
        subprocess.run(command, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    allowed = BASE_BYTES + blocks * BLOCK * BYTES_PER_ROW
    print(f"{blocks * BLOCK} rows, {gigabytes} GB: {used >> 20} MiB of {allowed >> 20} allowed")
    return 0 if used <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
