"""Hints: every command in one can be run as it stands, and what is misspelt gets the nearest that there is."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.accounts import config_path
from tests.conftest import Ran, Served
from tests.test_house import TREES

_COMMAND = re.compile(r"`nbs ([^`]+)`")
_PLACES = {
    "command": ("volume", "snapshot"),
    "kind": ("volume", "snapshot"),
    "goal": ("gone",),
    "path": ("",),
}  # what a place may hold; else a word


def texts() -> Iterator[str]:
    """Every text that is for people, as it stands in the code."""
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "plural"}:
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value


def commands() -> Iterator[str]:
    """Every command line of ours in those texts, its places filled."""
    for text in texts():
        for line in _COMMAND.findall(text):
            names = re.findall(r"\{(\w+)\}", line)
            values = _PLACES.get(names[0], ("word",)) if names else ("",)
            for value in values:
                filled = line.replace("login{name}", "login -p prod")  # the option with its value, or nothing
                filled = filled.replace("COMMAND", "volume list")
                filled = filled.replace(f"{{{names[0]}}}", value) if names else filled
                yield re.sub(r"\{(\w+)\}", lambda found: _PLACES.get(found[1], ("word",))[0], filled)


COMMANDS = sorted(set(commands()))


def test_there_are_hints() -> None:
    """The search finds what is known to be there."""
    assert {"auth login", "volume list --unattached --status available", "snapshot delete word"} <= set(COMMANDS)
    assert len(COMMANDS) > 25


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_in_a_hint_can_be_run(nbs: Callable[..., Ran], line: str) -> None:
    """Its words lead to a command that exists, and its options are that command's: its help page is shown."""
    words = shlex.split(line.partition(" < ")[0])
    if len(words) > 1 and words[-1].startswith("--"):  # an option that is spoken of may want a value
        assert 0 in {nbs(*words, "--help").code, nbs(*words, "word", "--help").code}
        return
    ran = nbs(*words, "--help")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Usage: nbs")


@pytest.mark.parametrize(
    ("typed", "nearest", "code"),
    [
        ("volum list", "did you mean `nbs volume`?", 2),
        ("volume lst", "did you mean `nbs volume list`?", 2),
        ("snapshot prun", "did you mean `nbs snapshot prune`?", 2),
        ("sandbox fault ad", "did you mean `nbs sandbox fault add`?", 2),
        ("usgae", "did you mean `nbs usage`?", 2),
        ("volume list --statuss available", "did you mean --status?", 2),
        ("volume create --sise 10", "did you mean --size?", 2),
        ("volume delete a --with-snapshot", "did you mean --with-snapshots?", 2),
        ("volume list --outptu json", "did you mean --output?", 2),
        ("volume list -c id,nmae", "did you mean name?", 2),
        ("volume list -c +Creatd", "did you mean created?", 2),
        ("usage -c by_tpye", "did you mean by_type?", 2),
        ("volume list --sort sise", "did you mean size?", 2),
        ("volume list -o jsn", "did you mean json?", 2),
        ("volume wait a --for avialable", "did you mean available?", 2),
        ("snapshot wait a --for Gone", "did you mean gone?", 2),
        ("volume list --status inuse", "did you mean in-use?", 0),
        ("snapshot list --status availble", "did you mean available?", 0),
        ("volume list -p prd", "did you mean prod?", 3),
        ("volume list -p sandbx", "did you mean sandbox?", 3),
        ("profile set regoin KR1 -p prod", "did you mean region?", 2),
        ("completion bsh", "did you mean bash?", 2),
        ("auth login --realm gvo", "did you mean gov?", 2),
        ("auth login --realm government", "did you mean gov?", 2),
        ("volume list --color alwyas", "did you mean always?", 2),
        ("help exit", "did you mean exit-codes?", 3),
        ("schema volum", "did you mean volume?", 3),
        ("sandbox fault add resett", "did you mean reset?", 2),
        ("volume list --region kr11", "did you mean KR1? the regions are KR1, KR2", 3),
        ("volume list --region KR3", "hint: the regions are KR1, KR2", 3),
        ("volume list --type sdd", "no volume has the type 'sdd': there are General HDD", 0),
        ("volume list --type general", "did you mean General", 0),
        ("volume list --zone kr-bup-a", "did you mean kr-pub-a?", 0),
        ("volume create --size 1 --type 'generl hdd'", "did you mean General HDD? the types are", 3),
        ("volume create --size 1 --type 'General SDD'", "hint: the types are General SSD, General HDD", 3),
        ("volume create --size 1 --zone kr-bup-a", "did you mean kr-pub-a? leave `--zone` out", 3),
        ("volume show 데이타", "did you mean 데이터? `nbs volume list` shows what there is", 3),
        ("snapshot show nightyl-1", "did you mean nightly-1?", 3),
        ("volume show 'something else'", "hint: `nbs volume list` shows what there is", 3),
    ],
)
def test_what_is_misspelt_gets_the_nearest(
    nbs: Callable[..., Ran], serve: Callable[..., Served], home: Path, typed: str, nearest: str, code: int
) -> None:
    """Whatever may be misspelt: nothing is asked of the server but for what only it knows."""
    served = serve(delay=0.0)
    config_path(home).parent.mkdir(parents=True)
    config_path(home).write_text('[profiles.prod]\nrealm = "gov"\nstore = "file"\n', encoding="utf-8")
    volume = nbs("volume", "create", "--size", "1", "--name", "데이터", "--wait", "-q", env=served.environ).out.strip()
    nbs("snapshot", "create", volume, "--name", "nightly-1", "--wait", "-q", env=served.environ)
    nbs("volume", "list", env=served.environ)
    served.calls.clear()
    ran = nbs(*shlex.split(typed), env=served.environ)
    assert nearest in ran.err
    assert ran.code == code
    assert served.calls == [] or code in {0, 3}


def test_next_steps_are_for_terminals(nbs: Callable[..., Ran], served: Served) -> None:
    """A pipe gets what was done and no advice."""
    ran = nbs("volume", "create", "--size", "1", "-o", "json", env=served.environ)
    assert ran.code == 0
    assert "hint:" not in ran.err
    assert "hint:" not in nbs("usage", env=served.environ).err
