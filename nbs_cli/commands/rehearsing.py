"""`--dry-run`: the requests as they would go out and what they can be expected to meet; none of them is sent."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from nbs_cli.cloud import forecast, pruning, rotation
from nbs_cli.cloud.bulk import at_once
from nbs_cli.cloud.deletion import obstacles
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import SNAPSHOT, Resource
from nbs_cli.cloud.retention import Verdict
from nbs_cli.cloud.rotation import Turn
from nbs_cli.commands.shapes import REQUEST
from nbs_cli.output.cells import compact
from nbs_cli.output.text import safe, wrapped
from nbs_cli.output.words import _
from nbs_cli.session import Session

Request = tuple[str, str, Any, str]  # a method, a path below the tenant's endpoint, a body, and what is expected


def rehearse(session: Session, requests: list[Request]) -> None:
    """Print *requests*; send none of them."""
    tenant = session.credentials.tenant_id
    rows = [
        {"method": method, "path": f"/v2/{tenant}{path}", "body": body, "forecast": expected}
        for method, path, body, expected in requests
    ]
    if session.for_people:
        room = shutil.get_terminal_size().columns if session.stdout.isatty() else sys.maxsize
        session.stdout.write("".join(_lines(row, room) for row in rows))
    else:
        session.printer.show(REQUEST, rows, several=True)
    session.notes.note(_("a rehearsal: nothing was sent"))


def deletion(resource: Resource, item: Found, snapshots: list[dict[str, Any]]) -> Request:
    """The delete of *item*, which has *snapshots*, and whether it is bound to be refused."""
    obstacle = obstacles(resource, item.record, snapshots)
    expected = _("accepted") if obstacle is None else _("refused: {reason}").format(reason=obstacle)
    return "DELETE", f"/{resource.path}/{item.id}", None, expected


def prune(session: Session, verdicts: list[Verdict], policy: Policy) -> None:
    """Rehearse the deletes of a plan, the oldest first; raises Usage for what `--apply` refuses before it sends any."""
    pruning.guard(verdicts, policy.most)
    rehearse(session, _removals(verdicts, ""))


def rotate(session: Session, turns: list[Turn], policy: Policy) -> None:
    """Rehearse the snapshot of each volume, and what goes when it is available."""
    expected = forecast.creates(session.storage, SNAPSHOT, [turn.wish.body for turn in turns])
    sight = pruning.look(session.storage)
    requests: list[Request] = [
        ("POST", f"/{SNAPSHOT.path}", {SNAPSHOT.name: turn.wish.marked()}, words)
        for turn, words in zip(turns, expected, strict=True)
    ]
    for plan in at_once(lambda turn: rotation.foreseen(sight, turn, policy), turns, parallel=1):
        if plan.failure is None:
            requests += _removals(plan.result, "; " + _("sent when the new snapshot is available"))
        else:
            words = _("{volume}: nothing would be removed: {why}")
            session.notes.note(words.format(volume=plan.item.label, why=plan.failure.message))
    rehearse(session, requests)


def _removals(verdicts: list[Verdict], remark: str) -> list[Request]:
    requests = []
    for one in pruning.going(verdicts):
        record = {"id": one.id, "name": one.name, "status": one.status}
        method, path, body, expected = deletion(SNAPSHOT, Found(one.name or one.id, record), [])
        requests.append((method, path, body, expected + remark))
    return requests


def _lines(row: dict[str, Any], room: int) -> str:
    """A request as people read it: its line, below it the body and what is expected.

    Words break into lines of *room* columns; what may be copied, path and body, is left in one piece.
    """
    lines = [f"{row['method']} {row['path']}"]
    lines += [f"  {safe(compact(row['body']))}"] if row["body"] is not None else []
    words = _("expected: {forecast}").format(forecast=safe(row["forecast"]))
    lines += [f"  {line}" for line in wrapped(words, room - 2, "  ")]
    return "\n".join(lines) + "\n"
