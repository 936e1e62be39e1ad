"""nbs in Korean, many commands in one process: the language is chosen before anything else of nbs is loaded.

Commands come on stdin, one a line, as JSON: `{"args": […], "environ": {…}, "folder": "…"}`; so do the answers go to
stdout: `[exit code, stdout, stderr]`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from nbs_cli.output import words


class Korean:
    """A process that speaks Korean; a context manager."""

    def __enter__(self) -> Korean:
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "tests.korean"],
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

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Run one command with the environment of this process and *env*; gives exit code, stdout and stderr."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"args": args, "environ": {**os.environ, **(env or {})}, "folder": str(Path.cwd())}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code, out, err = json.loads(self._process.stdout.readline())
        return code, out, err


def _answer(asked: dict[str, Any]) -> list[Any]:
    from nbs_cli.running import run
    from nbs_cli.session import Session

    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])
    time.tzset()
    out, err = io.StringIO(), io.StringIO()
    code = run(asked["args"], Session(os.environ, stdin=io.StringIO(), stdout=out, stderr=err))
    return [int(code), out.getvalue(), err.getvalue()]


def main() -> None:
    """Answer until stdin ends."""
    words.speak("ko")
    lines, sys.stdin = sys.stdin, io.StringIO()
    for line in lines:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
