"""Creates whose outcome nobody knows, and the commands that settle them (the request journal)."""

from __future__ import annotations

import shlex
from datetime import datetime, timezone
from typing import Any

from nbs_cli.cloud import again
from nbs_cli.commands.finding import OK, PROBLEM, Finding
from nbs_cli.errors import Failure
from nbs_cli.local.journal import Entry, Sheet
from nbs_cli.output.text import local
from nbs_cli.output.words import _
from nbs_cli.session import Session


def requests(session: Session) -> list[Finding]:
    """Creates whose outcome nobody knows (the request journal)."""
    found = [finding for sheet in session.requests if (finding := _of_sheet(session, sheet)) is not None]
    return found or [Finding("requests", OK, _("the outcome of every create is known"))]


def _of_sheet(session: Session, sheet: Sheet) -> Finding | None:
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
    fix = f"{_begin(session, entry)} {again.command(entry.resource, entry.parameters, entry.key)}"
    return Finding("requests", PROBLEM, words.format(**_told(entry)), fix, _request(entry, entry.state))


def _begin(session: Session, entry: Entry) -> str:
    """How the command begins; with the region that it went to where its profile has another by now."""
    place = entry.place
    profile = session.config.profiles.get(place.profile or "")
    moved = profile is not None and place.region is not None and (profile.region or "").upper() != place.region.upper()
    return f"{place.command} --region {place.region}" if moved and "--region" not in place.command else place.command


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
