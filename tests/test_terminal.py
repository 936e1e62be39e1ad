"""The installed command on a real terminal of 80 by 24, as a person sees it, with Korean names."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pexpect
import pytest

from nbs_cli.output.text import width
from tests.conftest import NBS, Ran, Served

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NAME = "데이터베이스 디스크"


class Seen:
    """A command on a terminal: its keyboard, what is on the screen after all, its exit code."""

    def __init__(self, args: list[str], env: dict[str, str], columns: int = 80) -> None:
        self.columns = columns
        self.child = pexpect.spawn(
            NBS,
            args,
            env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **env},
            dimensions=(24, columns),
            encoding="utf-8",
            timeout=20,
        )

    def until(self, text: str) -> str:
        """Wait for *text* to appear; gives what came before it."""
        self.child.expect_exact(text)
        return str(self.child.before) + text

    def type(self, keys: str) -> None:
        """Press keys."""
        self.child.send(keys)

    def end(self) -> tuple[int, str]:
        """Wait for the end; the exit code, and the bytes that came since the last `until`."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        code = self.child.exitstatus
        assert code is not None, f"signal {self.child.signalstatus}"
        return int(code), str(self.child.before)


def screen(text: str, columns: int = 80) -> list[str]:
    """The rows that are on the screen after *text*: what a carriage return and an erased line do is done."""
    rows = [""]
    for piece in re.split(r"(\r\n|\r|\x1b\[2K|\n)", text):
        if piece in {"\r\n", "\n"}:
            rows.append("")
        elif piece == "\x1b[2K":
            rows[-1] = ""
        elif piece and piece != "\r":
            rows[-1] += ESCAPE.sub("", piece)
    assert all(width(row) <= columns for row in rows), rows
    return [row.rstrip() for row in (rows[:-1] if rows[-1] == "" else rows)]


@pytest.fixture
def person(served: Served) -> Iterator[Callable[..., Seen]]:
    """Type a command at a terminal: `person("volume", "list", columns=60)`."""
    typed: list[Seen] = []

    def at_terminal(*args: str, columns: int = 80, env: dict[str, str] | None = None) -> Seen:
        typed.append(Seen(list(args), {**served.environ, **(env or {})}, columns))
        return typed[-1]

    yield at_terminal
    for seen in typed:
        seen.child.close(force=True)


@pytest.fixture
def made(served: Served, nbs: Callable[..., Ran]) -> Callable[..., str]:
    """Make a volume that can be used; gives its ID."""

    def volume(name: str = NAME, size: int = 10) -> str:
        env = served.environ
        identifier = nbs("volume", "create", "--size", str(size), "--name", name, "-q", env=env).out.strip()
        served.cloud.advance(60)
        served.calls.clear()
        return identifier

    return volume


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_list_fits_and_keeps_its_ids(person: Callable[..., Seen], made: Callable[..., str], columns: int) -> None:
    """No row is wider than the terminal, every ID is whole, statuses are green."""
    ids = [made(name) for name in (NAME, "웹 서버의 아주아주 긴 이름을 가진 루트 디스크", "plain")]
    code, text = person("volume", "list", columns=columns).end()
    rows = screen(text, columns)
    assert code == 0
    assert [row.split()[0] for row in rows] == ["ID", *reversed(ids)]
    assert ("\x1b[32m" in text) == (columns > 60)  # on the narrowest there is no room for the status


def test_a_list_without_colours(person: Callable[..., Seen], made: Callable[..., str]) -> None:
    """`NO_COLOR` and `--color never` take every escape sequence away."""
    made()
    for seen in (person("volume", "list", env={"NO_COLOR": "1"}), person("volume", "list", "--color", "never")):
        assert "\x1b" not in seen.end()[1]


def test_an_empty_list_says_so_to_a_person(person: Callable[..., Seen], served: Served) -> None:
    """A person sees that there is nothing; the header alone could be a fault."""
    code, text = person("volume", "list").end()
    assert code == 0
    assert screen(text)[-1] == "there are no volumes"


def test_json_on_a_terminal_is_indented(person: Callable[..., Seen], made: Callable[..., str]) -> None:
    """People who ask for JSON can read it."""
    made()
    _code, text = person("volume", "show", NAME, "-o", "json").end()
    assert f'\r\n  "name": "{NAME}"' in text


def test_a_volume_is_shown_a_field_a_line(person: Callable[..., Seen], made: Callable[..., str]) -> None:
    """Labels on the left; long values go on below themselves, within the terminal's width."""
    identifier = made()
    code, text = person("volume", "show", NAME).end()
    rows = screen(text)
    assert code == 0
    assert rows[0].split() == ["id", identifier]
    assert rows[1].split(maxsplit=1) == ["name", NAME]
    links = next(number for number, row in enumerate(rows) if row.startswith("links"))
    assert all(row.startswith(" " * 39) for row in rows[links + 1 :])


def test_a_create_that_waits_has_a_live_line(person: Callable[..., Seen], served: Served) -> None:
    """While it waits one line lives; at the end it is gone, and the object stands on a clean screen."""
    code, text = person("volume", "create", "--size", "10", "--name", NAME, "--wait").end()
    rows = screen(text)
    assert code == 0
    assert f"{NAME}: creating" in text
    assert rows[0].startswith(f"created volume {NAME} (")
    assert rows[1].split()[0] == "id"
    assert "creating" not in "".join(rows)
    assert dict(row.split(maxsplit=1) for row in rows[1:10])["status"] == "available"


@pytest.mark.parametrize("columns", [40, 60])
def test_a_live_line_leaves_nothing_on_a_narrow_terminal(
    person: Callable[..., Seen], served: Served, columns: int
) -> None:
    """However narrow the terminal, the live line is one row, for only one can be taken away."""
    name = "아주 긴 이름의 데이터베이스 디스크 하나 둘 셋"
    _code, text = person("volume", "create", "--size", "1", "--name", name, "--wait", columns=columns).end()
    for line in re.findall(r"\x1b\[2K([^\r\n\x1b]*)", text):
        assert width(line) < columns


def test_a_dumb_terminal_gets_plain_lines(person: Callable[..., Seen], served: Served) -> None:
    """Where the terminal can do nothing, nothing is asked of it: no colour, no live line."""
    code, text = person("volume", "create", "--size", "1", "--name", NAME, "--wait", env={"TERM": "dumb"}).end()
    assert code == 0
    assert "\x1b" not in text
    assert "\r" not in text.replace("\r\n", "")
    assert f"{NAME}: available" in text


def test_a_create_names_the_next_step(person: Callable[..., Seen], served: Served) -> None:
    """A person is told how to wait; a pipe is not (see test_making)."""
    _code, text = person("volume", "create", "--size", "10", "--name", NAME).end()
    last = screen(text)[-2:]
    assert "hint: `nbs volume wait " in "".join(last)


def test_quiet_on_a_terminal_is_the_id_alone(person: Callable[..., Seen], served: Served) -> None:
    """No live line, no hint, no colour."""
    _code, text = person("volume", "create", "--size", "1", "-q", "--wait").end()
    assert re.fullmatch(r"[0-9a-f-]{36}\r\n", text)


def asked(person: Callable[..., Seen], served: Served, *refs: str) -> tuple[Seen, str]:
    """A delete that has come to its question, and what it showed before it."""
    seen = person("volume", "delete", *refs)
    before = seen.until("[y/N]")
    assert served.asked("DELETE") == []
    return seen, before


def test_a_delete_shows_what_would_be_lost(
    person: Callable[..., Seen], served: Served, made: Callable[..., str], nbs: Callable[..., Ran]
) -> None:
    """Name, ID, size, status, snapshots, attachments: all on the screen before the question."""
    identifier = made()
    nbs("snapshot", "create", NAME, "--name", "백업", env=served.environ)
    busy = made("busy")
    server = served.cloud.attach(busy)["attachments"][0]["server_id"]
    seen, before = asked(person, served, NAME, "busy")
    for text in (NAME, identifier, "10 GB", "available", "백업", "busy", busy, server):
        assert text in before
    assert "Delete these 2 volumes? It cannot be undone." in before
    seen.type("n\r")
    seen.end()


@pytest.mark.parametrize("keys", ["n\r", "\r", "no\r", "yep\r", "\x04"], ids=["n", "enter", "no", "yep", "Ctrl-D"])
def test_anything_but_yes_leaves_it(
    person: Callable[..., Seen], served: Served, made: Callable[..., str], keys: str
) -> None:
    """No, nothing, and the end of the input delete nothing, and that is said on a line of its own."""
    made()
    seen, _before = asked(person, served, NAME)
    seen.type(keys)
    code, after = seen.end()
    assert code == 0
    assert screen(after)[-1] == "nothing was deleted"
    assert served.asked("DELETE") == []


@pytest.mark.parametrize("keys", ["y\r", "yes\r", "Y\r", "예\r"])
def test_yes_deletes(person: Callable[..., Seen], served: Served, made: Callable[..., str], keys: str) -> None:
    """A clear yes, in Korean too, sends the one DELETE and says so."""
    identifier = made()
    seen, _before = asked(person, served, NAME)
    seen.type(keys)
    code, after = seen.end()
    assert code == 0
    assert f"deleting volume {NAME} ({identifier})" in after
    assert [call.path.rpartition("/")[2] for call in served.asked("DELETE")] == [identifier]


def test_ctrl_c_in_the_question_deletes_nothing(
    person: Callable[..., Seen], served: Served, made: Callable[..., str]
) -> None:
    """Exit 130, no DELETE, no traceback."""
    made()
    seen, _before = asked(person, served, NAME)
    seen.type("\x03")
    code, after = seen.end()
    assert code == 130
    assert "Traceback" not in after
    assert screen(after)[-1].startswith("interrupted")
    assert served.asked("DELETE") == []


def test_a_closed_terminal_deletes_nothing(
    person: Callable[..., Seen], served: Served, made: Callable[..., str]
) -> None:
    """The terminal goes away while the question stands: nothing is deleted."""
    made()
    seen, _before = asked(person, served, NAME)
    seen.child.close(force=False)
    assert not seen.child.isalive()
    assert served.asked("DELETE") == []


def test_a_delete_in_ci_asks_nobody(person: Callable[..., Seen], served: Served, made: Callable[..., str]) -> None:
    """With `CI` set even a terminal is not asked: exit 2, nothing sent."""
    made()
    code, text = person("volume", "delete", NAME, env={"CI": "true"}).end()
    assert code == 2
    assert "--yes" in text
    assert served.calls == []


def test_a_refused_delete_says_why(
    person: Callable[..., Seen], served: Served, made: Callable[..., str], nbs: Callable[..., Ran]
) -> None:
    """The reason and the next step, folded at the terminal's width; exit 5."""
    made()
    nbs("snapshot", "create", NAME, "--name", "백업", env=served.environ)
    seen, _before = asked(person, served, NAME)
    seen.type("y\r")
    code, after = seen.end()
    words = " ".join(row.strip() for row in screen(after))
    assert code == 5
    assert f"{NAME} cannot be deleted: it has " in words
    assert "백업" in words
    assert "nbs snapshot delete" in words


@pytest.mark.parametrize(
    "args", [[], ["--help"], ["volume"], ["volume", "create", "-h"], ["volume", "upload-image", "-h"]]
)
@pytest.mark.parametrize("columns", [60, 80])
def test_help_fits(person: Callable[..., Seen], args: list[str], columns: int) -> None:
    """No line of a page, its examples aside, is wider than the terminal."""
    code, text = person(*args, columns=columns).end()
    rows = text.partition("Examples:")[0].splitlines()
    assert code == 0
    assert rows[0].startswith("Usage: nbs")
    assert all(width(row) <= columns for row in rows)


def test_an_unknown_name_is_one_tidy_message(person: Callable[..., Seen], served: Served) -> None:
    """Message and hint, in colour, the name as it was typed."""
    code, text = person("volume", "show", "없는 볼륨").end()
    rows = screen(text)
    assert code == 3
    assert rows == ["nbs: there is no volume 없는 볼륨", "hint: `nbs volume list` shows what there is"]
    assert "\x1b[1;31mnbs:\x1b[0m" in text


def test_ctrl_c_in_a_wait_leaves_a_clean_line(
    person: Callable[..., Seen], serve: Callable[..., Served], nbs: Callable[..., Ran]
) -> None:
    """The live line is taken away before the last words; exit 130."""
    slow = serve(delay=3600)
    nbs("volume", "create", "--size", "1", "--name", NAME, env=slow.environ)
    seen = person("volume", "wait", NAME, env=slow.environ)
    seen.until("creating")
    seen.type("\x03")
    code, after = seen.end()
    assert code == 130
    assert screen(after)[-1] == "interrupted; what was asked of the server goes on there"
    assert "Traceback" not in after


def test_ctrl_c_in_a_bulk_delete_starts_no_more(
    person: Callable[..., Seen], serve: Callable[..., Served], nbs: Callable[..., Ran]
) -> None:
    """What is out is finished and told, the rest is named as not tried; nothing new is sent after the signal."""

    def dawdling(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["REQUEST_METHOD"] == "DELETE":
                time.sleep(0.5)
            return app(environ, start_response)

        return answer

    slow = serve(dawdling, delay=0)
    slow.cloud.seed(12)
    ids = nbs("volume", "list", "-q", env=slow.environ).out.split()
    seen = person("volume", "delete", *ids, "--yes", "--parallel", "2", env=slow.environ)
    while not slow.asked("DELETE"):
        assert seen.child.isalive()
        time.sleep(0.01)
    seen.type("\x03")
    code, text = seen.end()
    sent = len(slow.asked("DELETE"))
    assert code == 130
    assert sent <= 4
    assert text.count("accepted") == sent
    assert text.count("not tried") == 12 - sent
