"""Private, atomic, locked files: 0600 in a 0700 folder from birth, old or new but never half, one writer at a time."""

from __future__ import annotations

import errno
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nbs_cli.errors import Failure
from nbs_cli.output.words import _

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE = 0.05  # seconds between two tries for a lock, more or less: many wait at once
_STALE = 3600.0  # seconds after which a temporary file was left behind by a kill


def read(path: Path) -> str | None:
    """The text of *path*, None where there is no such file; raises Failure for one that cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Failure(_("{path} is no text in UTF-8").format(path=path)) from error
    except OSError as error:
        raise Failure(_("{path} cannot be read: {error}").format(path=path, error=_reason(error))) from error


def write(path: Path, text: str, *, durable: bool = True) -> None:
    """Put *text* into *path* whole: a temporary file beside it, fsynced, renamed; its folders are made when missing.

    Raises Failure; then what was there before is untouched. What need not outlive a power cut is not *durable*: it is
    not fsynced, which takes longer than all the rest.
    """
    try:
        _private(path.parent)
        _replace(path, text, durable=durable)
    except OSError as error:
        raise Failure(_("{path} cannot be written: {error}").format(path=path, error=_reason(error))) from error


def check_writable(folder: Path) -> None:
    """Raise Failure with the reason when nothing can be written in *folder*, which is made when it is missing."""
    try:
        _private(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Failure(_("{path} cannot be written: {error}").format(path=folder, error=_reason(error))) from error


def remove(path: Path) -> bool:
    """Remove *path*; False where there is none. Raises Failure."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Failure(_("{path} cannot be removed: {error}").format(path=path, error=_reason(error))) from error
    return True


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[bool]:
    """Hold the lock file *path* while the block runs, waiting at most *seconds* for it; give whether it is held.

    A holder that is killed frees it. Where nothing can be locked (a read-only home, some network drives) the block runs
    without: better twice than not at all.
    """
    descriptor = _open_lock(path)
    if descriptor is None:
        yield False
        return
    try:
        yield _acquire(descriptor, seconds)
    finally:
        os.close(descriptor)  # closing it frees the lock


@contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[bool]:
    """Like `locked`, for what must not be done twice at once: raises Failure where nothing can be locked."""
    descriptor = _open_lock(path)
    if descriptor is None:
        raise Failure(
            _("the lock {path} cannot be made").format(path=path), hint=_("XDG_STATE_HOME names another folder for it")
        )
    try:
        yield _acquire(descriptor, seconds)
    finally:
        os.close(descriptor)


def publish(path: Path, text: str) -> None:
    """Put *text* into *path* whole, for everybody to read; its folder has to be there. Raises Failure."""
    try:
        _replace(path, text, 0o644)
    except OSError as error:
        raise Failure(_("{path} cannot be written: {error}").format(path=path, error=_reason(error))) from error


def _open_lock(path: Path) -> int | None:
    try:
        _private(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        return None


def _acquire(descriptor: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError:
            return False
        else:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(_PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 jitter needs no secrecy


def _private(folder: Path) -> None:
    """Make *folder* and the missing ones above it, each 0700 from birth."""
    if not folder.is_dir():
        _private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        check_caller(folder)


def check_caller(folder: Path) -> None:
    """Raise PermissionError for a *folder* of the user who called sudo: root's files in it would lock them out.

    One that is missing is theirs if the folder above it is.
    """
    caller = os.environ.get("SUDO_UID")
    if caller is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    while not folder.is_dir():
        folder = folder.parent
    if str(folder.stat().st_uid) == caller != "0":
        raise PermissionError(errno.EPERM, _("it belongs to the user who called sudo; run nbs without sudo"))


def _replace(path: Path, text: str, mode: int = 0o600, *, durable: bool = True) -> None:
    _sweep(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if mode != 0o600:  # as it is born
            Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename last; Windows has no such thing."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Remove what killed writers of *path* left behind."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE:
                left.unlink()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
