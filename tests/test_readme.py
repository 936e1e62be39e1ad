"""What the README says is so: its tables, its picture, its script."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.cloud.realms import REALMS
from nbs_cli.errors import ExitCode
from tests.conftest import NBS, Ran, Served
from tests.pictures import draw
from tests.readme import README, block, blocks

TEXT = README.read_text(encoding="utf-8")
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in (README.parent / "nbs_cli").rglob("*.py"))
NEEDS_JQ = pytest.mark.skipif(shutil.which("jq") is None, reason="the script pipes into jq, which is not installed")


def bash(script: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run *script* in bash, with the installed nbs first on the PATH."""
    path = f"{Path(NBS).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, **env, "PATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@NEEDS_JQ
def test_script_in_the_sandbox_profile() -> None:
    """The README's script runs unchanged in the sandbox profile: it lists two volumes and leaves nothing behind."""
    done = bash(block("script"), {"NBS_PROFILE": "sandbox"})

    assert done.returncode == 0, done.stderr
    assert re.search(r"demo-\d+-copy available 10 GB\n", done.stdout)
    assert re.search(r"demo-\d+ available 10 GB\n", done.stdout)
    assert bash("nbs volume list -q; nbs snapshot list -q", {"NBS_PROFILE": "sandbox"}).stdout == ""


@NEEDS_JQ
def test_script_over_http(served: Served) -> None:
    """The same script runs over HTTP with credentials from the environment."""
    done = bash(block("script"), served.environ)

    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"available 10 GB\n", done.stdout)) == 2
    assert [call.path.rpartition("/")[2] for call in served.asked("POST")] == [
        "volumes",
        "snapshots",
        "volumes",
        "action",
    ]


def test_serve_block() -> None:
    """The block that serves the sandbox does: its variables lead nbs there, and it ends when it is told to."""
    (serving,) = [text for _name, text in blocks() if "sandbox serve" in text]
    free = serving.replace("--port 8776", "--port 0").replace("nbs volume list", "nbs volume list; nbs auth token")

    done = bash(free + "wait $!", {})

    assert done.returncode == 0, done.stderr
    assert re.search(r"^ID +NAME +STATUS", done.stdout, re.MULTILINE)


def test_exit_codes() -> None:
    """The table of exit codes names every code there is, and no other."""
    table = TEXT[TEXT.index("## Exit codes") : TEXT.index("## Environment")]
    documented = {int(code) for cell in re.findall(r"^\| ([\d ]+) \|", table, re.MULTILINE) for code in cell.split()}

    assert documented == {int(code) for code in ExitCode}


def test_environment() -> None:
    """Every variable that the code reads is in the README, and every one in the README is read."""
    read = set(re.findall(r"\b(?:NBS|OS)_[A-Z_]+\b", SOURCE))
    documented = set(re.findall(r"\b(?:NBS|OS)_[A-Z_]+\b", TEXT))

    assert documented - read == set()
    assert read - documented == {"OS_CACERT"}


def test_realms() -> None:
    """The realms in the README are those in the code."""
    (row,) = re.findall(r"^\| `NBS_REALM` \| (.*) \|$", TEXT, re.MULTILINE)

    assert re.findall(r"`(\w+)`", row) == list(REALMS)


def test_house() -> None:
    """The README's picture of the house names every module, and none that is gone."""
    picture = TEXT[TEXT.index("nbs_cli/\n") : TEXT.index("tests/             mirrors")]
    drawn = set(re.findall(r"\b(\w+)\.py\b", picture.partition("sandbox/")[0]))
    built = {
        path.stem
        for path in (README.parent / "nbs_cli").rglob("*.py")
        if path.stem != "__init__" and "sandbox" not in path.parts[:-1][-1]
    }

    assert drawn - built == set()
    assert built - drawn == set()


@NEEDS_JQ
@pytest.mark.parametrize("picture", draw.PICTURES, ids=lambda picture: picture.file)
def test_picture_is_current(tmp_path: Path, home: Path, picture: draw.Picture) -> None:
    """The README's pictures show what the commands print today, IDs aside; both READMEs have them."""
    today = draw.of(picture, str(tmp_path))

    assert _without_ids(today) == _without_ids(picture.path.read_text(encoding="utf-8"))
    for readme in (README, README.with_name("README.ko.md")):
        assert f"(tests/pictures/{picture.file})" in readme.read_text(encoding="utf-8")


def _without_ids(svg: str) -> str:
    words = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", svg)
    lines = re.findall(r"<text[^>]*>([^<]*)</text>", words)
    return "\n".join(sorted(lines))


def test_commands_are_known(nbs: Callable[..., Ran]) -> None:
    """Every nbs command in a shell block of the README exists: each one's --help is there."""
    found = {
        words for _name, text in blocks() for words in re.findall(r"\bnbs((?: -p sandbox)?(?: [a-z][a-z-]+){2})", text)
    }
    assert len(found) >= 20
    assert [words for words in sorted(found) if nbs(*words.split(), "--help").code] == []


def test_readme_blocks_run_without_dependencies() -> None:
    """The gate can read the README before anything is installed."""
    script = README.parent / "tests" / "readme.py"
    done = subprocess.run([sys.executable, "-I", "-S", str(script), "test"], capture_output=True, text=True, check=True)

    assert "pytest" in done.stdout
