"""One invocation: its options, its format, its colours, its deadlines; parts made only when they are needed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

import pytest

from nbs_cli.errors import Usage
from nbs_cli.output.lines import Lines
from nbs_cli.output.table import Table
from nbs_cli.session import Session, seconds


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real terminal to write on."""
    reading, writing = os.openpty()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream
    os.close(reading)


def session(environ: dict[str, str] | None = None, stdout: TextIO | None = None, stdin: str = "") -> Session:
    """A session of its own streams."""
    return Session(environ or {}, stdin=StringIO(stdin), stdout=stdout or StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("text", "value"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("45", 45), ("0.5s", 0.5), (" 5s ", 5), ("720h", 30 * 86400)],
)
def test_durations(text: str, value: float) -> None:
    """Seconds, minutes, hours, a bare number of seconds."""
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-5", "5d", "5 m", "s", "1h30m", "inf", "nan", "1e3", "٣s", "٣", "721h", "9" * 400, "5S"]
)
def test_what_is_no_duration(text: str) -> None:
    """Nothing that has no end, no unit of ours, or no digits of ours."""
    with pytest.raises(Usage, match="is no duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("option", "no_color", "force_color", "term", "on_terminal"),
    list(itertools.product(["auto", "always", "never"], ["", "1"], ["", "1"], ["xterm", "dumb"], [True, False])),
)
def test_colours(terminal: TextIO, option: str, no_color: str, force_color: str, term: str, on_terminal: bool) -> None:
    """`--color` first, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal that can show them."""
    asked = session({"NO_COLOR": no_color, "FORCE_COLOR": force_color, "TERM": term})
    asked.options.color = option
    stream = terminal if on_terminal else StringIO()
    if option != "auto":
        expected = option == "always"
    elif no_color:
        expected = False
    else:
        expected = bool(force_color) or (on_terminal and term != "dumb")
    assert asked.colored(stream) is expected


def test_a_table_is_drawn_for_people_alone(terminal: TextIO) -> None:
    """On a terminal, or where colours were asked for, the table is drawn; a pipe gets lines."""
    drawn = session(stdout=terminal).printer.form
    piped = session().printer.form
    forced = session({"FORCE_COLOR": "1"}).printer.form
    assert (drawn, piped, forced) == (Table, Lines, Table)


@pytest.mark.parametrize(
    ("option", "environ", "name"),
    [
        (None, {}, "table"),
        (None, {"NBS_OUTPUT": ""}, "table"),
        (None, {"NBS_OUTPUT": "json"}, "json"),
        ("value", {"NBS_OUTPUT": "json"}, "value"),
    ],
)
def test_the_format(option: str | None, environ: dict[str, str], name: str) -> None:
    """The option, then the environment, then a table; empty means unset."""
    asked = session(environ)
    asked.options.output = option
    assert asked.output == name


@pytest.mark.parametrize(
    ("option", "environ", "wait", "total"),
    [
        (None, {}, 600.0, None),
        (None, {"NBS_WAIT_TIMEOUT": "5m"}, 300.0, None),
        (None, {"NBS_TIMEOUT": "7s"}, 600.0, 7.0),
        ("9s", {"NBS_WAIT_TIMEOUT": "5m", "NBS_TIMEOUT": "7s"}, 9.0, 9.0),
    ],
)
def test_deadlines(option: str | None, environ: dict[str, str], wait: float, total: float | None) -> None:
    """`--timeout` rules the command and its wait; the environment has a variable for each."""
    asked = session(environ)
    asked.options.timeout = option
    assert asked.wait_seconds(600.0) == wait
    left = asked.deadline.left(1e9)
    assert left == 1e9 if total is None else left <= total


@pytest.mark.parametrize(
    ("texts", "stdin", "refs", "several"),
    [
        (["a"], "", ["a"], False),
        (["a", "b"], "", ["a", "b"], True),
        (["-"], "a\n", ["a"], True),
        (["-"], "", [], True),
        (["-"], "a\r\n\n b \n한글", ["a", " b ", "한글"], True),
        (["x", "-", "y"], "a\nb\n", ["x", "a", "b", "y"], True),
    ],
)
def test_refs_from_standard_input(texts: list[str], stdin: str, refs: list[str], several: bool) -> None:
    """`-` is replaced by the lines where it stands; blank lines go, spaces inside a line are the user's."""
    assert session(stdin=stdin).refs(texts) == (refs, several)


def test_nothing_is_made_that_is_not_needed() -> None:
    """A new session has opened nothing, and closes nothing."""
    made = session()
    made.close()
    assert not {"client", "cloud", "identity", "storage", "printer", "notes"} & vars(made).keys()


@pytest.mark.parametrize(
    ("environ", "interactive"), [({}, True), ({"CI": ""}, True), ({"CI": "true"}, False), ({"CI": "false"}, False)]
)
def test_nobody_is_asked_in_ci(terminal: TextIO, environ: dict[str, str], interactive: bool) -> None:
    """On a terminal questions are asked, unless `CI` is set to anything."""
    reading, writing = os.openpty()
    with os.fdopen(writing, encoding="utf-8") as stdin:
        asked = Session(environ, stdin=stdin, stdout=StringIO(), stderr=terminal)
        assert asked.notes.interactive is interactive
    os.close(reading)


@pytest.mark.parametrize(
    ("profile", "region", "command"),
    [
        (None, None, "nbs"),
        ("sandbox", None, "nbs -p sandbox"),
        ("sandbox", "KR2", "nbs -p sandbox --region KR2"),
        ("a b;$(x)", None, "nbs -p 'a b;$(x)'"),
    ],
)
def test_hints_repeat_how_the_command_was_begun(profile: str | None, region: str | None, command: str) -> None:
    """Profile and region as they were typed, quoted for a shell."""
    asked = session()
    asked.options.profile, asked.options.region = profile, region
    assert asked.notes.command == command


def test_what_was_done_is_remembered() -> None:
    """It is said at once, and again should stdout be lost."""
    stderr = StringIO()
    asked = Session({}, stdin=StringIO(), stdout=StringIO(), stderr=stderr)
    asked.did("created volume x")
    assert (asked.wrote, stderr.getvalue()) == ("created volume x", "created volume x\n")
