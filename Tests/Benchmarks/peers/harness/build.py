"""Installs by name what the peers need, and builds them in a folder outside the package."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent

MAXIMUM_ADDRESSES = 16
"""127.0.0.1 to 127.0.0.16 are in the certificate."""


class Unavailable(Exception):
    """A peer cannot be run here; the text says why, and what would help."""


class Failed(Exception):
    """A peer should have run and did not."""


@dataclass(frozen=True)
class Program:
    """One executable: its sources (the first names its folder), and how it is made."""

    name: str
    sources: tuple[str, ...]
    packages: tuple[str, ...]
    """Names for pkg-config."""
    schema: str | None = None

    @property
    def compiler(self) -> list[str]:
        if self.sources[0].endswith(".c"):
            return ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra"]
        return ["g++", "-std=c++17", "-O2", "-Wall"]


class Toolbox:
    """The scratch folder, with everything that is built in it."""

    def __init__(self) -> None:
        self.folder = Path(os.environ.get("ASSAY_PEERS_SCRATCH", "/tmp/assay-peers"))
        self.folder.mkdir(parents=True, exist_ok=True)

    def need(self, packages: dict[str, str]) -> None:
        """Sees that Debian packages are there.

        `packages` maps each to a file name on the search path, or to `pkg-config:NAME`.
        """
        missing = [package for package, mark in packages.items() if not _is_present(mark)]
        if missing and os.geteuid() == 0 and shutil.which("apt-get"):
            _install(missing)
            missing = [package for package in missing if not _is_present(packages[package])]
        if missing:
            raise Unavailable(f"not installed: {' '.join(missing)} (apt-get install them)")

    def program(self, program: Program) -> Path:
        """The built executable, made anew only if a source has changed."""
        folder = self.folder / program.sources[0].split("/")[0]
        executable = folder / program.name
        mark = folder / f"{program.name}.sources"
        digest = self._digest(program)
        if executable.exists() and mark.exists() and mark.read_text() == digest:
            return executable
        folder.mkdir(exist_ok=True)
        generated = self._generate(program, folder)
        flags = _output(["pkg-config", "--cflags", "--libs", *program.packages]).split()
        sources = [str(SOURCES / source) for source in program.sources]
        inputs = [f"-I{folder}", *sources, *generated]
        _run([*program.compiler, *inputs, "-o", str(executable), *flags])
        mark.write_text(digest)
        return executable

    def certificate(self) -> tuple[Path, Path]:
        """A self-signed ECDSA P-256 certificate for 127.0.0.1 and its key, PEM."""
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        if not (certificate.exists() and key.exists()):
            self.need({"openssl": "openssl"})
            names = "subjectAltName=DNS:localhost," + ",".join(
                f"IP:127.0.0.{host}" for host in range(1, MAXIMUM_ADDRESSES + 1)
            )
            _run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-days", "3650", "-subj", "/CN=localhost", "-addext", names,
                 "-keyout", str(key), "-out", str(certificate)]
            )  # fmt: skip
        return certificate, key

    def _generate(self, program: Program, folder: Path) -> list[str]:
        """Runs the schema's compiler; returns the C++ files that it wrote."""
        if program.schema is None:
            return []
        schema = SOURCES / program.schema
        if schema.suffix == ".capnp":
            _run(["capnp", "compile", f"-oc++:{folder}", f"--src-prefix={schema.parent}",
                  str(schema)])  # fmt: skip
            return [str(folder / f"{schema.name}.c++")]
        plugin = shutil.which("grpc_cpp_plugin")
        _run(["protoc", f"--proto_path={schema.parent}", f"--cpp_out={folder}",
              f"--grpc_out={folder}", f"--plugin=protoc-gen-grpc={plugin}",
              str(schema)])  # fmt: skip
        return [str(folder / f"{schema.stem}{end}") for end in (".pb.cc", ".grpc.pb.cc")]

    @staticmethod
    def _digest(program: Program) -> str:
        """Changes with any file of the peer's folder or of `common`."""
        text = hashlib.sha256(repr(program).encode())
        for folder in ("common", program.sources[0].split("/")[0]):
            for path in sorted((SOURCES / folder).iterdir()):
                text.update(path.name.encode() + path.read_bytes())
        return text.hexdigest()


def _is_present(mark: str) -> bool:
    if mark.startswith("pkg-config:"):
        command = ["pkg-config", "--exists", mark.removeprefix("pkg-config:")]
        return bool(shutil.which("pkg-config")) and subprocess.run(command).returncode == 0
    return shutil.which(mark) is not None


def _install(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "-y", "install", *packages]):
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _run(command: list[str]) -> None:
    done = subprocess.run(["nice", *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"`{' '.join(command)}` failed:\n{done.stderr}")
