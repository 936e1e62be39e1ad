"""Every encoding that a terminal or a pipe may have, in both languages: nothing crashes, and data stays data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pytest

from tests.conftest import NBS, Ran, Served

NAME = "운영-db é 🗄"
NOBODY = "없는 디스크"
UTF_8 = {"LC_ALL": "C.UTF-8"}
BARE = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}  # else Python makes UTF-8 of C and POSIX
FORMATS = ("table", "json", "jsonl", "yaml", "csv", "value")


@dataclass(frozen=True)
class Encoding:
    """What sets it: variables, or a locale that few systems have (its language and its letters), made for the test."""

    codec: str
    environ: dict[str, str] = field(default_factory=dict)
    locale: tuple[str, str, str] | None = None

    def settings(self, locales: Path | None) -> dict[str, str]:
        """The variables; where the folder *locales* has not got its locale, Python is told the encoding alone."""
        if self.locale is None:
            return self.environ
        name = self.locale[0]
        if locales is not None and (locales / name).is_dir():
            return {"LC_ALL": name, "LOCPATH": str(locales)}
        return {**UTF_8, "PYTHONIOENCODING": self.codec}


ENCODINGS = {
    "C": Encoding("ascii", {"LC_ALL": "C", **BARE}),
    "POSIX": Encoding("ascii", {"LC_ALL": "POSIX", **BARE}),
    "ko_KR.eucKR": Encoding("euc_kr", locale=("ko_KR.eucKR", "ko_KR", "EUC-KR")),
    "cp949": Encoding("cp949", locale=("ko_KR.cp949", "ko_KR", "CP949")),
    "latin-1": Encoding("latin-1", locale=("en_US.ISO-8859-1", "en_US", "ISO-8859-1")),
    "ascii": Encoding("ascii", {**UTF_8, "PYTHONIOENCODING": "ascii"}),
    "UTF-8": Encoding("utf-8", UTF_8),
}
KOREAN = {"euc_kr", "cp949", "utf-8"}
# name, what is typed, whether at a terminal
PROCESSES = (
    *((form, ["volume", "list", "-o", form], False) for form in FORMATS),
    ("table on a terminal", ["volume", "list"], True),
    ("help", ["volume", "create", "--help"], False),
    ("error", ["volume", "show", NOBODY], False),
)
COMMANDS = (
    *(["volume", "show", NAME, "-o", form] for form in FORMATS),
    ["volume", "list", "-q"],
    ["volume", "list", "--color", "always"],
    ["volume", "show", NAME, "--with-snapshots"],
    ["usage"],
    ["usage", "--color", "always"],
    ["snapshot", "list", "--volume", NAME, "--timeline"],
    ["volume", "create", "--size", "1", "--name", NAME, "--dry-run"],
    ["help", "exit-codes"],
    ["volume", "show", NOBODY],
    ["volume", "show", NOBODY, "-o", "json"],
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


def locales(folder: Path) -> Path | None:
    """Make the locales of ENCODINGS in *folder*; None on a system that cannot (Debian: the package `locales`)."""
    program = shutil.which("localedef")
    for encoding in ENCODINGS.values():
        if program is not None and encoding.locale is not None:
            name, language, letters = encoding.locale
            words = [program, "-c", "-i", language, "-f", letters, str(folder / name)]
            subprocess.run(words, capture_output=True, check=False)
    return folder if any(folder.iterdir()) else None


def typed(args: list[str], codec: str, environ: dict[str, str], *, terminal: bool) -> tuple[int, bytes]:
    """Run the installed command as it is typed where letters are those of *codec*: exit code, and all that it wrote."""
    if terminal:
        child = pexpect.spawn(NBS, args, env={**environ, "TERM": "xterm"}, timeout=60, dimensions=(24, 120))
        shown: bytes = child.read()  # type: ignore[assignment]  # without an encoding it gives bytes
        child.close()
        return -1 if child.exitstatus is None else child.exitstatus, shown
    words = [word.encode(codec if codec in KOREAN else "utf-8") for word in args]  # else there is no way to type it
    done = subprocess.run(
        [NBS.encode(), *words],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_no_process_crashes(served: Served, nbs: Callable[..., Ran], tmp_path: Path) -> None:
    """Each encoding with each format, help and an error, in Korean, with Korean names; each is a process of its own.

    A process crashes that ends with another exit code than usual, shows a traceback, writes what nobody who expects
    its encoding can read, or loses the letters of a name in JSON.
    """
    (tmp_path / "locales").mkdir()
    made = locales(tmp_path / "locales")
    assert nbs("volume", "create", "--size", "1", "--name", NAME, env=served.environ).code == 0

    def ends(case: tuple[str, tuple[str, list[str], bool]]) -> str | None:
        name, (label, args, terminal) = case
        encoding = ENCODINGS[name]
        environ = {**os.environ, **served.environ, **encoding.settings(made), "NBS_LANG": "ko"}
        code, written = typed(args, encoding.codec, environ, terminal=terminal)
        usual = {0} if label != "error" else {3} if encoding.codec in KOREAN else {2, 3}  # what is no text is no name
        text = written.decode(encoding.codec, "replace")
        crashed = code not in usual or "Traceback" in text or "mistake in nbs" in text or "\ufffd" in text
        crashed = crashed or (label == "json" and json.loads(text)[0]["name"] != NAME)
        return f"{name}, {label}: exit {code}: {written!r}" if crashed else None

    cases = [(name, process) for name in ENCODINGS for process in PROCESSES]
    with ThreadPoolExecutor(2) as pool:
        crashes = [crash for crash in pool.map(ends, cases) if crash]
    real = "real locales" if made else "encodings without their locales"
    print(
        f"{len(cases)} processes ({len(ENCODINGS)} encodings, {len(FORMATS)} formats, a terminal, help, an error; "
        f"{real}): {len(crashes)} crashes"
    )
    assert crashes == []


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


@pytest.mark.parametrize(
    ("encoding", "language"),
    [*((name, "ko") for name in ENCODINGS), ("ko_KR.eucKR", "en")],  # without Korean letters all words are English
)
def test_pictures_and_errors(served: Served, nbs: Callable[..., Ran], encoding: str, language: str) -> None:
    """Trees, bars, time lines, colours, errors too: the usual exit codes, nothing that the encoding cannot read.

    JSON still gives the names; Korean words come where the encoding has the letters, and English ones where not.
    """
    codec = ENCODINGS[encoding].codec
    assert nbs("volume", "create", "--size", "1", "--name", NAME, env=served.environ).code == 0
    codes, outs, errs = ran(served, {**ENCODINGS[encoding].settings(None), "NBS_LANG": language})

    assert codes == [0] * 14 + [3, 3, 2]
    told = b"".join([*outs, *errs]).decode(codec)
    assert "Traceback" not in told
    assert "mistake in nbs" not in told
    assert json.loads(outs[1].decode(codec))["name"] == NAME
    assert json.loads(errs[-2].decode(codec))["error"]["code"] == "not-found"
    korean = language == "ko" and codec in KOREAN
    assert ("존재하지 않습니다" in errs[-3].decode(codec)) == korean
    assert ("there is no volume" in errs[-3].decode(codec)) != korean
