"""What there is, for people and for programs: the figures of a survey in words and bars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbs_cli.cloud.periods import window
from nbs_cli.cloud.survey import Sum, Survey, survey
from nbs_cli.commands.shapes import USAGE
from nbs_cli.errors import Usage
from nbs_cli.output.figures import Figure, Section
from nbs_cli.output.text import ago, moment
from nbs_cli.output.words import _
from nbs_cli.session import Session

_SHOWN = 5  # of each kind of what stands out; the command below lists them all


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
    for text in _ways_on(found):
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
        frozenset({1, 2}),
    )
    titles = {
        "volume_type": _("volumes by type"),
        "status": _("volumes by status"),
        "availability_zone": _("volumes by zone"),
    }
    for wire, title in titles.items():
        whole = max(1, found.volumes.gigabytes)
        figures = [
            Figure((name, f"{one.count:,}", f"{one.gigabytes:,} GB"), one.gigabytes / whole)
            for name, one in found.largest(wire)
        ]
        if figures:
            yield Section(title, figures, frozenset({1, 2}))


def _total(found: Survey, name: str, key: str, one: Sum) -> Figure:
    quota, share = _quota(found, key)
    return Figure((name, f"{one.count:,}", f"{one.gigabytes:,} GB", quota), share, bounded=True)


def _storage(found: Survey) -> list[Figure]:
    """The quota of all GB, volumes and snapshots together, which no sum shows."""
    quota, share = _quota(found, "gigabytes")
    used = ((found.quota or {}).get("gigabytes") or {}).get("used")
    return (
        [Figure((_("counted by the quota"), "", f"{used:,} GB", quota), share, bounded=True)]
        if quota and used is not None
        else []
    )


def _quota(found: Survey, key: str) -> tuple[str, float | None]:
    one = (found.quota or {}).get(key)
    if one is None or one["used"] is None or one["limit"] is None:
        return "", None
    return _("of {limit:,}").format(limit=one["limit"]), one["used"] / max(1, one["limit"])


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
                frozenset({1}),
            )


def _largest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: -row["size"] if isinstance(row["size"], int) else 0)


def _line(row: dict[str, Any], found: Survey) -> Figure:
    created = moment(row["created_at"]) if isinstance(row["created_at"], str) else None
    age = "-" if created is None else ago((found.now - created).total_seconds())
    size = f"{row['size']:,} GB" if isinstance(row["size"], int) else "-"
    state = str(row["status"]) if row in found.failed else age
    return Figure((row["id"], size, state, str(row["name"] or "-")))


def _more(rows: list[dict[str, Any]]) -> list[Figure]:
    count = len(rows) - _SHOWN
    return [Figure((_("and {count} more").format(count=count), "", "", ""))] if count > 0 else []


def _ways_on(found: Survey) -> Iterator[str]:
    if len(found.unattached) > _SHOWN:
        yield _("`nbs volume list --unattached` lists the volumes that no instance has")
    if any(row["kind"] == "volume" for row in found.failed):
        yield _("`nbs volume list --status error` lists the failed ones")
