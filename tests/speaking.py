"""The process of a speaker: nbs in one language, on real terminals and piped, at little cost.

It loads all of nbs in its language and waits for commands. One on a terminal, or one that a signal ends, runs in a copy
of it, which has nothing but the terminal, or pipes, for its streams and goes the whole way of the console script. The
others run one after the other in a copy that stays. Commands come on stdin, one a line, as JSON (`Typed`); so do the
answers go to stdout: `[exit code, stdout, stderr]`.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import pty
import selectors
import signal
import struct
import sys
import termios
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from types import SimpleNamespace
from typing import NoReturn, TextIO

from nbs_cli.output import words  # and nothing else: the language comes first

MOMENT = 1_772_409_600.0  # 2026-03-02 00:00 UTC, 09:00 in Seoul: where the sandbox's clock stands still
CTRL_C, TERM = "\x03", "SIGTERM"
SIGNALS = {CTRL_C: signal.SIGINT, TERM: signal.SIGTERM}
Keys = Sequence[tuple[str, str]]
_PATIENCE = 20.0  # seconds that a command may take
_QUIET = 0.1  # seconds: whoever types looks first
_ROWS = 40


@dataclass
class Typed:
    r"""A command as the process gets it: `columns` of its terminal, None for pipes.

    `keys` are pressed in turn, each when the text before it was shown and nothing more comes: `(("[y/N]", "y\r"),)`.
    In pipes there are none but CTRL_C and TERM, which are signals.
    """

    args: Sequence[str]
    environ: Mapping[str, str]
    folder: str
    columns: int | None
    stdin: str
    keys: Keys


def _stand_still() -> None:
    """Stop the clocks whose time is shown: the sandbox's, the doctor's, and that of a list that is watched."""
    from nbs_cli.cloud import probes
    from nbs_cli.commands import journey, watching
    from nbs_cli.sandbox.cloud import Cloud

    class Still(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Still:
            return cls.fromtimestamp(MOMENT, tz)

    _replace(Cloud.__init__, "__defaults__", (*(Cloud.__init__.__defaults__ or ())[:-1], lambda: MOMENT))  # its `now`
    for module in (probes, journey):
        _replace(module, "time", SimpleNamespace(monotonic=lambda: 0.0))  # all that they use of it
    for module in (journey, watching):
        _replace(module, "datetime", Still)


def _replace(owner: object, name: str, value: object) -> None:
    assert hasattr(owner, name)
    setattr(owner, name, value)


def _load(language: str) -> None:
    """Have all of nbs at hand, in *language*, and nothing to be collected: copies write to as little as they can."""
    loaded = [name for name in sys.modules if name.startswith("nbs_cli.")]
    assert loaded == ["nbs_cli.output", words.__name__], "their texts would be English"
    words.speak(language)
    _replace(words, "speak", lambda _language: None)  # once is enough
    import nbs_cli

    for module in pkgutil.walk_packages(nbs_cli.__path__, "nbs_cli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    from nbs_cli.running import run
    from nbs_cli.session import Session

    for library in ("httpcore", "encodings.idna"):  # httpx loads them with its first request
        importlib.import_module(library)
    run(["--help"], Session({}, stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO()))
    assert threading.active_count() == 1, "a copy has no other threads, but the locks that they hold"
    _stand_still()
    gc.collect()
    gc.freeze()
    gc.disable()


def _enter(typed: Typed) -> None:
    """Go where the command is typed."""
    os.environ.clear()
    os.environ.update(typed.environ)
    os.chdir(typed.folder)
    time.tzset()


def _become(typed: Typed) -> NoReturn:
    """Be the console script: of the process that this one was nothing is left but the modules that it loaded."""
    from nbs_cli.__main__ import entry

    try:
        os.closerange(3, 256)
        if typed.columns is not None:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, typed.columns, 0, 0))
        _enter(typed)
        sys.argv = ["nbs", *typed.args]
        sys.stdin = os.fdopen(0, encoding="utf-8")
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")  # type: ignore[misc]  # its size is asked for
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        entry()
    except BaseException:  # noqa: BLE001 it must never go on as the process that it was
        traceback.print_exc()
    os._exit(70)


def _apart(typed: Typed) -> list[object]:
    """Run a command in a process of its own."""
    if typed.columns is None:
        child, keyboard, sources = _in_pipes(typed)
    else:
        child, keyboard = pty.fork()
        if child == 0:
            _become(typed)
        sources = [keyboard]
    shown = _watch(child, keyboard, sources, typed)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return [code, *(text.decode("utf-8", "backslashreplace") for text in shown), ""][:3]


def _in_pipes(typed: Typed) -> tuple[int, int, list[int]]:
    """Begin a command that has pipes for streams and no terminal to ask at: its process, our ends of the pipes."""
    (reading, keyboard), (out, writing), (err, telling) = (os.pipe() for _ in range(3))
    child = os.fork()
    if child == 0:
        os.setsid()
        for stream, end in enumerate((reading, writing, telling)):
            os.dup2(end, stream)
        _become(typed)
    for end in (reading, writing, telling):
        os.close(end)
    return child, keyboard, [out, err]


def _watch(child: int, keyboard: int, sources: list[int], typed: Typed) -> list[bytes]:
    """Press the keys when their time has come, and give what was shown, a text for each of *sources*."""
    shown = dict.fromkeys(sources, b"")
    keys = list(typed.keys)
    seen, end = 0, time.monotonic() + _PATIENCE
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        while selector.get_map():
            events = selector.select(_QUIET)
            for event, _mask in events:
                piece = _read(event.fd)
                shown[event.fd] += piece
                if not piece:
                    selector.unregister(event.fd)
                    os.close(event.fd)
            if not events and keys and keys[0][0].encode() in shown[sources[0]][seen:]:
                seen = len(shown[sources[0]])
                _press(child, keyboard, keys.pop(0)[1], piped=typed.columns is None)
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
    if typed.columns is None:
        os.close(keyboard)
    return list(shown.values())


def _read(source: int) -> bytes:
    try:
        return os.read(source, 65_536)
    except OSError:  # a terminal at which nobody is any more
        return b""


def _press(child: int, keyboard: int, key: str, *, piped: bool) -> None:
    if piped or key == TERM:
        os.kill(child, SIGNALS[key])
    else:
        os.write(keyboard, key.encode())


class _Clerk:
    """A copy of this process in which piped commands run one after the other: a copy for each would cost more."""

    def __init__(self) -> None:
        (asked, asking), (answered, answering) = os.pipe(), os.pipe()
        if os.fork() == 0:
            os.close(asking)
            _serve(os.fdopen(asked), os.fdopen(answering, "w"), _here)
            os._exit(0)
        os.close(asked)
        os.close(answering)
        self._questions, self._answers = os.fdopen(asking, "w"), os.fdopen(answered)

    def answer(self, typed: Typed) -> list[object]:
        """Run a command there."""
        print(json.dumps(asdict(typed)), file=self._questions, flush=True)
        found: list[object] = json.loads(self._answers.readline())
        return found


def _here(typed: Typed) -> list[object]:
    """Run a piped command in this process."""
    from nbs_cli.running import run
    from nbs_cli.session import Session

    _enter(typed)
    out, err = io.StringIO(), io.StringIO()
    code = run(list(typed.args), Session(os.environ, stdin=io.StringIO(typed.stdin), stdout=out, stderr=err))
    return [int(code), out.getvalue(), err.getvalue()]


def _serve(questions: TextIO, answers: TextIO, answer: Callable[[Typed], list[object]]) -> None:
    for line in questions:
        print(json.dumps(answer(Typed(**json.loads(line)))), file=answers, flush=True)


def main() -> None:
    """Answer until stdin ends."""
    _load(sys.argv[1])
    questions, sys.stdin = sys.stdin, io.StringIO()  # a command has one of its own
    clerk = _Clerk()
    _serve(
        questions,
        sys.stdout,
        lambda typed: (clerk.answer if typed.columns is None and not typed.keys else _apart)(typed),
    )


if __name__ == "__main__":
    main()
