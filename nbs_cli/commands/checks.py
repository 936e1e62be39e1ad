"""What `nbs doctor` looks at: each check gives findings, each finding its mending."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from nbs_cli.cloud import again
from nbs_cli.errors import Failure
from nbs_cli.local.journal import Entry, Sheet
from nbs_cli.output.text import local, safe
from nbs_cli.output.words import _
from nbs_cli.session import Session

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


Check = Callable[[Session], list[Finding]]


def requests(session: Session) -> list[Finding]:
    """Creates whose outcome nobody knows (the request journal)."""
    found = [finding for sheet in session.requests if (finding := _of_sheet(sheet)) is not None]
    return found or [Finding("requests", OK, _("the outcome of every create is known"))]


CHECKS: tuple[Check, ...] = (requests,)


def _of_sheet(sheet: Sheet) -> Finding | None:
    """The finding of one entry of the journal, None when it is closed."""
    busy = sheet.busy  # before it is read: who is at work may be done with it by then
    try:
        entry = sheet.read()
    except Failure as failure:
        fix = f"rm {shlex.quote(str(sheet.path))}"
        return Finding("requests", PROBLEM, f"{failure.message}: {failure.hint}", fix)
    if entry is None or entry.id is not None:
        return None
    if busy:
        words = _("{what}, sent {when} to {where}: another nbs is at work on it")
        return Finding("requests", OK, words.format(**_told(entry)), None, _request(entry, "at work"))
    words = _("{what}, sent {when} to {where}: nobody knows whether it was created")
    fix = f"{entry.place.command} {again.command(entry.resource, entry.parameters, entry.key)}"
    return Finding("requests", PROBLEM, words.format(**_told(entry)), fix, _request(entry, entry.state))


def _told(entry: Entry) -> dict[str, str]:
    """What, when and where, for people."""
    name = entry.parameters.get("name") or entry.parameters.get("volume_id")
    size = entry.parameters.get("size")
    what = [_(entry.resource), *([str(name)] if name else []), *([f"({size} GB)"] if size else [])]
    when = local(_stamp(entry.sent_at))
    place = entry.place
    where = [place.source, *([place.region] if place.region else [])]
    return {
        "what": " ".join(what),
        "when": f"{when:%Y-%m-%d %H:%M:%S}" if when else "-",
        "where": ", ".join(where),
    }


def _request(entry: Entry, state: str) -> dict[str, Any]:
    """What the journal keeps of it, for programs."""
    place = entry.place
    return {
        "key": entry.key,
        "resource": entry.resource,
        "parameters": entry.parameters,
        "state": state,
        "sent_at": _stamp(entry.sent_at),
        "server_time": entry.server_time,
        "profile": place.profile,
        "region": place.region,
        "tenant_id": place.tenant_id,
        "endpoint": place.endpoint,
    }


def _stamp(moment: float) -> str:
    """UTC, in the form of the wire."""
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%dT%H:%M:%S}"


def lines(finding: Finding) -> list[str]:
    """A finding as people read it: its line, below it the command that mends it, which is never cut."""
    told = [f"{finding.status:<7}  {safe(finding.message)}"]
    return [*told, f"         {safe(finding.fix)}"] if finding.fix else told
