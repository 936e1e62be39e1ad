"""What a check of the doctor found, and how it is told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from nbs_cli.output.text import safe, wrapped

_MARGIN = " " * 9
OK, PROBLEM = "ok", "problem"  # data, so never translated


@dataclass(frozen=True)
class Finding:
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


def lines(finding: Finding, room: int = sys.maxsize) -> list[str]:
    """A finding as people read it, in *room* columns; below it the command that mends it, which is never cut."""
    told = wrapped(f"{finding.status:<7}  {safe(finding.message)}", room, _MARGIN)
    return [*told, f"{_MARGIN}{safe(finding.fix)}"] if finding.fix else told
