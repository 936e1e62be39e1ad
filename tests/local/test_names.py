"""What completion remembers: of lists, creates and deletes, apart for each profile, tenant and region, harmless."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.completion import answer, table
from nbs_cli.local.names import MOST, Known, known, place, remember, remembered
from tests.accounts import log_in
from tests.conftest import Ran, Served

Nbs = Callable[..., Ran]


def offered(*words: str) -> list[str]:
    """The words that may stand in place of the last of *words*."""
    return [one.value for one in answer([*words], table()).candidates if one.value.startswith(words[-1])]


@pytest.fixture
def here(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A cloud that the environment leads to, in this process and for a TAB alike."""
    for name, value in served.environ.items():
        monkeypatch.setenv(name, value)
    return served


def test_a_list_is_remembered(here: Served, nbs: Nbs) -> None:
    """After a list a TAB knows the names, and makes no request; an ID is offered to who types one."""
    nbs("volume", "create", "--size", "1", "--name", "data-1")
    nbs("volume", "create", "--size", "1", "--name", "data-2")
    (first, second) = nbs("volume", "list", "-q", "--sort", "name:asc").out.split()
    here.calls.clear()

    for words in (["volume", "show"], ["volume", "delete"], ["snapshot", "create"], ["vol", "rm", "-y"]):
        assert sorted(offered(*words, "da")) == ["data-1", "data-2"], words
    assert offered("volume", "show", "data-1", "da") == ["data-2"]
    assert offered("volume", "show", first[:8]) == [first]
    assert offered("volume", "show", second) == [second]
    assert here.calls == []


def test_every_kind(here: Served, nbs: Nbs) -> None:
    """Snapshots, types and zones are remembered too, beside the words that are known beforehand."""
    nbs("volume", "create", "--size", "1", "--name", "v", "--zone", "kr-pub-b", "--wait")
    nbs("snapshot", "create", "v", "--name", "before")
    for noun in ("volume", "snapshot", "types"):
        assert nbs(noun, "list").code == 0

    assert offered("snapshot", "delete", "be") == ["before"]
    assert offered("volume", "create", "--snapshot", "be") == ["before"]
    assert sorted(offered("volume", "create", "--type=Gen")) == ["--type=General HDD", "--type=General SSD"]
    assert sorted(offered("types", "show", "")) == ["General HDD", "General SSD", "hdd", "ssd"]
    assert offered("volume", "create", "--zone", "")[0] == "kr-pub-b"


def test_creates_and_deletes_are_remembered(here: Served, nbs: Nbs) -> None:
    """What was made is offered at once, and what was deleted no more."""
    nbs("volume", "create", "--size", "1", "--name", "x", "--count", "2", "--wait")
    assert sorted(offered("volume", "show", "")) == ["x-1", "x-2"]
    nbs("volume", "delete", "x-1", "--yes")
    assert offered("volume", "show", "") == ["x-2"]


def test_part_of_a_list_is_not_remembered(here: Served, nbs: Nbs) -> None:
    """A list that was cut short leaves what is known as it is."""
    nbs("volume", "create", "--size", "1", "--name", "x", "--count", "3")
    nbs("volume", "list", "--limit", "1")
    assert len(offered("volume", "show", "")) == 3


def test_region_and_profile_keep_apart(here: Served, nbs: Nbs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of one region, profile or tenant are not offered in another; options on the line count, in every way."""
    nbs("volume", "create", "--size", "1", "--name", "in-kr1")
    nbs("volume", "create", "--size", "1", "--name", "in-kr2", "--region", "KR2")

    assert offered("volume", "show", "in") == ["in-kr1"]
    for words in (["--region", "KR2"], ["--region=kr2"], ["--region", "KR1", "--region", "KR2"]):
        assert offered(*words, "volume", "show", "in") == ["in-kr2"], words
        assert offered("volume", "show", *words, "in") == ["in-kr2"], words
    assert offered("-p", "sandbox", "volume", "show", "in") == []
    assert nbs("-p", "sandbox", "volume", "create", "--size", "1", "--name", "in-box").code == 0
    for words in (["-p", "sandbox"], ["-psandbox"], ["--profile=sandbox"], ["-qpsandbox"], ["-qp", "sandbox"]):
        assert offered(*words, "volume", "show", "in") == ["in-box"], words
    monkeypatch.setenv("NBS_TENANT_ID", "another")
    assert offered("volume", "show", "in") == []


def test_the_profile_in_use(served: Served, nbs: Nbs) -> None:
    """Without a word on the line or in the environment the names are those of the profile in use."""
    log_in(nbs, served)
    nbs("volume", "create", "--size", "1", "--name", "mine")

    assert offered("volume", "show", "") == ["mine"]
    assert offered("-p", "default", "volume", "show", "") == ["mine"]
    assert offered("-p", "sandbox", "volume", "show", "") == []


HOSTILE = {
    "$(touch y)": "$(touch y)",
    "-rf": "name:-rf",
    "id:x": "name:id:x",
    "name:x": "name:name:x",
    "a b": "a b",
    "new\nline": None,
    "esc\x1b]0;x\x07": None,
    "": None,
}


def test_hostile_names(tmp_path: Path, here: Served) -> None:
    """A name is offered so that nbs reads it as one, or else its ID; what is beside it is shown, not obeyed."""
    rows = [Known(f"00000000-0000-4000-8000-{n:012}", name, "a\x1bb") for n, name in enumerate(HOSTILE)]
    remember(place("volume", None, os.environ["NBS_TENANT_ID"], "KR1"), rows)

    found = answer(["volume", "show", ""], table()).candidates

    assert [one.value for one in found] == [ref or row.id for row, ref in zip(rows, HOSTILE.values(), strict=True)]
    assert all(one.label.isprintable() and one.help.isprintable() for one in found)


def test_two_of_a_name_are_offered_by_their_ids(here: Served) -> None:
    """A name that two bear means neither."""
    rows = [Known(f"00000000-0000-4000-8000-{n:012}", "twin", "available") for n in range(2)]
    remember(place("volume", None, os.environ["NBS_TENANT_ID"], "KR1"), rows)
    assert offered("volume", "show", "") == [row.id for row in rows]


@pytest.mark.parametrize("text", ["", "{", "[[1,2]]", "[7]", "null", "[" * 5000, '[["a"]]', '["abcdefgh"]', "\udcff"])
def test_what_is_broken_is_not_there(here: Served, text: str) -> None:
    """A cache that was cut, or is none, offers nothing and says nothing."""
    path = place("volume", None, os.environ["NBS_TENANT_ID"], "KR1")
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert offered("volume", "show", "") == []


def test_a_cache_that_cannot_be_written_is_silent(here: Served, nbs: Nbs, home: Path) -> None:
    """A list goes well where the cache's folder is a file, and nobody is told."""
    (home / ".cache").write_text("")
    ran = nbs("volume", "list", "-o", "json")
    assert (ran.code, ran.out, ran.err) == (0, "[]\n", "")


def test_private_bounded_and_written_once(here: Served, home: Path) -> None:
    """0600 in 0700, a page of rows at most, long values cut; the same again is not written again."""
    path = place("volume", "p", "t", "KR1")
    assert path is not None
    rows = [known({"id": str(n), "name": "x" * 9000, "status": None, "size": 1}) for n in range(MOST + 5)]
    remember(path, rows)

    assert path.is_relative_to(home / ".cache" / "nbs")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(remembered(path)) == MOST
    assert max(len(row[1]) for row in json.loads(path.read_text())) == 255
    before = path.stat().st_ino
    remember(path, rows)
    assert path.stat().st_ino == before


def test_every_key_has_a_file_of_its_own(home: Path) -> None:
    """No profile, tenant or region can stand for another, or lead out of the folder."""
    keys = [("a", "b", "c"), ("a.b", "", "c"), ("a", "b.c", ""), ("../x", "b", "c"), ("a%2e%b", "", "c"), ("", "", "")]
    paths = [place("volume", *key) for key in keys]
    assert len(set(paths)) == len(keys)
    assert {path.parent for path in paths if path} == {home / ".cache" / "nbs" / "names"}
    assert place("volume", "x" * 300, "", "") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_tab_ends_in_its_time(installed: Nbs, home: Path) -> None:
    """A file that never answers ends the TAB after its second, without a word."""
    os.mkfifo(home / "pipe")
    ran = installed("__complete", "words", "+-p", "+", env={"NBS_CONFIG_FILE": str(home / "pipe")}, timeout=20)
    assert (ran.code, ran.out, ran.err) == (1, "", "")
