"""From words to exit code: signals, lost streams, mistakes in nbs, help and version, errors for programs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from nbs_cli import __version__
from nbs_cli.commands import listing
from nbs_cli.local import credentials
from tests.conftest import NBS, Ran, Served

KEYS = ["code", "exit", "message", "http_status", "request_id", "hint", "retryable", "resource"]
READ = ["volume", "list"]
WRITE = ["volume", "create", "--size", "1", "--name", "kept"]


@pytest.fixture
def slow(serve: Callable[..., Served]) -> Served:
    """A cloud in which a volume takes an hour."""
    return serve(delay=3600)


@contextlib.contextmanager
def started(served: Served, *args: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """The installed command, running."""
    with subprocess.Popen(
        [NBS, *args],
        env={**os.environ, **served.environ},
        text=True,
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(stream: IO[str] | None, fragment: str) -> str:
    """Read *stream* up to the line with *fragment*, and give that line."""
    assert stream is not None
    for line in stream:
        if fragment in line:
            return line
    raise AssertionError(fragment)


def wait_for(event: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Let the command run until *event* has come about; it must not end before."""
    while not event():
        assert process.poll() is None
        time.sleep(0.01)


def shell(served: Served, script: str) -> Ran:
    """Run a line of bash in which `nbs` is the installed command."""
    done = subprocess.run(
        ["bash", "-c", f'nbs() {{ {NBS} "$@"; }}\n{script}'],
        env={**os.environ, **served.environ},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


SIGNALS = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)


@SIGNALS
def test_a_signal_ends_a_wait(slow: Served, nbs: Callable[..., Ran], number: signal.Signals, code: int) -> None:
    """The promised exit code, one line that says so, no traceback; the volume is left as it is."""
    nbs("volume", "create", "--size", "1", "--name", "slow", env=slow.environ)
    with started(slow, "volume", "wait", "slow") as process:
        line_of(process.stderr, "creating")
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (code, "")
    assert err == "interrupted; what was asked of the server goes on there\n"
    assert slow.asked("DELETE") == []


@SIGNALS
def test_a_signal_ends_a_create_that_has_said_its_id(slow: Served, number: signal.Signals, code: int) -> None:
    """By the time a wait can be interrupted the ID is on stderr; the volume exists."""
    with started(slow, *WRITE, "--wait") as process:
        told = line_of(process.stderr, "created volume kept")
        line_of(process.stderr, "creating")
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode == code
    with slow.cloud.reading() as turn:
        (row,) = turn.db.execute("SELECT id FROM volumes").fetchall()
    assert row["id"] in told


def late(method: str, seconds: float) -> Callable[[Any], Any]:
    """Wrap the application: a request of *method* is worked on at once and answered late."""

    def wrap(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            answered = app(environ, start_response)
            if environ["REQUEST_METHOD"] == method and "/tokens" not in environ["PATH_INFO"]:
                time.sleep(seconds)
            return answered

        return answer

    return wrap


@SIGNALS
@pytest.mark.parametrize("count", ["1", "3"])
def test_a_signal_while_the_post_is_out(
    serve: Callable[..., Served], number: signal.Signals, code: int, count: str
) -> None:
    """What may have been made is named: by its ID, or by the request key that finds it again."""
    served = serve(late("POST", 1.0), delay=0)
    with started(served, *WRITE, "--count", count) as process:
        wait_for(lambda: len(served.asked("POST")) == int(count), process)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code
    with served.cloud.reading() as turn:
        rows = turn.db.execute("SELECT id, metadata FROM volumes").fetchall()
    assert len(rows) == int(count)
    for row in rows:
        key = json.loads(row["metadata"])["nbs:request"]
        assert row["id"] in out + err or key in out + err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str)
def test_a_signal_in_a_bulk_delete(serve: Callable[..., Served], number: signal.Signals, code: int) -> None:
    """What is out is finished and told, the rest is told as not tried; nothing is sent after the signal."""
    served = serve(late("DELETE", 1.0), delay=0)
    served.cloud.seed(8)
    with served.cloud.reading() as turn:
        ids = [row["id"] for row in turn.db.execute("SELECT id FROM volumes").fetchall()]
    with started(served, "volume", "delete", *ids, "--yes", "--parallel", "2", "-o", "json") as process:
        wait_for(lambda: len(served.asked("DELETE")) == 2, process)
        process.send_signal(number)
        out, _err = process.communicate(timeout=20)
    assert process.returncode == code
    assert len(served.asked("DELETE")) == 2
    assert [row["outcome"] for row in json.loads(out)] == ["accepted"] * 2 + ["not tried"] * 6


def test_a_wait_that_slept_past_its_end_still_tells_the_truth(
    serve: Callable[..., Served], nbs: Callable[..., Ran]
) -> None:
    """Stopped before its limit and woken after it, as on a laptop: one last look finds what came about (D14)."""
    served = serve(delay=1.0)
    made = nbs("volume", "create", "--size", "1", "-q", env=served.environ).out.strip()
    with started(served, "volume", "wait", made, "--for", "available", "--timeout", "1.2s") as process:
        line_of(process.stderr, "creating")
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate()
    assert (process.returncode, "available" in out) == (0, True), err


def test_two_signals_end_it_as_well(slow: Served, nbs: Callable[..., Ran]) -> None:
    """An impatient second Ctrl-C changes neither the code nor the words into a traceback."""
    nbs("volume", "create", "--size", "1", "--name", "slow", env=slow.environ)
    with started(slow, "volume", "wait", "slow") as process:
        line_of(process.stderr, "creating")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=20)
    assert process.returncode in {130, -signal.SIGINT}
    assert "Traceback" not in err


def test_quiet_says_nothing_when_interrupted(slow: Served) -> None:
    """With `-q` the ID alone is printed, and a signal adds no word."""
    with started(slow, *WRITE, "-q", "--timeout", "1h", "--wait") as process:
        wait_for(lambda: bool(slow.asked("GET")), process)
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (143, "")


@pytest.mark.parametrize("line", [READ, ["--help"], ["--version"], ["volume", "create", "--help"]], ids=" ".join)
def test_a_reader_that_is_gone_ends_it_quietly(served: Served, line: list[str]) -> None:
    """A closed pipe is exit 141 without a word, however little was to be written."""
    reading, writing = os.pipe()
    os.close(reading)
    with started(served, *line, stdout=writing) as process:
        os.close(writing)
        _out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (141, "")


def test_a_reader_that_leaves_in_between_ends_it_quietly(served: Served) -> None:
    """`nbs volume list | head -1` with more rows than a pipe holds: one row, 141, no word."""
    served.cloud.seed(2000)
    ran = shell(served, "nbs volume list -o json | head -1; echo ${PIPESTATUS[0]}")
    assert (ran.out, ran.err) == ("[\n141\n", "")


@pytest.mark.parametrize("line", [READ, ["volume", "list", "-o", "json"], ["--help"], ["--version"]], ids=" ".join)
def test_a_full_disk_is_a_failure(served: Served, line: list[str]) -> None:
    """Exit 1 and one line that says why."""
    ran = shell(served, f"nbs {' '.join(line)} >/dev/full")
    assert ran.code == 1
    assert ran.err == "nbs: the output could not be written: No space left on device\n"


@pytest.mark.parametrize("line", [READ, ["--help"], ["--version"], ["auth", "token"]], ids=" ".join)
def test_a_closed_output_is_a_failure(served: Served, line: list[str]) -> None:
    """With no stdout at all the data cannot have been printed: not exit 0."""
    ran = shell(served, f"nbs {' '.join(line)} >&-")
    assert ran.code == 1
    assert "the output could not be written" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("ending", "code"), [(">&-", 1), (">/dev/full", 1), ("| true", 141)])
@pytest.mark.parametrize("options", ["", "-o json", "-q", "--wait"])
def test_a_write_whose_output_is_lost_was_done(served: Served, ending: str, code: int, options: str) -> None:
    """The volume exists, the exit code is not 0, and stderr says what was done."""
    ran = shell(served, f"nbs {' '.join(WRITE)} {options} {ending}; exit ${{PIPESTATUS[0]}}")
    with served.cloud.reading() as turn:
        (row,) = turn.db.execute("SELECT id, name FROM volumes").fetchall()
    assert row["name"] == "kept"
    assert ran.code == code
    assert f"done, but the output could not be written: created volume kept ({row['id']})" in ran.err
    assert "Traceback" not in ran.err


def test_a_delete_whose_output_is_lost_was_done(served: Served, nbs: Callable[..., Ran]) -> None:
    """As a create: the deletes went out, and stderr says so."""
    served.cloud.seed(2)
    ids = nbs("volume", "list", "-q", env=served.environ).out.split()
    ran = shell(served, f"nbs volume delete {' '.join(ids)} --yes >/dev/full")
    assert ran.code == 1
    assert "done, but the output could not be written" in ran.err
    assert len(served.asked("DELETE")) == 2


@pytest.mark.parametrize("streams", ["<&-", "2>&-", "<&- 2>&-", "</dev/null"])
def test_other_streams_are_not_needed(served: Served, streams: str) -> None:
    """A daemon without stdin or stderr gets its list all the same."""
    ran = shell(served, f"nbs volume list -o json {streams}")
    assert (ran.code, ran.out, ran.err) == (0, "[]\n", "")


@pytest.mark.parametrize("lost", ["pipe", "disk"])
@pytest.mark.parametrize("line", [WRITE, [*WRITE, "--wait"], ["volume", "list", "--debug"]], ids=" ".join)
def test_nobody_who_listens_is_no_reason_to_stop(served: Served, line: list[str], lost: str) -> None:
    """Where stderr cannot be written, the command does its work and prints its data all the same."""
    if lost == "disk":
        ran = shell(served, f"nbs {' '.join(line)} -o json 2>/dev/full")
    else:
        ran = shell(served, f"nbs {' '.join(line)} -o json 2> >(exec 0<&-)")
    assert ran.code == 0
    assert json.loads(ran.out) is not None
    assert len(served.asked("POST")) == (0 if "list" in line else 1)


@pytest.mark.parametrize("text", [b"\xff\n", b"\xef\xbb\xbfnobody\n", b"a\x00b\n", "없는\n".encode("cp949")])
def test_refs_that_are_no_text_are_told(served: Served, text: bytes) -> None:
    """Standard input in another encoding, with a byte order mark or with zeros: a refusal, not a mistake in nbs."""
    done = subprocess.run(
        [NBS, "volume", "show", "-"],
        env={**os.environ, **served.environ, "PYTHONIOENCODING": "utf-8"},  # as strict as any locale but C
        input=text,
        capture_output=True,
        check=False,
    )
    assert done.returncode in {2, 3}
    assert b"mistake in nbs" not in done.stderr


def test_colour_does_not_spoil_json(nbs: Callable[..., Ran]) -> None:
    """`--color always` colours words, never documents."""
    ran = nbs("volum", "-o", "json", "--color", "always", env={"FORCE_COLOR": "1"})
    assert json.loads(ran.err)["error"]["code"] == "usage"


@pytest.mark.parametrize("line", ["volume delete x", "volume show nobody", "volum", "volume create"])
def test_a_failure_needs_no_stderr(served: Served, line: str) -> None:
    """With nobody to tell, the exit code still tells."""
    ran = shell(served, f"nbs {line} 2>&- <&-")
    assert ran.code == (3 if "show" in line else 2)
    assert (ran.out, ran.err) == ("", "")


def test_a_delete_without_any_stdin_asks_nobody(served: Served) -> None:
    """A closed stdin is no terminal: exit 2, nothing sent."""
    ran = shell(served, "nbs volume delete x <&-")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert served.calls == []


def _break(*_given: Any, **_more: Any) -> Any:
    raise ZeroDivisionError("division by zero")


def test_a_mistake_in_nbs_is_one_line(served: Served, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback reaches a person: what kind of mistake, and how to report it; exit 1."""
    monkeypatch.setattr(listing, "pages", _break)
    ran = nbs(*READ, env=served.environ)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[0] == "nbs: a mistake in nbs: ZeroDivisionError"
    assert "--debug" in ran.err
    assert "Traceback" not in ran.err


def test_a_mistake_in_nbs_is_json_for_programs(
    served: Served, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `-o json` it is an error like any other."""
    monkeypatch.setattr(listing, "pages", _break)
    ran = nbs(*READ, "-o", "json", env=served.environ)
    assert json.loads(ran.err)["error"]["code"] == "failure"


def test_debug_shows_where_the_mistake_is(
    served: Served, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--debug` has the traceback, with the password masked should it stand in it."""
    monkeypatch.setattr(listing, "pages", _break)
    ran = nbs(*READ, "--debug", env=served.environ)
    assert "Traceback" in ran.err
    assert ran.err.splitlines()[-2] == "nbs: a mistake in nbs: ZeroDivisionError"


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_mistake_before_anything_is_there(
    nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, debug: list[str]
) -> None:
    """A mistake where the credentials are read is told as well, though there is no client yet."""
    monkeypatch.setattr(credentials, "find", _break)
    ran = nbs(*READ, *debug)
    assert ran.code == 1
    assert "nbs: a mistake in nbs: ZeroDivisionError" in ran.err


def test_a_recursion_without_end_is_a_mistake_like_any_other(
    served: Served, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a RecursionError becomes one line."""

    def deep(*given: Any) -> Any:
        return deep(*given)

    monkeypatch.setattr(listing, "pages", deep)
    ran = nbs(*READ, env=served.environ)
    assert ran.code == 1
    assert "RecursionError" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "line",
    ["--version", "-V", "-V volume list", "volume -V", "volume list --version", "volume show -V", "-o json -V"],
)
@pytest.mark.parametrize("how", ["here", "installed"])
def test_the_version_is_told_anywhere(
    nbs: Callable[..., Ran], installed: Callable[..., Ran], line: str, how: str
) -> None:
    """`-V` and `--version` print one line and end well, wherever they stand."""
    ran = (nbs if how == "here" else installed)(*line.split())
    assert ran == Ran(0, f"nbs {__version__}\n", "")


@pytest.mark.parametrize(
    "line",
    [
        *("", "-h", "--help", "volume", "volume -h", "-h volume", "volume list -h", "volume list --help"),
        *("volume -h list", "vol", "snap ls -h", "-o json volume create -h", "volume create --size 10 -h"),
        *("volume show -h", "volume delete x -h", "-h volum", "-p nobody volume -h"),
    ],
)
def test_help_is_told_anywhere(nbs: Callable[..., Ran], line: str) -> None:
    """`-h` works wherever `--help` does, and a group alone shows its own: exit 0, on stdout, nothing on stderr."""
    ran = nbs(*line.split())
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: nbs")


@pytest.mark.parametrize("line", ["", "volume", "snapshot", "types", "auth", "sandbox"])
def test_a_group_alone_shows_what_help_shows(nbs: Callable[..., Ran], line: str) -> None:
    """`nbs volume` and `nbs volume --help` are the same page, byte for byte."""
    assert nbs(*line.split()) == nbs(*line.split(), "--help")


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("usage", "volum"),
        ("usage", "volume creat"),
        ("usage", "volume list --xyzzy"),
        ("usage", "volume show"),
        ("usage", "volume create --size ten"),
        ("usage", "volume create --name"),
        ("usage", "volume list --sort xyzzy"),
        ("usage", "volume list -c xyzzy"),
        ("usage", "volume delete x"),
        ("usage", "volume list --timeout soon"),
        ("not-found", "volume show nobody"),
        ("not-found", "volume list -p nobody"),
    ],
)
@pytest.mark.parametrize(
    ("before", "after", "env"),
    [
        (["-o", "json"], [], {}),
        ([], ["-o", "json"], {}),
        (["-ojson"], [], {}),
        (["--output=json"], [], {}),
        (["--output", "json"], [], {}),
        ([], [], {"NBS_OUTPUT": "json"}),
    ],
    ids=["before", "after", "joined", "equals", "long", "environment"],
)
def test_errors_for_programs(
    served: Served,
    nbs: Callable[..., Ran],
    code: str,
    line: str,
    before: list[str],
    after: list[str],
    env: dict[str, str],
) -> None:
    """However JSON was asked for, every failure, usage errors too, is one object on one line of stderr."""
    ran = nbs(*before, *line.split(), *after, env={**served.environ, **env})
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    document = json.loads(ran.err)
    assert list(document) == ["error"]
    assert list(document["error"]) == KEYS
    assert (document["error"]["code"], document["error"]["exit"]) == (code, ran.code)


@pytest.mark.parametrize("line", ["volum", "volume show nobody"])
@pytest.mark.parametrize("form", ["table", "value"])
def test_errors_for_people(served: Served, nbs: Callable[..., Ran], line: str, form: str) -> None:
    """In every other format a failure is words."""
    ran = nbs("-o", form, *line.split(), env=served.environ)
    assert ran.err.startswith("nbs: ")
    assert "\nhint: " in ran.err


def test_words_that_were_no_text_are_told(served: Served, installed: Callable[..., Ran]) -> None:
    """An argument that is no UTF-8 is refused in words, and stderr stays UTF-8."""
    done = subprocess.run(
        [NBS.encode(), b"volume", b"show", b"a\xffb"],
        env={**os.environ, **served.environ},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"nbs: " in done.stderr
    done.stderr.decode()


def test_the_current_folder_is_not_trusted(served: Served, installed: Callable[..., Ran], home: Path) -> None:
    """Files of the user's that are called like libraries are not run by the installed command."""
    for name in ("json", "rich", "httpx", "typer", "nbs_cli", "platformdirs"):
        (home / f"{name}.py").write_text("raise SystemExit('not mine')\n")
    assert installed(*READ, "-o", "json", env=served.environ).out == "[]\n"


def test_it_runs_as_a_module(served: Served) -> None:
    """`python -m nbs_cli` is the same command."""
    python = Path(NBS).with_name("python")
    done = subprocess.run([python, "-m", "nbs_cli", "-V"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"nbs \d+\.\d+\.\d+\n", done.stdout)
