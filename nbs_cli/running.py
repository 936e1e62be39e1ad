"""One run from words to exit code: every failure, signal and lost stream ends here."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn, TextIO

import typer
from typer import TyperException

from nbs_cli import mistakes
from nbs_cli.app import tree
from nbs_cli.errors import ExitCode, Failure
from nbs_cli.output.streams import LostOutput
from nbs_cli.output.words import _
from nbs_cli.parser import asked_for_json
from nbs_cli.session import Session


class _Signal(KeyboardInterrupt):
    """A signal that ends the command, as an exception: what must be tidied is. Ctrl-C is one of them."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Lost(io.TextIOBase):
    """A standard stream that was closed before the program began: writing to it fails instead of vanishing."""

    def write(self, _text: str) -> int:
        raise OSError(9, os.strerror(9))

    def isatty(self) -> bool:
        return False


def run(args: list[str], session: Session | None = None) -> int:
    """Run the command line *args* in *session* (a new one of the process by default) and give the exit code."""
    _prepare_streams()
    if session is None:
        _listen(_raise_signal)
    session = session or Session()
    try:
        return _guarded(args, session)
    finally:
        session.close()
        _close_quietly()


def _guarded(args: list[str], session: Session) -> int:
    try:
        code = _invoke(args, session)
        session.settle()
        session.stdout.flush()
    except TyperException as error:
        return _tell(mistakes.told(error), args, session)
    except Failure as failure:
        return _tell(failure, args, session)
    except _Signal as received:
        return _interrupted(session, ExitCode(128 + received.number))
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(session, ExitCode.INTERRUPTED)
    except LostOutput as lost:
        return _lost_output(session, lost.reason)
    except Exception as error:  # noqa: BLE001 no traceback reaches a person; `--debug` shows it
        return _tell(_unexpected(error, session), args, session)
    else:
        return code


def _invoke(args: list[str], session: Session) -> int:
    try:
        with tree().make_context("nbs", list(args), obj=session) as ctx:
            ctx.command.invoke(ctx)
    except typer.Exit as done:
        return done.exit_code
    return ExitCode.OK


def _tell(failure: Failure, args: list[str], session: Session) -> int:
    """Print the failure in the form that was asked for; what was written of the data stays written."""
    wish = session.options.output or session.environment.get("NBS_OUTPUT")
    wants_json = wish in {"json", "jsonl"} or asked_for_json(args)
    try:
        session.stdout.flush()
        session.notes.failure(failure, as_json=wants_json)
    except (OSError, LostOutput):
        return failure.exit_code  # nobody listens any more
    return failure.exit_code


def _unexpected(error: Exception, session: Session) -> Failure:
    if session.debugging:
        import traceback

        for line in traceback.format_exc().splitlines():
            session.notes.debug(session.trace.mask(line))
    if isinstance(error, OSError):
        return Failure(str(error), hint=_("`--debug` shows where it happened"))
    return Failure(
        _("a mistake in nbs: {kind}").format(kind=type(error).__name__),
        hint=_("please report it with the command and what `--debug` shows"),
    )


def _interrupted(session: Session, code: ExitCode) -> int:
    try:
        session.notes.clear()
        if not session.looks_on:
            asked = _("interrupted; what was asked of the server goes on there")
            session.notes.note(asked if session.connected else _("interrupted"))
    except OSError:
        pass
    return code


def _lost_output(session: Session, error: OSError) -> int:
    """Stdout is gone: a reading command ends quietly, one that changed something says on stderr that it did."""
    if session.wrote is None:
        return lost(error)
    with suppress(OSError):
        words = _("done, but the output could not be written")
        session.stderr.write(f"nbs: {words}: {session.wrote}\n")
    return _code_of(error)


def lost(error: OSError) -> int:
    """Say why stdout cannot be written, but for a pipe whose reader has seen enough, and give the exit code."""
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            words = _("the output could not be written")
            sys.stderr.write(f"nbs: {words}: {error.strerror or error}\n")
    _close_quietly()
    return _code_of(error)


def _code_of(error: OSError) -> int:
    return ExitCode.PIPE if isinstance(error, BrokenPipeError) else ExitCode.FAILURE


def _prepare_streams() -> None:
    """What a stream cannot encode is shown as an escape; a stream that does not exist fails when it is written to."""
    sys.stdin = sys.stdin or io.StringIO()  # a daemon has none: nobody is there to answer
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # what is no text is refused by who reads it
    sys.stdout = sys.stdout or _lost()
    sys.stderr = sys.stderr or _lost()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _lost() -> TextIO:
    return _Lost()  # type: ignore[return-value]  # it has what is used of a TextIO: write, flush, isatty, encoding


def _close_quietly() -> None:
    """Python flushes once more at its end and would complain of a closed pipe; what is lost has been told."""
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _listen(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Have *handler* called for every signal that ends a command."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no hang-up
            signal.signal(getattr(signal, name), handler)


def _raise_signal(number: int, _frame: FrameType | None) -> NoReturn:
    """End the command in order; whoever sends a second signal will not wait for that."""
    _listen(signal.SIG_DFL)
    raise _Signal(number)
