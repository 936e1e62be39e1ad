"""Shapes of what is printed and not of the guide: failures, outcomes, rehearsals, plans, figures, changes."""

from __future__ import annotations

from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Field, Kind, Resource
from nbs_cli.output.words import _

ARRAY = ("array",)  # of texts, or of what `of` says
OBJECT = ("object",)


def part(name: str, *fields: Field) -> Resource:
    """The shape of what stands within another."""
    return Resource(name, name, "", fields, tuple(field.wire for field in fields))


_CANDIDATE = part(
    "candidate",
    Field("id", _("its ID"), Kind.ID),
    Field("name", _("its name"), Kind.NAME),
    Field("status", _("status"), Kind.STATUS, optional=True),
    Field("size", _("size in GB"), Kind.SIZE, optional=True),
    Field("created_at", _("when it was created (UTC on the wire)"), Kind.TIME, optional=True),
)
ERROR = Resource(
    name="error",
    plural="errors",
    path="",
    fields=(
        Field("code", _("what it is, in a word: usage, not-found, conflict, …")),
        Field("exit", _("the exit code"), types=("integer",)),
        Field("message", _("what happened, in the server's words too")),
        Field("http_status", _("the status of the server's answer, where there was one"), types=("integer",)),
        Field("request_id", _("the ID that support asks for")),
        Field("hint", _("the next step")),
        Field(
            "retryable", _("whether the same command may fare better a little later, and makes nothing twice"), Kind.YES
        ),
        Field("resource", _("the ID or name that it is about")),
        Field(
            "candidates", _("what an ambiguous name may mean"), Kind.OBJECT, types=ARRAY, of=_CANDIDATE, optional=True
        ),
    ),
    columns=("code", "message"),
    id_field="code",
)
OUTCOME = Resource(
    name="outcome",
    plural="outcomes",
    path="",
    fields=(
        Field("ref", _("what was named"), Kind.NAME),
        Field("id", _("its ID"), Kind.ID),
        Field("outcome", _("what became of it"), Kind.STATUS),
        Field("error", _("why it failed"), Kind.OBJECT, types=OBJECT, of=ERROR, optional=True),
    ),
    columns=("ref", "id", "outcome"),
)
TREE = VOLUME._replace(
    name="volume_tree",
    fields=(
        *VOLUME.fields,
        Field(
            "snapshots",
            _("its snapshots"),
            Kind.OBJECT,
            items=tuple(field.wire for field in SNAPSHOT.fields),
            types=ARRAY,
            of=SNAPSHOT,
        ),
    ),
    brief=(),
)
REQUEST = Resource(
    name="request",
    plural="requests",
    path="",
    fields=(
        Field("method", _("method")),
        Field("path", _("path")),
        Field("body", _("body"), Kind.OBJECT),
        Field("forecast", _("what the server is expected to answer")),
    ),
    columns=("method", "path", "body", "forecast"),
    id_field="path",
)
_COUNT = Field("count", _("how many"), types=("integer",))
_GIGABYTES = Field("gigabytes", _("their GB"), types=("integer",))
_SUM = part("sum", _COUNT, _GIGABYTES)
_DIVISION = part("division", Field("value", _("what they have in common")), _COUNT, _GIGABYTES)
_USED = part(
    "used",
    Field("used", _("how much is used"), types=("integer",)),
    Field("limit", _("how much there may be"), types=("integer",)),
)
_QUOTA = part(
    "quota",
    *(
        Field(name, words, Kind.OBJECT, types=OBJECT, of=_USED)
        for name, words in (
            ("gigabytes", _("GB of volumes and snapshots")),
            ("volumes", _("volumes")),
            ("snapshots", _("snapshots")),
        )
    ),
)
_NOTICED = part(
    "noticed",
    Field("kind", _("volume or snapshot")),
    Field("id", _("its ID"), Kind.ID),
    Field("name", _("its name"), Kind.NAME),
    Field("status", _("status"), Kind.STATUS),
    Field("size", _("size in GB"), Kind.SIZE),
    Field("created_at", _("when it was created (UTC on the wire)"), Kind.TIME),
)
USAGE = Resource(
    name="usage",
    plural="usage",
    path="",
    fields=(
        Field("volumes", _("how many volumes there are, and their GB"), Kind.OBJECT, types=OBJECT, of=_SUM),
        Field(
            "snapshots",
            _("how many snapshots there are, and the GB of their volumes"),
            Kind.OBJECT,
            types=OBJECT,
            of=_SUM,
        ),
        Field("by_type", _("volumes by type"), Kind.OBJECT, types=ARRAY, of=_DIVISION),
        Field("by_status", _("volumes by status"), Kind.OBJECT, types=ARRAY, of=_DIVISION),
        Field("by_zone", _("volumes by availability zone"), Kind.OBJECT, types=ARRAY, of=_DIVISION),
        Field(
            "quota",
            _("what is used and allowed; null where the server does not tell it"),
            Kind.OBJECT,
            types=OBJECT,
            of=_QUOTA,
        ),
        Field("unattached", _("available volumes that no instance has"), Kind.OBJECT, types=ARRAY, of=_NOTICED),
        Field("failed", _("volumes and snapshots in an error status"), Kind.OBJECT, types=ARRAY, of=_NOTICED),
        Field("orphaned", _("snapshots whose volume is gone"), Kind.OBJECT, types=ARRAY, of=_NOTICED),
        Field("stale", _("snapshots that are old"), Kind.OBJECT, types=ARRAY, of=_NOTICED),
        Field("time", _("the server's time by which ages were judged (UTC)"), Kind.TIME),
    ),
    columns=("volumes", "snapshots", "quota"),
    id_field="time",
)
CHANGE = Resource(
    name="change",
    plural="changes",
    path="",
    fields=(
        Field("time", _("when it was seen (UTC)"), Kind.TIME),
        Field("change", _("present at the first look; then added, changed, or removed from the list"), Kind.STATUS),
        Field("id", _("ID"), Kind.ID),
        Field("name", _("name"), Kind.NAME),
        Field("status", _("status"), Kind.STATUS),
        Field("size", _("size in GB"), Kind.SIZE),
        Field("was", _("what the fields that changed held before"), Kind.OBJECT, types=OBJECT),
    ),
    columns=("time", "change", "name", "status", "id"),
)
PLAN = Resource(
    name="plan",
    plural="plan",
    path="",
    fields=(
        Field("action", _("keep, remove, or leave: not the policy's business"), Kind.STATUS),
        Field("time", _("when it was created, in the zone of the policy"), Kind.CALENDAR),
        Field("name", _("snapshot name"), Kind.NAME),
        Field("reasons", _("the rules that keep it, or why it goes or is left alone"), Kind.TEXT, "why", types=ARRAY),
        Field("volume_name", _("name of its volume"), Kind.NAME, "volume"),
        Field("id", _("snapshot ID"), Kind.ID),
        Field("volume_id", _("ID of its volume"), Kind.ID),
        Field("status", _("status"), Kind.STATUS),
        Field("created_at", _("when it was created (UTC on the wire)"), Kind.TIME, "created"),
        Field("outcome", _("what became of it: removed, failed, or not tried"), Kind.STATUS, optional=True),
        Field("error", _("why it failed"), Kind.OBJECT, types=OBJECT, of=ERROR, optional=True),
    ),
    columns=("action", "time", "name", "reasons", "id"),
)
ROTATION = Resource(
    name="rotation",
    plural="rotations",
    path="",
    fields=(
        Field("volume", _("name of the volume"), Kind.NAME),
        Field("outcome", _("ok; partial: a snapshot is there, but old ones are left; or failed"), Kind.STATUS),
        Field("snapshot", _("name of the new snapshot"), Kind.NAME),
        Field("kept", _("how many the policy keeps"), types=("integer",)),
        Field("removed", _("how many were removed"), types=("integer",)),
        Field("left", _("how many are not the policy's business"), types=("integer",)),
        Field("policy", _("the policy")),
        Field("snapshot_id", _("ID of the new snapshot"), Kind.ID),
        Field("volume_id", _("ID of the volume"), Kind.ID),
        Field("created_at", _("when the new snapshot was created (UTC on the wire)"), Kind.TIME, "created"),
        Field("removed_ids", _("the IDs of the removed snapshots"), Kind.TEXT, types=ARRAY),
        Field("error", _("why it failed"), Kind.OBJECT, types=OBJECT, of=ERROR, optional=True),
    ),
    columns=("volume", "outcome", "snapshot", "kept", "removed", "left", "snapshot_id"),
    id_field="snapshot_id",
)
