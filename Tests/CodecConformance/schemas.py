"""Runs the protoc plugin on every schema in protobuf's sources.

Of a proto3 schema the Swift must compile, together with that of all that it imports. A schema that
is not proto3, or that has fields of one that is not, must be refused, and the reason given.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterable

from google.protobuf import descriptor_pb2

REFUSAL = "reads proto3 only"


class Refused(Exception):
    """The plugin wrote no code; what it said."""


def needs_proto2(files: Iterable[descriptor_pb2.FileDescriptorProto]) -> bool:
    """Whether a message or method of the proto3 files among these has a type of another syntax."""
    foreign = tuple(
        f".{file.package}.{message.name}" if file.package else f".{message.name}"
        for file in files if file.syntax != "proto3" for message in file.message_type)

    def is_foreign(name: str) -> bool:
        return any(name == outer or name.startswith(outer + ".") for outer in foreign)

    def uses(message: descriptor_pb2.DescriptorProto) -> bool:
        return any(is_foreign(field.type_name) for field in message.field) or any(
            uses(nested) for nested in message.nested_type)

    own = [file for file in files if file.syntax == "proto3"]
    return any(uses(message) for file in own for message in file.message_type) or any(
        is_foreign(method.input_type) or is_foreign(method.output_type)
        for file in own for service in file.service for method in service.method)


class Checker:
    """Knows the tools and where protobuf's own schemas are."""

    def __init__(self, source: Path, plugin: Path, modules: Path) -> None:
        self.source = source
        self.plugin = plugin
        self.modules = modules

    def roots(self, file: Path) -> list[Path]:
        """Folders that the schema's imports may be relative to, from the top downwards."""
        return [folder for folder in reversed(file.parents) if self.source in folder.parents]

    def describe(
        self, file: Path, output: Path
    ) -> tuple[Path, descriptor_pb2.FileDescriptorSet] | None:
        """The schema's root, and all that it imports with the schema itself last."""
        for root in [self.source, *self.roots(file)]:
            include = [f"-I{root}"] + ([f"-I{self.source / 'src'}"] if root != self.source else [])
            done = subprocess.run(
                ["protoc", *include, "--include_imports", f"--descriptor_set_out={output}",
                 str(file)], capture_output=True, check=False)
            if done.returncode == 0:
                return root, descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
        return None

    def generate(self, root: Path, files: list[str], output: Path) -> list[Path]:
        """The Swift of the files."""
        done = subprocess.run(
            ["protoc", f"-I{root}", f"-I{self.source / 'src'}",
             f"--plugin=protoc-gen-assay-swift={self.plugin}", f"--assay-swift_out={output}",
             *files], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        return sorted(output.rglob("*.swift"))

    def compile(self, files: list[Path]) -> str:
        """The compiler's complaints."""
        done = subprocess.run(
            ["swiftc", "-typecheck", "-swift-version", "6", "-warnings-as-errors",
             "-enable-upcoming-feature", "ExistentialAny", "-module-name", "Schemas", "-I",
             str(self.modules), *map(str, files)], capture_output=True, text=True, check=False)
        return "\n".join(line for line in done.stderr.splitlines() if ": error: " in line)

    def check(self, file: Path) -> str:
        """What became of it: "compiles", "refused", or "skipped" where protoc does not read it."""
        with tempfile.TemporaryDirectory() as folder:
            found = self.describe(file, Path(folder, "set"))
            if found is None:
                return "skipped"
            root, described = found[0], found[1].file
            is_proto3 = described[-1].syntax == "proto3"
            names = [entry.name for entry in described if entry.syntax == "proto3"]
            try:
                swift = self.generate(root, names if is_proto3 else [described[-1].name],
                                      Path(folder))
            except Refused as refusal:
                if REFUSAL in str(refusal) and (not is_proto3 or needs_proto2(described)):
                    return "refused"
                sys.exit(f"{file}: refused for another reason than proto2: {refusal}")
            if not is_proto3 or needs_proto2(described):
                sys.exit(f"{file} is not proto3 throughout and was not refused")
            complaints = self.compile(swift)
            if complaints:
                sys.exit(f"the Swift of {file} does not compile:\n{complaints[:2000]}")
            return "compiles"


# Names of files that fall together, or are none in Swift; CR LF at the ends of commented lines.
ODD_FILES = ["1.proto", "a b-c.proto", "a/b.proto", "a_b.proto", "x/same.proto", "y/Same.proto",
             "x/y/same.proto", "\u00e9.proto", "plain", "assay/plain.proto"]


def check_odd_files(checker: Checker) -> None:
    """Schemas whose file names are odd, each a package of its own, become one Swift module."""
    with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as output:
        for number, name in enumerate(ODD_FILES):
            path = Path(source, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                b'syntax = "proto3";\r\npackage p%d;\r\n'
                b"// One line,\r\n// another */ and \"\"\" a third.\r\n"
                b"message M { int32 a = 1; }\r\n" % number)
        complaints = checker.compile(checker.generate(Path(source), ODD_FILES, Path(output)))
        if complaints:
            sys.exit(f"the Swift of oddly named files does not compile:\n{complaints[:2000]}")


def main() -> None:
    """Checks all schemas and counts them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="protobuf's sources")
    parser.add_argument("--plugin", type=Path, required=True)
    parser.add_argument("--modules", type=Path, required=True, help="folder of Swift's modules")
    arguments = parser.parse_args()
    checker = Checker(arguments.source, arguments.plugin, arguments.modules)
    check_odd_files(checker)
    results: dict[str, list[Path]] = {}
    for file in sorted(arguments.source.rglob("*.proto")):
        results.setdefault(checker.check(file), []).append(file)
    counts = {result: len(files) for result, files in results.items()}
    print(f"schemas of protobuf: {counts.get('compiles', 0)} proto3 schemas compile, "
          f"{counts.get('refused', 0)} that need proto2 are refused, "
          f"{counts.get('skipped', 0)} are ones that protoc does not read")
    for file in results.get("skipped", []):
        print(f"  not read: {file.relative_to(arguments.source)}")
    if not counts.get("compiles"):
        sys.exit("no schema was found")


if __name__ == "__main__":
    main()
