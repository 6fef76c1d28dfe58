"""Case files: what they may say, checked when they are read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "cases"
MUSTS = Path(__file__).parent.parent.parent / "musts.json"

#: Who plays: two drivers, or one driver against the scripted peer.
KINDS = ("pair", "server", "client")
_FIELDS = {
    "name", "says", "level", "kind", "tls", "slow", "needs", "servers", "server", "channel",
    "steps",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case, over TLS or not."""

    name: str
    says: str
    level: int
    kind: str
    steps: list[dict[str, Any]]
    over_tls: bool = False
    #: It waits for times that the protocol fixes, and runs beside the others.
    slow: bool = False
    servers: int = 1
    #: Features that a driver's description must name.
    needs: frozenset[str] = frozenset()
    server: dict[str, Any] = field(default_factory=dict)
    channel: dict[str, Any] = field(default_factory=dict)

    @property
    def base_name(self) -> str:
        """The name without what tells the variants apart."""
        return self.name.removesuffix("+tls")


def load(folder: Path = FOLDER) -> list[Case]:
    """All cases of all files, in order.

    :raises ValueError: for a case that is none, naming it.
    """
    cases: list[Case] = []
    for file in sorted(folder.glob("*.json")):
        for entry in json.loads(file.read_text("utf-8")):
            cases += _variants(entry, file.stem)
    names = [case.name for case in cases]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"cases of the same name: {sorted(twice)}")
    return cases


def _variants(entry: dict[str, Any], group: str) -> list[Case]:
    name = f"{group}/{entry.get('name')}"
    if unknown := set(entry) - _FIELDS:
        raise ValueError(f"{name}: unknown fields {sorted(unknown)}")
    if entry["kind"] not in KINDS or not entry["steps"]:
        raise ValueError(f"{name}: no kind of {KINDS}, or no steps")
    needs = frozenset(entry.get("needs", []))
    entry = {**entry, "name": name, "needs": needs}
    tls = entry.pop("tls", "no")
    variants = []
    if tls in ("no", "both"):
        variants.append(Case(**entry))
    if tls in ("only", "both"):
        entry["name"] = name if tls == "only" else f"{name}+tls"
        entry["needs"] = needs | {"tls"}
        variants.append(Case(**entry, over_tls=True))
    return variants


def musts_of(cases: list[Case]) -> dict[str, list[str]]:
    """For each case's base name, the ids of the specification that it bears."""
    borne: dict[str, list[str]] = {case.base_name: [] for case in cases}
    for must, entry in json.loads(MUSTS.read_text("utf-8")).items():
        for name in entry.get("cases", []):
            if name not in borne:
                raise ValueError(f"musts.json: {must} is borne by {name}, which is no case")
            borne[name].append(must)
    return borne
