"""What one invocation shows and says: its format, its colours, its questions, what it did."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

import pytest

from nbs_cli.outlet import Outlet
from nbs_cli.output.lines import Lines
from nbs_cli.output.table import Table


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real terminal to write on."""
    reading, writing = os.openpty()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream
    os.close(reading)


def outlet(environ: dict[str, str] | None = None, stdout: TextIO | None = None, stdin: str = "") -> Outlet:
    """An outlet of its own streams."""
    return Outlet(environ or {}, stdin=StringIO(stdin), stdout=stdout or StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("option", "no_color", "force_color", "term", "on_terminal"),
    list(itertools.product(["auto", "always", "never"], ["", "1"], ["", "1"], ["xterm", "dumb"], [True, False])),
)
def test_colours(terminal: TextIO, option: str, no_color: str, force_color: str, term: str, on_terminal: bool) -> None:
    """`--color` first, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal that can show them."""
    asked = outlet({"NO_COLOR": no_color, "FORCE_COLOR": force_color, "TERM": term})
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
    drawn = outlet(stdout=terminal).printer.form
    piped = outlet().printer.form
    forced = outlet({"FORCE_COLOR": "1"}).printer.form
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
    asked = outlet(environ)
    asked.options.output = option
    assert asked.output == name


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
    assert outlet(stdin=stdin).refs(texts) == (refs, several)


@pytest.mark.parametrize(
    ("environ", "interactive"), [({}, True), ({"CI": ""}, True), ({"CI": "true"}, False), ({"CI": "false"}, False)]
)
def test_nobody_is_asked_in_ci(terminal: TextIO, environ: dict[str, str], interactive: bool) -> None:
    """On a terminal questions are asked, unless `CI` is set to anything."""
    reading, writing = os.openpty()
    with os.fdopen(writing, encoding="utf-8") as stdin:
        asked = Outlet(environ, stdin=stdin, stdout=StringIO(), stderr=terminal)
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
    asked = outlet()
    asked.options.profile, asked.options.region = profile, region
    assert asked.notes.command == command


def test_what_was_done_is_remembered() -> None:
    """It is said at once, and again should stdout be lost."""
    stderr = StringIO()
    asked = Outlet({}, stdin=StringIO(), stdout=StringIO(), stderr=stderr)
    asked.did("created volume x")
    assert (asked.wrote, stderr.getvalue()) == ("created volume x", "created volume x\n")
