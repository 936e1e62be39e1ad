"""Streams as they come: any encoding, a pipe, a terminal, none at all; the data stays the same."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from collections.abc import Callable
from io import StringIO

import pytest

from nbs_cli.output.streams import LostOutput, Stdout
from tests.commands.conftest import World
from tests.conftest import NBS, Ran, Served
from tests.output.conftest import OBEYED, PAYLOADS

NAMES = ["한글 이름", "emoji 💾🇰🇷", "é ü ß ﷽", "카탈로그-1", "\x1b[31m\x9b\u202e\u200b", "plain"]
ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "ascii strict": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp949": {"PYTHONIOENCODING": "cp949"},
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.fixture
def named(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> World:
    """A cloud with volumes of all sorts of names."""
    world = World(serve(delay=0), nbs)
    for name in NAMES:
        world.volume(name, metadata={"k": name})
    world.close()
    return world


def written(world: World, *args: str, env: dict[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the installed command, read in the encoding that it was told to write."""
    done = subprocess.run(
        [NBS, *args], env={**os.environ, **world.served.environ, **env}, capture_output=True, check=False
    )
    encoding = env.get("PYTHONIOENCODING", "ascii").partition(":")[0]
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_the_same_data_in_every_encoding(named: World, encoding: str) -> None:
    """It parses, and what comes out is what went in, whatever the terminal's letters are."""
    code, out, err = written(named, "volume", "list", "-o", "json", "--sort", "created:asc", env=ENCODINGS[encoding])
    assert (code, err) == (0, "")
    assert sorted(row["name"] for row in json.loads(out)) == sorted(NAMES)
    assert sorted(row["metadata"]["k"] for row in json.loads(out)) == sorted(NAMES)
    assert not OBEYED.search(out)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["table", "value"])
def test_no_encoding_is_too_small(named: World, encoding: str, form: str) -> None:
    """What a stream cannot write is shown as an escape; every row is there, on one line."""
    code, out, err = written(named, "volume", "list", "-o", form, env=ENCODINGS[encoding])
    assert (code, err) == (0, "")
    assert len([line for line in out.split("\n") if "available" in line]) == len(NAMES)
    if encoding in {"cp949", "utf-8"}:
        assert "한글 이름" in out
    if encoding.startswith("ascii"):
        assert "\\ud55c\\uae00" in out


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name != "C"])  # there no such name can be typed
@pytest.mark.parametrize("form", ["table", "json"])
def test_failures_are_told_in_every_encoding(named: World, encoding: str, form: str) -> None:
    """A message with letters that stderr does not have is told all the same."""
    env = ENCODINGS[encoding]
    code, out, err = written(named, "volume", "show", "없는 볼륨 💾", "-o", form, env=env)
    assert (code, out) == (3, "")
    if form == "json":
        assert "없는 볼륨 💾" in json.loads(err)["error"]["message"]
    assert err.startswith(("nbs: there is no volume", '{"error"'))


def test_a_pipe_gets_no_colour_and_no_folding(named: World) -> None:
    """Whatever the width and the terminal's kind are said to be, a pipe gets the same bytes."""
    outputs = {
        written(named, "volume", "list", env={"PYTHONIOENCODING": "utf-8", **env})[1]
        for env in (
            {},
            {"COLUMNS": "20"},
            {"COLUMNS": "400"},
            {"TERM": "dumb"},
            {"TERM": "xterm-256color"},
            {"CI": "1"},
        )
    }
    assert len(outputs) == 1
    assert "\x1b" not in outputs.pop()


@pytest.mark.parametrize(
    ("args", "env"),
    [(["--color", "always"], {}), ([], {"FORCE_COLOR": "1"}), (["--color", "always"], {"NO_COLOR": "1"})],
)
def test_colours_that_were_asked_for_change_nothing_else(named: World, args: list[str], env: dict[str, str]) -> None:
    """In a pipe, too, the rows are the same when the colours are taken away."""
    plain = written(named, "volume", "list", env={"PYTHONIOENCODING": "utf-8"})[1]
    coloured = written(named, "volume", "list", *args, env={"PYTHONIOENCODING": "utf-8", "COLUMNS": "40", **env})[1]
    assert "\x1b[32mavailable" in coloured
    stripped = re.sub("\x1b\\[[0-9;]*m", "", coloured)
    assert [line.split() for line in stripped.splitlines()] == [line.split() for line in plain.splitlines()]


def test_python_says_so_when_a_stream_fails() -> None:
    """A failing stream is told apart from every other trouble, and keeps its reason."""

    class Full(StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None:
            raise BrokenPipeError

    stream = Stdout(Full())
    with pytest.raises(LostOutput) as lost:
        stream.write("x")
    assert lost.value.reason.errno == errno.ENOSPC
    with pytest.raises(LostOutput) as broken:
        stream.flush()
    assert isinstance(broken.value.reason, BrokenPipeError)


def test_a_stream_is_still_a_stream() -> None:
    """Everything else is the stream's own: encoding, terminal or not, what was written."""
    inner = StringIO()
    stream = Stdout(inner)
    stream.write("x")
    stream.flush()
    assert (inner.getvalue(), stream.isatty(), stream.getvalue()) == ("x", False, "x")


def test_every_payload_fits_every_encoding(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """All hostile texts at once, as ASCII: no crash, no row lost."""
    world = World(serve(delay=0), nbs)
    texts = [text for text in PAYLOADS.values() if not any("\ud800" <= char <= "\udfff" for char in text)]
    for text in texts:
        world.volume(text)
    world.close()
    code, out, err = written(world, "volume", "list", env={"PYTHONIOENCODING": "ascii"})
    assert (code, err, len(out.splitlines())) == (0, "", len(texts) + 1)
