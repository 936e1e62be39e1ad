"""Every encoding that a terminal or a pipe may have, in both languages: nothing crashes, and data stays data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import Ran, Served

NAME = "운영-db é 🗄"
UTF_8 = {"LC_ALL": "C.UTF-8"}
BARE = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}  # else Python makes UTF-8 of C and POSIX
ENCODINGS = {
    "C": ({"LC_ALL": "C", **BARE}, "ascii"),
    "POSIX": ({"LC_ALL": "POSIX", **BARE}, "ascii"),
    "ko_KR.eucKR": ({"LC_ALL": "ko_KR.eucKR", "PYTHONIOENCODING": "euc_kr"}, "euc_kr"),  # few systems have the locale
    "cp949": ({**UTF_8, "PYTHONIOENCODING": "cp949"}, "cp949"),
    "latin-1": ({**UTF_8, "PYTHONIOENCODING": "latin-1"}, "latin-1"),
    "ascii": ({**UTF_8, "PYTHONIOENCODING": "ascii"}, "ascii"),
    "UTF-8": (UTF_8, "utf-8"),
}
KOREAN = {"euc_kr", "cp949", "utf-8"}
FORMATS = ("table", "json", "jsonl", "yaml", "csv", "value")
COMMANDS = (
    *(["volume", "list", "-o", form] for form in FORMATS),
    *(["volume", "show", NAME, "-o", form] for form in FORMATS),
    ["volume", "list", "-q"],
    ["volume", "list", "--color", "always"],
    ["volume", "create", "--size", "1", "--name", NAME, "--dry-run"],
    ["volume", "create", "--help"],
    ["volume", "show", "없는 디스크"],
    ["volume", "show", "없는 디스크", "-o", "json"],
    ["volume", "lst"],
)
# one process for all commands: the streams are the process's own, as they are when each has one
_PROGRAM = """
import json, sys
from nbs_cli.__main__ import main
for args in json.loads(sys.stdin.read()):
    code = main(args)
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"\\n--- {code} ---\\n")
        stream.flush()
"""


def ran(served: Served, environ: dict[str, str]) -> tuple[list[int], list[bytes], list[bytes]]:
    """Run COMMANDS with pipes for streams: the exit codes, and what each wrote to stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, **served.environ, **environ},
        input=json.dumps(COMMANDS).encode("ascii"),
        capture_output=True,
        timeout=60,
        check=True,
    )
    outs, errs = (_parts(stream) for stream in (done.stdout, done.stderr))
    return [code for code, _text in outs], [text for _code, text in outs], [text for _code, text in errs]


def _parts(stream: bytes) -> list[tuple[int, bytes]]:
    pieces = stream.split(b"\n--- ")
    codes = [piece.partition(b" ---\n") for piece in pieces[1:]]
    texts = [pieces[0], *(rest for _code, _sign, rest in codes)]
    return [(int(code), text) for (code, _sign, _rest), text in zip(codes, texts, strict=False)]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_crashes(served: Served, nbs: Callable[..., Ran], encoding: str, language: str) -> None:
    """Every format, help and errors: the usual exit codes, no traceback, nothing that the encoding cannot read.

    JSON still gives the names; Korean words come where the encoding has the letters, and English ones where not.
    """
    environ, codec = ENCODINGS[encoding]
    assert nbs("volume", "create", "--size", "1", "--name", NAME, env=served.environ).code == 0
    codes, outs, errs = ran(served, {**environ, "NBS_LANG": language})

    assert codes == [0] * 16 + [3, 3, 2]
    told = b"".join([*outs, *errs]).decode(codec)
    assert "Traceback" not in told
    assert "mistake in nbs" not in told
    assert [record["name"] for record in json.loads(outs[1].decode(codec))] == [NAME]
    assert json.loads(outs[2].decode(codec))["name"] == NAME
    assert json.loads(errs[-2].decode(codec))["error"]["code"] == "not-found"
    assert ("사용법:" in outs[15].decode(codec)) == (language == "ko" and codec in KOREAN)
    assert ("Usage:" in outs[15].decode(codec)) != (language == "ko" and codec in KOREAN)
