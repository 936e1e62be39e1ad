"""Standard output that knows when it was it that failed, and not a file or a socket."""

from __future__ import annotations

from typing import Any, TextIO


class LostOutput(Exception):
    """What was to be printed could not be written: a closed pipe, a full disk; `reason` says which."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Stdout:
    """Passes everything on to *stream*; its failures become LostOutput."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write *text*."""
        try:
            return self._stream.write(text)
        except OSError as error:
            raise LostOutput(error) from error

    def flush(self) -> None:
        """Have everything written that was kept back."""
        try:
            self._stream.flush()
        except OSError as error:
            raise LostOutput(error) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
