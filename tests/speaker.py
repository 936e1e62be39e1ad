"""A speaker: a process of one language, in which commands of nbs run on terminals and piped (`speaking.py`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import pyte

from nbs_cli.output.text import width
from tests.conftest import Ran
from tests.speaking import SIGNALS, Keys, Typed

_OTHER = re.compile(r"\x1b\[\?1049h.*?\x1b\[\?1049l", re.DOTALL)  # the screen that a watch has for itself
_HOME = re.compile(r"\x1b\[H|\x1b\[\?1049[hl]")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Speaker:
    """A process that speaks *language*; a context manager."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __enter__(self) -> Speaker:
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "tests.speaking", self.language],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, *args: str, env: Mapping[str, str] | None = None, stdin: str = "", keys: Keys = ()) -> Ran:
        """Run a command in pipes, with the environment of this process and *env*."""
        return self._run(args, env or {}, None, stdin, [key for key in keys if key[1] in SIGNALS])

    def at_terminal(self, *args: str, columns: int, env: Mapping[str, str] | None = None, keys: Keys = ()) -> Ran:
        """Run a command on a terminal; its output is what that got, both streams and all escape sequences."""
        return self._run(args, {"TERM": "xterm-256color", **(env or {})}, columns, "", keys)

    def _run(self, args: Sequence[str], env: Mapping[str, str], columns: int | None, stdin: str, keys: Keys) -> Ran:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        environ = {**os.environ, "NBS_LANG": self.language, **env}
        typed = Typed(args, environ, str(Path.cwd()), columns, stdin, keys)
        self._process.stdin.write(json.dumps(asdict(typed)) + "\n")
        self._process.stdin.flush()
        return Ran(*json.loads(self._process.stdout.readline()))


def screen(text: str, columns: int) -> str:
    """What a terminal of *columns* shows after *text*, with the rows that have gone out of sight at its top.

    What was drawn on its other screen has gone with that.
    """
    text = _OTHER.sub("", text)
    rows = text.count("\n") + sum(width(line) // columns for line in lines(text)) + 2
    terminal = pyte.Screen(columns, rows)
    pyte.Stream(terminal).feed(text)
    return "".join(f"{row.rstrip()}\n" for row in terminal.display).rstrip("\n") + "\n" * bool(text)


def lines(text: str) -> list[str]:
    """The lines that were written to a terminal, those that were written over too, without escape sequences."""
    return re.split(r"[\r\n]+", _CONTROL.sub("", _HOME.sub("\n", text)))
