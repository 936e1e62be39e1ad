"""What is said beside the data: notes, hints, live lines, questions, failures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import StringIO

import pytest

from nbs_cli.cloud.resources import VOLUME
from nbs_cli.errors import Conflict, NotFound, OverLimit, Usage
from nbs_cli.output import progress
from nbs_cli.output.progress import Notes
from tests.output.conftest import LIVE, OBEYED, PAYLOADS, Pipe, Screen, columns_of

Make = Callable[[int], Screen]
BOTH = VOLUME.named(("id", "name"))


def notes(stream: object, *, quiet: bool = False, color: bool = False) -> Notes:
    """Notes on *stream*."""
    return Notes(stream, quiet=quiet, color=color, interactive=True)  # type: ignore[arg-type]  # a stream in all that counts


def test_a_pipe_gets_a_line_for_each_change() -> None:
    """Off a terminal nothing is repeated: one line per status, with the time it took and the percentage."""
    stream = StringIO()
    told = notes(stream)
    for status, percent, elapsed in (
        ("creating", None, 0),
        ("creating", None, 5),
        ("creating", "40%", 10),
        ("available", "100%", 130),
        ("available", "100%", 140),
    ):
        told.status("data", status, percent, elapsed)
    told.clear()
    assert stream.getvalue() == "data: creating (0s)\ndata: available 100% (2m 10s)\n"


def test_a_pipe_gets_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing was said for long, the same status is told again, so that no CI job is taken for dead."""
    monkeypatch.setattr(progress, "HEARTBEAT", 0.0)
    stream = StringIO()
    told = notes(stream)
    for elapsed in (0, 30, 60):
        told.status("data", "creating", None, elapsed)
    assert stream.getvalue().splitlines() == ["data: creating (0s)", "data: creating (30s)", "data: creating (1m)"]


def test_several_are_told_one_by_one_in_a_pipe() -> None:
    """Each of several has its own line, when it changes."""
    stream = StringIO()
    told = notes(stream)
    for label, status in (("a", "creating"), ("b", "creating"), ("a", "available"), ("b", "creating")):
        told.status(label, status, None, 1)
    assert stream.getvalue().splitlines() == ["a: creating (1s)", "b: creating (1s)", "a: available (1s)"]


def test_a_terminal_gets_one_live_line(screen: Make) -> None:
    """One line is written over and over, and is taken away at the end."""
    terminal = screen(80)
    told = notes(terminal.stream)
    told.status("data", "creating", None, 0)
    told.status("data", "creating", "50%", 1)
    told.status("data", "available", "100%", 2)
    told.clear()
    told.clear()
    assert terminal.text == (
        f"{LIVE}data: creating (0s){LIVE}data: creating 50% (1s){LIVE}data: available 100% (2s){LIVE}"
    )


def test_several_are_counted_on_a_terminal(screen: Make) -> None:
    """Of several the live line tells how many are in which status."""
    terminal = screen(80)
    told = notes(terminal.stream)
    for number in range(3):
        told.status(f"v{number}", "creating", None, 1)
    told.status("v1", "available", None, 2)
    assert terminal.text.endswith(f"{LIVE}2 creating, 1 available (2s)")


def test_a_note_takes_the_live_line_away(screen: Make) -> None:
    """Whatever is said next begins on an empty line."""
    terminal = screen(80)
    told = notes(terminal.stream)
    told.status("data", "creating", None, 0)
    told.note("done")
    told.status("data", "creating", None, 1)
    told.failure(Usage("no"), as_json=False)
    assert terminal.text == f"{LIVE}data: creating (0s){LIVE}done\n{LIVE}data: creating (1s){LIVE}nbs: no\n"


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_a_live_line_is_never_wrapped(screen: Make, columns: int) -> None:
    """It is shorter than the terminal is wide, for only one row can be taken away again."""
    terminal = screen(columns)
    notes(terminal.stream).status("아주 긴 이름의 블록 스토리지 " * 5, "creating", "50%", 5)
    assert columns_of(terminal.text.removeprefix(LIVE)) < columns


def test_the_status_survives_a_long_name(screen: Make) -> None:
    """However long the name, the live line still tells the status and the time."""
    terminal = screen(80)
    notes(terminal.stream).status("아주 긴 이름의 블록 스토리지 " * 5, "creating", "50%", 5)
    assert "creating 50% (5s)" in terminal.text


@pytest.mark.parametrize("on_screen", [True, False])
def test_quiet_silences_all_but_failures(screen: Make, on_screen: bool) -> None:
    """`-q`: no note, no hint, no progress; failures and what `--debug` shows stay."""
    terminal = screen(80)
    pipe = StringIO()
    told = notes(terminal.stream if on_screen else pipe, quiet=True)
    told.note("note")
    told.hint("hint")
    told.status("data", "creating", None, 0)
    told.debug("debug")
    told.failure(Usage("failed", hint="next"), as_json=False)
    assert (terminal.text if on_screen else pipe.getvalue()) == "debug\nnbs: failed\nhint: next\n"


def test_hints_are_for_people(screen: Make) -> None:
    """A next step is named on a terminal and not in a log; a failure's hint is told everywhere."""
    terminal, pipe = screen(80), StringIO()
    notes(terminal.stream).hint("go on")
    notes(pipe).hint("go on")
    notes(pipe).failure(Usage("no", hint="go on"), as_json=False)
    assert terminal.text == "hint: go on\n"
    assert pipe.getvalue() == "nbs: no\nhint: go on\n"


def test_a_failure_in_words() -> None:
    """What happened, the candidates, the next step over several lines, the request ID."""
    stream = StringIO()
    failure = NotFound(
        "2 are called x",
        hint="first:\n  second",
        request_id="req-1",
        candidates=[{"id": "1", "name": "한글", "size": None}, {"id": "22", "name": "x", "size": 5}],
        columns=VOLUME.named(("id", "name", "size")),
    )
    notes(stream).failure(failure, as_json=False)
    assert stream.getvalue().splitlines() == [
        "nbs: 2 are called x",
        "  ID  NAME  SIZE",
        "  1   한글     -",
        "  22  x     5 GB",
        "hint: first:",
        "    second",
        "request id: req-1",
    ]


def test_a_failure_is_told_as_it_was_named() -> None:
    """White space inside a name is not changed in the message: `a  b` is not `a b`."""
    stream = StringIO()
    notes(stream).failure(NotFound("there is no volume a  b"), as_json=False)
    assert stream.getvalue() == "nbs: there is no volume a  b\n"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp949"])
@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_a_failure_for_programs(text: str, encoding: str) -> None:
    """One JSON object on one line with the promised keys; any text survives in it and none is obeyed."""
    stream = Pipe(encoding)
    failure = OverLimit(text, hint=text, http_status=413, request_id=text, resource=text)
    notes(stream).failure(failure, as_json=True)
    document = stream.getvalue()
    assert document.count("\n") == 1
    assert not OBEYED.search(document)
    error = json.loads(document)["error"]
    assert (error["message"], error["request_id"], error["resource"]) == (text, text, text)
    assert (error["code"], error["exit"], error["http_status"], error["retryable"]) == ("limit", 6, 413, False)
    assert list(error) == ["code", "exit", "message", "http_status", "request_id", "hint", "retryable", "resource"]


@pytest.mark.parametrize("on_screen", [True, False])
@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_that_is_said_is_obeyed(
    screen: Make, monkeypatch: pytest.MonkeyPatch, text: str, on_screen: bool
) -> None:
    """Notes, hints, traces, questions, progress and failures, with a hostile text in every place."""
    monkeypatch.setattr(sys, "stdin", StringIO("n\n" * 3))
    terminal, pipe = screen(80), StringIO()
    told = notes(terminal.stream if on_screen else pipe)
    told.note(text)
    told.hint(text)
    told.debug(text)
    told.confirm(text)
    told.status(text, text, text, 0)
    told.status("b", text, text, 0)
    told.clear()
    told.failure(
        Conflict(text, hint=text + "\n" + text, request_id=text, candidates=[{"id": text, "name": text}], columns=BOTH),
        as_json=False,
    )
    told.failure(Conflict(text, hint=text, request_id=text, resource=text), as_json=True)
    out = (terminal.text if on_screen else pipe.getvalue()).replace(LIVE, "")
    assert not OBEYED.search(out)


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_colours_come_from_us_alone(text: str) -> None:
    """With colours on, a hostile message adds no escape character to those of a harmless one."""
    counts = []
    for message in ("harmless", text):
        stream = StringIO()
        told = notes(stream, color=True)
        told.debug(message)
        told.failure(Usage(message, hint=message.replace("\n", " "), request_id=message), as_json=False)
        counts.append(stream.getvalue().count("\x1b"))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("answer", "yes"),
    [
        *(("y\n", True), ("Y\n", True), ("yes\n", True), (" YES \n", True), ("예\n", True), ("네\n", True)),
        *(
            ("n\n", False),
            ("no\n", False),
            ("\n", False),
            ("", False),
            ("yep\n", False),
            ("y y\n", False),
            ("1\n", False),
        ),
    ],
)
def test_only_a_clear_yes_is_one(monkeypatch: pytest.MonkeyPatch, answer: str, yes: bool) -> None:
    """Everything else, and the end of the input, is a no."""
    monkeypatch.setattr(sys, "stdin", StringIO(answer))
    stream = StringIO()
    assert notes(stream).confirm("Delete?") is yes
    assert stream.getvalue().startswith("Delete? [y/N] ")


def test_hints_can_be_run_as_they_are_printed(screen: Make) -> None:
    """A command in a hint begins as the user's own command began: with its profile."""
    terminal = screen(120)
    told = Notes(terminal.stream, quiet=False, color=False, interactive=True, command="nbs -p sandbox")
    told.hint("`nbs volume wait x` waits")
    told.failure(NotFound("no", hint="`nbs volume list` shows"), as_json=False)
    told.failure(NotFound("no", hint="`nbs volume list` shows"), as_json=True)
    assert terminal.text.count("`nbs -p sandbox volume ") == 3
