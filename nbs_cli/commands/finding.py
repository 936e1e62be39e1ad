"""What a check of the doctor found, and how it is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from nbs_cli.errors import Failure
from nbs_cli.output.text import safe, wrapped

_MARGIN = " " * 9
OK, PROBLEM = "ok", "problem"  # data, so never translated
_CODES = {OK: "32", PROBLEM: "31"}


class Finding(NamedTuple):
    """What one check found: `status` is OK or PROBLEM, `fix` the command that mends it, `request` an open create."""

    check: str
    status: str
    message: str
    fix: str | None = None
    request: dict[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """The finding as `-o json` shows it."""
        record = {"check": self.check, "status": self.status, "message": self.message, "fix": self.fix}
        return record if self.request is None else {**record, "request": self.request}


Step = Callable[[], Finding]


def tried(check: str, step: Step, fix: str | Callable[[Failure], str]) -> Finding:
    """What *step* finds, or the failure it ends in, with the command that mends it."""
    try:
        return step()
    except Failure as failure:
        hint = failure.hint or ""
        told = hint and "`" not in hint and "\n" not in hint  # a command has a line of its own
        words = f"{failure.message}; {hint}" if told else failure.message
        return Finding(check, PROBLEM, words, fix if isinstance(fix, str) else fix(failure))


def lines(finding: Finding, room: int = sys.maxsize, *, color: bool = False) -> list[str]:
    """A finding as people read it, in *room* columns; below it the command that mends it, which is never cut."""
    first, *rest = wrapped(f"{finding.status:<7}  {safe(finding.message)}", room, _MARGIN)
    fix = [safe(finding.fix)] if finding.fix else []
    if color:
        first = f"\x1b[{_CODES[finding.status]}m{finding.status}\x1b[0m" + first.removeprefix(finding.status)
        fix = [f"\x1b[1m{line}\x1b[0m" for line in fix]
    return [first, *rest, *(_MARGIN + line for line in fix)]
