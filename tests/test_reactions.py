"""The shell function of `nbs help exit-codes`: it tries again what may pass, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.sandbox.trouble import fault
from nbs_cli.topics import FUNCTION, REACTIONS
from tests.conftest import NBS, Ran, Served
from tests.readme import README, block

DEFINITION = FUNCTION[: FUNCTION.index("\n}\n") + 3]


def run(served: Served, words: str, **environ: str) -> Ran:
    """Run *words* in a POSIX shell that knows the function, with the installed nbs and no pauses."""
    env = {**os.environ, **served.environ, "PAUSE": "0", "PATH": f"{Path(NBS).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-euc", f"{DEFINITION}{words}"], env={**env, **environ}, capture_output=True, text=True, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_what_the_help_shows_is_what_is_tested(nbs: Callable[..., Ran]) -> None:
    """The page holds the function as it stands here."""
    shown = nbs("help", "exit-codes").out
    assert all(f"  {line}\n" in shown for line in FUNCTION.splitlines())


def test_the_readme_shows_the_same_function() -> None:
    """The README's block is the function of the help, comments aside."""
    comment = re.compile(r" # .*$", re.MULTILINE)
    assert comment.sub("", block("persistently")) == comment.sub("", FUNCTION)


def test_the_readme_reacts_to_every_code() -> None:
    """The README's table of reactions has each code of the help once."""
    _before, _mark, table = README.read_text(encoding="utf-8").partition("| code | a script |\n")
    rows = re.findall(r"^\| ([\d ]+) \|", table.partition("\n\n")[0], re.MULTILINE)
    assert sorted(int(code) for row in rows for code in row.split()) == sorted(int(code) for code, _words in REACTIONS)


def test_a_service_that_is_away_for_a_while(fronted: Callable[..., Served]) -> None:
    """The first run meets 503 only and ends as 9; the second succeeds, and its output stands there once."""
    served = fronted(delay=0)
    served.cloud.order(fault("status", code=503, method="GET", path="*/types*", count=4))
    ran = run(served, "persistently types list -q")
    assert ran.code == 0, ran.err
    assert ran.err.count("nbs: ") == 1
    assert len(ran.out.splitlines()) == len(set(ran.out.splitlines())) > 0


def test_a_create_that_nobody_knows_of(fronted: Callable[..., Served]) -> None:
    """The POST is lost before it arrives (11); the same command looks, finds nothing, and makes it: one volume."""
    served = fronted(delay=0)
    served.cloud.order(fault("reset", when="before", method="POST", path="*/volumes", count=1))
    words = "persistently volume create --size 1 --name web --request-key job-1 --wait -q"
    ran = run(served, words, NBS_SETTLE="1s")
    assert ran.code == 0, ran.err
    assert "it is not known" in ran.err
    assert len(ran.out.splitlines()) == 1
    assert len(served.asked("POST")) == 1


@pytest.mark.parametrize(
    ("words", "code"), [("volume show none", 3), ("volume create --size 0", 2), ("volume create --size 2049", 6)]
)
def test_what_does_not_pass_is_told_at_once(served: Served, words: str, code: int) -> None:
    """One try, the command's own code, also under `set -e`."""
    ran = run(served, f"persistently {words}")
    assert ran.code == code
    assert ran.err.count("nbs: ") == 1


def test_it_gives_up(served: Served) -> None:
    """After five tries the last code is the function's own."""
    ran = run(served, "persistently types list", NBS_IDENTITY_URL="http://127.0.0.1:1", NBS_TIMEOUT="1s")
    assert ran.code == 9
    assert ran.err.count("nbs: ") == 5
