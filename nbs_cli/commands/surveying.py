"""What there is, for people and for programs: the figures of a survey in words and bars."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from nbs_cli.cloud.periods import window
from nbs_cli.cloud.resources import Kind
from nbs_cli.cloud.survey import Sum, Survey, survey
from nbs_cli.commands.shapes import USAGE
from nbs_cli.errors import Usage
from nbs_cli.output.figures import Figure, Section
from nbs_cli.output.text import ago, moment
from nbs_cli.output.words import _
from nbs_cli.session import Session

_SHOWN = 5  # of each kind of what stands out; a hint names the command that lists them all
_TOTAL = (Kind.NAME, Kind.SIZE, Kind.TEXT, Kind.SIZE, Kind.TEXT)  # a name, how many of how many, GB of how many
_SUM = (Kind.NAME, Kind.SIZE, Kind.SIZE)
_NOTICED = (Kind.ID, Kind.NAME, Kind.SIZE, Kind.STATUS)


def tell(session: Session, stale: str) -> None:
    """Print the survey of this region; a snapshot older than *stale* (`90d`) is old."""
    session.printer.check(USAGE)
    age = window(stale)
    if session.options.quiet:
        raise Usage(_("-q gives IDs, and sums have none"), hint=_("`nbs volume list --unattached -q` gives some"))
    found = survey(session.storage, age)
    if not session.for_people:
        session.printer.show(USAGE, [found.record()])
        return
    session.picture([*_sums(found), *_standing_out(found, stale)])
    for text in _ways_on(found, stale):
        session.notes.hint(text)


def _sums(found: Survey) -> Iterator[Section]:
    """What there is in all, with quotas; then volumes by type, status and zone."""
    yield Section(
        _("in all"),
        [
            _total(found, _("volumes"), "volumes", found.volumes),
            _total(found, _("snapshots"), "snapshots", found.snapshots),
            *_storage(found),
        ],
        _TOTAL,
    )
    titles = {
        "volume_type": _("volumes by type"),
        "status": _("volumes by status"),
        "availability_zone": _("volumes by zone"),
    }
    for wire, title in titles.items():
        whole = max(1, found.volumes.gigabytes)
        figures = [
            Figure((name, f"{one.count:,}", _gigabytes(one.gigabytes)), one.gigabytes / whole)
            for name, one in found.largest(wire)
        ]
        if figures:
            yield Section(title, figures, _SUM)


def _total(found: Survey, name: str, key: str, one: Sum) -> Figure:
    limit, share = _quota(found, key)
    return Figure((name, f"{one.count:,}", _most(limit), _gigabytes(one.gigabytes), ""), share, bounded=True)


def _storage(found: Survey) -> list[Figure]:
    """The quota of all GB, volumes and snapshots together, which no sum shows."""
    limit, share = _quota(found, "gigabytes")
    if limit is None or found.quota is None:
        return []
    used = _gigabytes(found.quota["gigabytes"]["used"])
    return [Figure((_("counted by the quota"), "", "", used, _most(limit, " GB")), share, bounded=True)]


def _quota(found: Survey, key: str) -> tuple[int | None, float | None]:
    """The limit of *key* and the share of it that is used, None where the server tells no limit."""
    one = (found.quota or {}).get(key)
    if one is None or one["used"] is None or one["limit"] is None:
        return None, None
    return one["limit"], one["used"] / max(1, one["limit"])


def _most(limit: int | None, unit: str = "") -> str:
    return "" if limit is None else _("of {limit:,}").format(limit=limit) + unit


def _gigabytes(size: object) -> str:
    return f"{size:,} GB" if isinstance(size, int) else "-"


def _standing_out(found: Survey, stale: str) -> Iterator[Section]:
    """What somebody should look at, the largest first."""
    for rows, title in (
        (found.unattached, _("volumes that no instance has: {count}, {gigabytes:,} GB")),
        (found.failed, _("ended in an error status: {count}")),
        (found.orphaned, _("snapshots whose volume is gone: {count}, {gigabytes:,} GB")),
        (found.stale, _("snapshots older than {stale}: {count}, {gigabytes:,} GB")),
    ):
        if rows:
            gigabytes = sum(row["size"] for row in rows if isinstance(row["size"], int))
            yield Section(
                title.format(count=len(rows), gigabytes=gigabytes, stale=stale),
                [_line(row, found) for row in _largest(rows)[:_SHOWN]] + _more(rows),
                _NOTICED,
            )


def _largest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The largest first, and of those that are as large the oldest."""
    sizes = {id(row): row["size"] if isinstance(row["size"], int) else 0 for row in rows}
    return sorted(rows, key=lambda row: (-sizes[id(row)], str(row["created_at"])))


def _line(row: dict[str, Any], found: Survey) -> Figure:
    created = moment(row["created_at"]) if isinstance(row["created_at"], str) else None
    age = "-" if created is None else ago((found.now - created).total_seconds())
    state = str(row["status"]) if row in found.failed else age
    return Figure((str(row["id"]), str(row["name"] or "-"), _gigabytes(row["size"]), state))


def _more(rows: list[dict[str, Any]]) -> list[Figure]:
    count = len(rows) - _SHOWN
    return [Figure((_("and {count} more").format(count=count), "", "", ""))] if count > 0 else []


def _ways_on(found: Survey, stale: str) -> Iterator[str]:
    """The commands that list what stands out, where it is not all shown, and what failed."""
    if len(found.unattached) > _SHOWN:
        yield _("`nbs volume list --unattached --status available` lists the volumes that no instance has")
    for kind, status in dict.fromkeys((row["kind"], row["status"]) for row in found.failed):
        words = _("`nbs {kind} list --status {status}` lists the failed ones")
        yield words.format(kind=kind, status=shlex.quote(str(status)))
    if len(found.orphaned) > _SHOWN:
        yield _("`nbs usage --query 'orphaned[].id' -o value` lists the snapshots whose volume is gone")
    if len(found.stale) > _SHOWN:
        yield _("`nbs snapshot list --older-than {stale}` lists the old ones").format(stale=stale)
