"""`nbs snapshot list --timeline`: a volume's snapshots drawn on a time line, a lane for each policy."""

from __future__ import annotations

import shutil

from nbs_cli.cloud import pruning
from nbs_cli.cloud.periods import SEOUL, zone
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.pruning import Sight
from nbs_cli.cloud.refs import Found, one
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.cloud.retention import Action
from nbs_cli.errors import Usage
from nbs_cli.output import timeline
from nbs_cli.output.text import safe
from nbs_cli.output.timeline import PLAIN, Lane, Signs
from nbs_cli.output.words import _
from nbs_cli.session import Session

_WIDEST = 120
_PIPED = 80


def draw(session: Session, volume: str | None) -> None:
    """Draw the snapshots of *volume*; what a policy of the config file would keep stands out."""
    if volume is None:
        raise Usage(_("--timeline draws the snapshots of one volume"), hint=_("say which: `--volume NAME`"))
    if not session.for_people:
        raise Usage(_("--timeline is a picture for people"), hint=_("`nbs snapshot prune -o json` gives the plan"))
    found = one(session.storage, VOLUME, volume)
    sight = pruning.look(session.storage)
    lanes = _lanes(session, sight, found)
    if not lanes:
        session.notes.note(_("there are no snapshots of {volume}").format(volume=volume))
        return
    utf8 = "utf" in (session.stdout.encoding or "utf-8").lower()
    signs = Signs() if utf8 else PLAIN
    room = min(shutil.get_terminal_size().columns, _WIDEST) if session.stdout.isatty() else _PIPED
    name = safe(str(found.record.get("name") or found.id))
    legend = _("{stays} kept  {goes} would go  {other} not judged").format(
        stays=signs.stays, goes=signs.goes, other=signs.other
    )
    lines = [name, *timeline.picture(lanes, room, signs), f"{legend}  ({SEOUL})"]
    session.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))


def _lanes(session: Session, sight: Sight, found: Found) -> list[Lane]:
    """A lane for each policy that marked one of the snapshots, and one for those that bear no mark."""
    snapshots = [pruning.read(record) for record in sight.records if record.get("volume_id") == found.id]
    names = sorted({snapshot.policy for snapshot in snapshots if snapshot.policy is not None})
    lanes = []
    for name in [*names, None]:
        stays = _judged(sight, session.policy(name, {}), found) if name is not None else {}
        moments = [
            (snapshot.created.astimezone(zone(SEOUL)), stays.get(snapshot.id))
            for snapshot in snapshots
            if snapshot.policy == name and snapshot.created is not None
        ]
        if moments:
            lanes.append(Lane(name or _("no policy"), _words([kept for _moment, kept in moments]), moments))
    return lanes


def _judged(sight: Sight, policy: Policy | None, found: Found) -> dict[str, bool]:
    """Whether each candidate of *policy* stays; nothing where its rules are not in the config file."""
    if policy is None:
        return {}
    return {
        verdict.snapshot.id: verdict.action is Action.KEEP
        for verdict in pruning.planned(sight, policy, {found.id})
        if verdict.action is not Action.LEAVE
    }


def _words(stays: list[bool | None]) -> str:
    if all(one is None for one in stays):
        return str(len(stays))
    return _("{kept} of {count} kept").format(kept=stays.count(True), count=len(stays))
