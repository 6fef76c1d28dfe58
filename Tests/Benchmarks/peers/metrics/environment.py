"""The virtual environment with the reference libraries, in a folder outside the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "scikit-learn": "sklearn",
    "pycocotools": "pycocotools",
    "faster-coco-eval": "faster_coco_eval",
    "scikit-survival": "sksurv",
    "lifelines": "lifelines",
    "MedPy": "medpy",
    "opencv-python-headless": "cv2",
}
"""The name by which each is installed, and the one by which it is imported."""


class Unavailable(Exception):
    """The libraries cannot be had here; the text says why, and what would help."""


def scratch() -> Path:
    """Where everything lives that is built or generated."""
    return Path(os.environ.get("ASSAY_PEERS_SCRATCH", "/tmp/assay-peers"))


def python() -> Path:
    """An interpreter that has all libraries; installs them by name where they are missing."""
    folder = scratch() / "metrics-venv"
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        try:
            venv.create(folder, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as reason:
            raise Unavailable(f"no virtual environment: {reason} (python3-venv?)") from reason
    missing = _missing(interpreter)
    if missing:
        print(f"installing {' '.join(missing)} in {folder}", file=sys.stderr)
        command = [str(interpreter), "-m", "pip", "install", "--quiet",
                   "--disable-pip-version-check", *missing]  # fmt: skip
        subprocess.run(command, stdout=sys.stderr, check=False)
        missing = _missing(interpreter)
    if missing:
        raise Unavailable(f"not installed: {' '.join(missing)} (pip install them in {folder})")
    return interpreter


def _missing(interpreter: Path) -> list[str]:
    """The libraries that the interpreter does not find."""
    probe = (
        "import importlib.util, json, sys\n"
        "names = json.loads(sys.argv[1])\n"
        "print(' '.join(n for n, m in names.items() if importlib.util.find_spec(m) is None))"
    )
    result = subprocess.run(
        [str(interpreter), "-c", probe, json.dumps(LIBRARIES)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return result.stdout.split()
