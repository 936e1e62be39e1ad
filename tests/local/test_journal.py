"""The request journal: on the disk, private, one at a time, never lost by accident, never kept for ever."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.errors import Failure, Unavailable
from nbs_cli.local.journal import KEPT, Entry, Journal, Place, Sheet, sheets, sweep

PLACE = Place("nbs -p prod", "the profile prod", "t1", "https://kr1.example/v2/t1", "prod", "KR1")
OPEN = Entry("k", "volume", {"size": 1, "name": "데이터"}, PLACE, 1_772_409_600.0, "Mon, 02 Mar 2026 00:00:00 GMT")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the journal lies; not made yet."""
    return tmp_path / "state" / "requests"


@pytest.fixture
def journal(folder: Path) -> Journal:
    """The journal of one place."""
    return Journal(lambda: folder, PLACE)


def never() -> None:
    """Nobody else is at work."""
    raise AssertionError


def test_an_entry_is_read_back_as_it_was_kept(journal: Journal, folder: Path) -> None:
    """Open, then confirmed with the ID; private from birth, alone in its folder but for its lock."""
    with journal.alone("volume", "k", 1, never) as sheet:
        assert sheet.read() is None
        sheet.keep(OPEN)
        kept = sheet.read()
        assert kept == OPEN
        assert kept.state == "sent"
        sheet.confirm(OPEN, "id-1", echoed=True)
        confirmed = sheet.read()
        assert confirmed is not None
        assert (confirmed.state, confirmed.id, confirmed.echoed) == ("confirmed", "id-1", True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".lock"]


@settings(database=None, deadline=None, max_examples=100)
@given(key=st.text(max_size=50) | st.sampled_from(["../../x", "/etc/passwd", "a/b", "..", "\0", "x" * 5000, "\ud800"]))
def test_a_key_never_becomes_a_path(key: str) -> None:
    """Whatever it holds, the file lies in the folder and has a short plain name."""
    sheet = Journal(lambda: Path("/nowhere"), PLACE).sheet("volume", key)
    assert sheet.path.parent == Path("/nowhere")
    assert sheet.path.name.removeprefix("volume-").removesuffix(".json").isalnum()
    assert len(sheet.path.name) < 60


def test_keys_of_other_places_and_nouns_do_not_meet(folder: Path) -> None:
    """A job may use one key for its snapshot and its volume, in two regions."""
    other = Place("nbs", "another", "t1", "https://kr2.example/v2/t1")
    paths = {Journal(lambda: folder, place).sheet(noun, "k").path for place in (PLACE, other) for noun in ("a", "b")}
    assert len(paths) == 4


def test_what_was_not_sent_is_as_it_was_before(journal: Journal) -> None:
    """Nothing, or the older request that may still be open."""
    sheet = journal.sheet("volume", "k")
    sheet.keep(OPEN)
    sheet.restore(None)
    assert sheet.read() is None
    sheet.restore(OPEN)
    assert sheet.read() == OPEN


def test_a_random_key_is_forgotten_with_its_lock(journal: Journal, folder: Path) -> None:
    """Nothing is left of what is known."""
    with journal.alone("volume", "k", 1, never) as sheet:
        sheet.keep(OPEN)
    journal.forget("volume", "k")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"place": {}}', '{"place": null, "key": "k"}'])
def test_a_record_that_is_none_is_a_failure(journal: Journal, folder: Path, text: str) -> None:
    """Somebody edited it: nothing is guessed, and nothing is sent by it."""
    sheet = journal.sheet("volume", "k")
    folder.mkdir(parents=True)
    sheet.path.write_text(text)
    with pytest.raises(Failure, match="no record of a request"):
        sheet.read()


def test_what_a_later_nbs_adds_does_no_harm(journal: Journal) -> None:
    """Unknown names in a record are passed over."""
    sheet = journal.sheet("volume", "k")
    sheet.keep(OPEN)
    sheet.path.write_text(sheet.path.read_text().replace('"key"', '"later": 1, "key"', 1))
    assert sheet.read() == OPEN


def test_after_thirty_days_it_is_dropped(journal: Journal, folder: Path) -> None:
    """Entries, locks and what killed writers left behind; younger ones stay."""
    young, old = journal.sheet("volume", "young"), journal.sheet("volume", "old")
    for sheet in (young, old):
        sheet.keep(OPEN)
        sheet.lock.touch()
    (folder / ".left.tmp").touch()
    for path in (old.path, old.lock, folder / ".left.tmp"):
        os.utime(path, (time.time() - KEPT - 60,) * 2)
    os.utime(young.path, (time.time() - KEPT + 60,) * 2)
    Journal(lambda: folder, PLACE).sheet("volume", "k")
    assert sorted(folder.iterdir()) == sorted([young.path, young.lock])
    sweep(folder / "none")


@pytest.mark.parametrize("obstacle", ["file", "read-only"])
def test_where_nothing_can_be_written_nothing_may_be_sent(tmp_path: Path, obstacle: str) -> None:
    """The reason is told, and the variable that names another folder."""
    place = Path("/proc/nbs/requests")
    if obstacle == "file":
        (tmp_path / "state").touch()
        place = tmp_path / "state" / "requests"
    journal = Journal(lambda: place, PLACE)
    with pytest.raises(Failure, match="not sent") as told, journal.alone("volume", "k", 1, never):
        pass
    assert "XDG_STATE_HOME" in str(told.value.hint)
    with pytest.raises(Failure, match="not sent"):
        journal.sheet("volume", "k").keep(OPEN)


HOLDER = """
import sys, time
from pathlib import Path
from nbs_cli.local.files import locked
with locked(Path(sys.argv[1]), 5) as held:
    print(held, flush=True)
    time.sleep(60)
"""


def held(lock: Path) -> subprocess.Popen[str]:
    """Another process that holds *lock*."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_one_process_at_a_time_holds_a_key(journal: Journal) -> None:
    """The other one is told that it waits, at most so long; who is killed frees the key at once."""
    sheet = journal.sheet("volume", "k")
    told: list[str] = []
    with held(sheet.lock) as other:
        assert sheet.busy
        with (
            pytest.raises(Unavailable, match="still at work"),
            journal.alone("volume", "k", 0.2, lambda: told.append("")),
        ):
            pass
        assert told == [""]
        with journal.alone("volume", "another", 1, never):
            pass
        other.send_signal(signal.SIGKILL)
        with journal.alone("volume", "k", 5, lambda: None):
            pass
        other.communicate()
    assert not Sheet(sheet.path).busy
    assert not Sheet(sheet.path.with_name("none.json")).busy


def test_all_places_are_listed_together(folder: Path, journal: Journal) -> None:
    """For the doctor; locks are none of them."""
    assert sheets(folder) == []
    with journal.alone("volume", "a", 1, never) as one:
        one.keep(OPEN)
    other = Journal(lambda: folder, Place("nbs", "another", "t", "https://other.example")).sheet("snapshot", "b")
    other.keep(OPEN)
    assert {sheet.path for sheet in sheets(folder)} == {one.path, other.path}
