"""Builds a folder from which nbs installs where there is no network: wheels, their hashes, and what they are.

    python tools/wheelhouse.py wheels --python 3.11 --platform manylinux_2_17_x86_64
    pip install --no-index --find-links wheels --require-hashes -r wheels/requirements.txt

It needs pip, packaging, and a package index. pip reads the markers of a dependency (`python_version < "3.11"`) for the
Python that runs it, not for the one that is chosen: what is missing is found in the wheels themselves and fetched, and
what nothing needs is removed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OURS = "nbs-cli"
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")


@dataclass(frozen=True)
class Wheel:
    """A wheel in the folder: its file and its metadata."""

    path: Path
    metadata: Message

    @property
    def name(self) -> str:
        """Its name as the index writes it."""
        return canonicalize_name(self.metadata["Name"])

    @property
    def version(self) -> str:
        """Its version."""
        return str(self.metadata["Version"])

    @property
    def sha256(self) -> str:
        """The hash of its file, in hexadecimal."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"

    def needs(self, environment: dict[str, str]) -> Iterator[Requirement]:
        """What it requires in *environment* (the values of markers)."""
        for text in self.metadata.get_all("Requires-Dist", []):
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""}):
                yield requirement


def build(folder: Path, python: str, platforms: list[str]) -> list[Wheel]:
    """Fill *folder* for the Python *python* (`3.11`) on *platforms*; gives the wheels, nbs's own among them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    _pip("wheel", "--no-deps", "-w", str(folder), str(ROOT))
    environment = _environment(python, platforms[0])
    wanted: set[str] = set()
    while missing := _missing(folder, environment):
        if missing <= wanted:
            sys.exit(f"no wheels for {python} on {', '.join(platforms)}: {', '.join(sorted(missing))}")
        wanted |= missing
        _fetch(folder, sorted(wanted), python, platforms)
    return _pruned(folder, environment)


def _pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *words], check=True)  # noqa: S603 pip, with our own words


def _fetch(folder: Path, requirements: list[str], python: str, platforms: list[str]) -> None:
    """Have pip choose the newest wheels that go together."""
    chosen = [word for platform in platforms for word in ("--platform", platform)]
    only = ("--only-binary", ":all:", "--implementation", "cp", "--python-version", python)
    _pip("download", "--dest", str(folder), *only, *chosen, *requirements)


def _environment(python: str, platform: str) -> dict[str, str]:
    """The values of markers on the machine that is chosen."""
    system = {"win": ("win32", "Windows", "nt"), "mac": ("darwin", "Darwin", "posix")}
    sys_platform, platform_system, os_name = system.get(platform[:3], ("linux", "Linux", "posix"))
    machine = platform.partition("_")[2].split("_", 2)[-1] if platform.startswith("manylinux_") else platform
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "os_name": os_name,
        "platform_machine": machine.removeprefix("manylinux2014_"),
    }


def _wheels(folder: Path) -> dict[str, Wheel]:
    """The wheels in *folder* by name; of two versions the one that pip fetched last."""
    found = {}
    for path in sorted(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns):
        with zipfile.ZipFile(path) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            wheel = Wheel(path, message_from_bytes(archive.read(name)))
        found[wheel.name] = wheel
    return found


def _reached(wheels: dict[str, Wheel], environment: dict[str, str]) -> dict[str, list[Requirement]]:
    """What nbs needs, and what that needs, by name: the requirements that lead to it."""
    reached: dict[str, list[Requirement]] = {OURS: []}
    waiting = [OURS]
    while waiting:
        wheel = wheels.get(waiting.pop())
        for requirement in wheel.needs(environment) if wheel is not None else ():
            name = canonicalize_name(requirement.name)
            if name not in reached:
                waiting.append(name)
            reached.setdefault(name, []).append(requirement)
    return reached


def _missing(folder: Path, environment: dict[str, str]) -> set[str]:
    """The requirements without markers of what is needed and has no wheel, or all where any is missing."""
    wheels = _wheels(folder)
    reached = _reached(wheels, environment)
    if all(name in wheels for name in reached):
        return set()
    return {
        f"{one.name}{one.specifier}"
        for name, led in reached.items()
        for one in led
        if name not in wheels or one.specifier
    }


def _pruned(folder: Path, environment: dict[str, str]) -> list[Wheel]:
    """The wheels that are needed, sorted by name; the others are removed."""
    wheels = _wheels(folder)
    kept = [wheels[name] for name in sorted(_reached(wheels, environment))]
    for path in set(folder.glob("*.whl")) - {wheel.path for wheel in kept}:
        path.unlink()
    return kept


def requirements(wheels: list[Wheel]) -> str:
    """A requirements file that pins every wheel with its hash."""
    return "".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)


def sbom(wheels: list[Wheel], environment: dict[str, str]) -> dict[str, Any]:
    """What is in the folder, as CycloneDX 1.6; the same wheels give the same text."""
    known = {wheel.name: wheel for wheel in wheels}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, "".join(wheel.sha256 for wheel in wheels))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {**_component(known[OURS]), "type": "application"}},
        "components": [_component(wheel) for wheel in wheels if wheel.name != OURS],
        "dependencies": [
            {
                "ref": wheel.purl,
                "dependsOn": sorted({known[canonicalize_name(one.name)].purl for one in wheel.needs(environment)}),
            }
            for wheel in wheels
        ],
    }


def _component(wheel: Wheel) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": wheel.purl,
        "name": wheel.name,
        "version": wheel.version,
        "purl": wheel.purl,
        "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
    }
    if expression := wheel.metadata["License-Expression"]:
        component["licenses"] = [{"expression": str(expression)}]
    elif (text := str(wheel.metadata["License"] or "").strip()) and "\n" not in text:
        component["licenses"] = [{"license": {"name": text}}]
    return component


def main(args: list[str]) -> int:
    """Build the folder that *args* ask for, and say how it is used."""
    parser = argparse.ArgumentParser(description="Build a folder from which nbs installs without a network.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}", metavar="X.Y")
    parser.add_argument("--platform", action="append", metavar="TAG", help=f"may be repeated; {', '.join(PLATFORMS)}")
    given = parser.parse_args(args)
    platforms = given.platform or list(PLATFORMS)
    wheels = build(given.folder, given.python, platforms)
    (given.folder / "requirements.txt").write_text(requirements(wheels), encoding="utf-8")
    bill = json.dumps(sbom(wheels, _environment(given.python, platforms[0])), indent=1, ensure_ascii=False)
    (given.folder / "sbom.cdx.json").write_text(bill + "\n", encoding="utf-8")
    install = f"pip install --no-index --find-links {given.folder} --require-hashes -r {given.folder}/requirements.txt"
    sys.stdout.write(f"{len(wheels)} wheels for Python {given.python}; where there is no network:\n{install}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
