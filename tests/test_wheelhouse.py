"""An installation without a network: the folder, its hashes, its bill of materials, and the command that it gives."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools/wheelhouse.py"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
pytestmark = pytest.mark.index


def built(folder: Path, *words: str) -> str:
    """Run the documented command with the machine's own pip settings; gives what it said."""
    done = subprocess.run([sys.executable, str(TOOL), str(folder), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the Python that runs this."""
    folder = tmp_path_factory.mktemp("air") / "wheels"
    built(folder, "--python", HERE)
    return folder


def without_network(*words: str, home: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run *words* in a network namespace that has not even loopback up, with no settings of pip's."""
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(["unshare", "-n", *words], env=env, cwd=cwd, capture_output=True, text=True, check=False)


needs_root = pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="a network namespace needs unshare and root"
)


@needs_root
def test_it_installs_without_a_network(wheels: Path, tmp_path: Path) -> None:
    """Into a fresh virtualenv, by the documented command, with no route anywhere; the sandbox works from there."""
    probe = "import socket; socket.create_connection(('192.0.2.1', 443), 3)"
    assert "unreachable" in without_network(sys.executable, "-c", probe, home=tmp_path, cwd=tmp_path).stderr
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv/bin/pip"), "install", "--no-index", "--find-links", "wheels", "--require-hashes"]
    done = without_network(*pip, "-r", "wheels/requirements.txt", home=tmp_path, cwd=wheels.parent)
    assert done.returncode == 0, done.stderr
    nbs = str(tmp_path / "venv/bin/nbs")
    words = ["-p", "sandbox", "volume", "create", "--size", "3", "--name", "web", "--wait", "--query", "size"]
    ran = without_network(nbs, *words, home=tmp_path, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "3\n"), ran.stderr
    for path in ("share/man/man1/nbs.1", "share/man/man7/nbs-help-air-gap.7"):
        assert (tmp_path / "venv" / path).is_file()


@needs_root
def test_a_changed_wheel_is_refused(wheels: Path, tmp_path: Path) -> None:
    """One byte more in a wheel, and nothing is installed."""
    other = shutil.copytree(wheels, tmp_path / "wheels")
    with next(other.glob("jmespath-*.whl")).open("ab") as file:
        file.write(b"x")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv/bin/pip"), "install", "--no-index", "--find-links", "wheels", "--require-hashes"]
    done = without_network(*pip, "-r", "wheels/requirements.txt", home=tmp_path, cwd=tmp_path)
    assert done.returncode != 0
    assert "DO NOT MATCH" in done.stderr
    assert not (tmp_path / "venv/bin/nbs").exists()


def test_the_bill_names_every_wheel(wheels: Path) -> None:
    """CycloneDX 1.6: each wheel with its hash, every dependency one of them, nbs at the root; nothing left over."""
    bill: dict[str, Any] = json.loads((wheels / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    root = bill["metadata"]["component"]
    assert (root["name"], root["type"]) == ("nbs-cli", "application")
    parts = [root, *bill["components"]]
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels.glob("*.whl")}
    assert {part["hashes"][0]["content"] for part in parts} == hashes
    assert len(parts) == len(hashes)
    refs = {part["bom-ref"] for part in parts}
    assert {entry["ref"] for entry in bill["dependencies"]} == refs
    led = {ref for entry in bill["dependencies"] for ref in entry["dependsOn"]}
    assert led == refs - {root["bom-ref"]}
    pins = (wheels / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert len(pins) == len(hashes)
    assert all(pin.rpartition("sha256:")[2] in hashes for pin in pins)


def test_another_python_gets_what_it_needs(tmp_path: Path) -> None:
    """For 3.10, whatever runs the tool: tomli is there, and compiled wheels are for it; a second run is the same."""
    folder = tmp_path / "wheels"
    said = built(folder, "--python", "3.10")
    names = [path.name for path in folder.glob("*.whl")]
    assert any(name.startswith("tomli-") for name in names)
    assert all("cp310" in name or "abi3" in name or "none-any" in name for name in names)
    assert f"{len(names)} wheels for Python 3.10" in said
    bill = (folder / "sbom.cdx.json").read_text(encoding="utf-8")
    built(folder, "--python", "3.10")
    again = (folder / "sbom.cdx.json").read_text(encoding="utf-8")
    assert json.loads(again)["components"] == json.loads(bill)["components"]


def test_what_has_no_wheels_is_told(tmp_path: Path) -> None:
    """A platform that nobody builds for: the command fails, and pip names what it did not find."""
    words = [sys.executable, str(TOOL), str(tmp_path / "wheels"), "--python", "3.11", "--platform", "atari_st"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "No matching distribution found" in done.stderr
