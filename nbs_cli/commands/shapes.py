"""Shapes of what is printed and not of the guide: outcomes, rehearsals, plans, findings, commands."""

from __future__ import annotations

from dataclasses import replace

from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Field, Kind, Resource
from nbs_cli.output.words import _

OUTCOME = Resource(
    name="outcome",
    plural="outcomes",
    path="",
    fields=(
        Field("ref", _("what was named"), Kind.NAME),
        Field("id", _("its ID"), Kind.ID),
        Field("outcome", _("what became of it"), Kind.STATUS),
        Field("error", _("why it failed"), Kind.OBJECT, optional=True),
    ),
    columns=("ref", "id", "outcome"),
)
TREE = replace(
    VOLUME,
    name="volume_tree",
    fields=(
        *VOLUME.fields,
        Field("snapshots", _("its snapshots"), Kind.OBJECT, items=tuple(field.wire for field in SNAPSHOT.fields)),
    ),
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
PROFILE = Resource(
    name="profile",
    plural="profiles",
    path="",
    fields=(
        Field("name", _("its name"), Kind.NAME),
        Field("in_use", _("whether commands use it when nothing else is said"), Kind.YES),
        Field("realm", _("realm")),
        Field("region", _("region")),
        Field("tenant_id", _("tenant ID"), Kind.ID, "tenant"),
        Field("username", _("account"), Kind.NAME),
        Field("store", _("where its secret lies: keyring, file or command")),
        Field("read_only", _("whether every write is refused"), Kind.YES),
        Field("output", _("its usual format")),
        Field("identity_url", _("identity service, where it is not the realm's")),
        Field("endpoint", _("block storage endpoint, where it is not the service catalog's")),
        Field("password_command", _("the command that gives its password"), Kind.OBJECT),
        Field("keyring_backend", _("the keyring chosen at login")),
        Field("retention", _("its retention policies by name, as the file has them"), Kind.OBJECT),
    ),
    columns=("name", "in_use", "realm", "region", "username", "store", "read_only", "tenant_id"),
    id_field="name",
)
FINDING = Resource(
    name="finding",
    plural="findings",
    path="",
    fields=(
        Field("check", _("what was looked at")),
        Field("status", _("ok, or problem"), Kind.STATUS),
        Field("message", _("what was found")),
        Field("fix", _("the command that mends it")),
        Field("request", _("the request that it is about, where it is one"), Kind.OBJECT, optional=True),
    ),
    columns=("check", "status", "message", "fix"),
    id_field="fix",
)
_SUM = ("value", "count", "gigabytes")
_NOTICED = ("kind", "id", "name", "status", "size", "created_at")
USAGE = Resource(
    name="usage",
    plural="usage",
    path="",
    fields=(
        Field("volumes", _("how many volumes there are, and their GB"), Kind.OBJECT),
        Field("snapshots", _("how many snapshots there are, and the GB of their volumes"), Kind.OBJECT),
        Field("by_type", _("volumes by type"), Kind.OBJECT, items=_SUM),
        Field("by_status", _("volumes by status"), Kind.OBJECT, items=_SUM),
        Field("by_zone", _("volumes by availability zone"), Kind.OBJECT, items=_SUM),
        Field("quota", _("what is used and allowed; null where the server does not tell it"), Kind.OBJECT),
        Field("unattached", _("available volumes that no instance has"), Kind.OBJECT, items=_NOTICED),
        Field("failed", _("volumes and snapshots in an error status"), Kind.OBJECT, items=_NOTICED),
        Field("orphaned", _("snapshots whose volume is gone"), Kind.OBJECT, items=_NOTICED),
        Field("stale", _("snapshots that are old"), Kind.OBJECT, items=_NOTICED),
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
        Field("was", _("what the fields that changed held before"), Kind.OBJECT),
    ),
    columns=("time", "change", "name", "status", "id"),
)
FAULT = Resource(
    name="fault",
    plural="faults",
    path="",
    fields=(
        Field("id", _("its number"), Kind.ID, types=("integer",)),
        Field("kind", _("what happens"), Kind.NAME),
        Field("parameters", _("how it happens"), Kind.OBJECT),
        Field("method", _("the method of the requests it befalls; null for any")),
        Field("path", _("what their path, or path and query, is like; null for any")),
        Field("count", _("how many it befalls in all; 0 for ever"), types=("integer",)),
        Field("done", _("how many it befell"), types=("integer",)),
        Field("after", _("how many it spares first"), types=("integer",)),
        Field("seen", _("how many it was about, spared ones included"), types=("integer",)),
        Field("probability", _("how likely it is for each"), types=("number",)),
        Field("seed", _("what the dice begin with"), types=("integer",)),
    ),
    columns=("id", "kind", "method", "path", "count", "done", "parameters"),
)
STATUS = Resource(
    name="status",
    plural="status",
    path="",
    fields=(
        Field("source", _("where the credentials come from")),
        Field("profile", _("the profile, where it is one")),
        Field("realm", _("realm")),
        Field("identity_url", _("identity service")),
        Field("tenant_id", _("tenant ID"), Kind.ID, "tenant"),
        Field("username", _("account"), Kind.NAME),
        Field("region", _("region")),
        Field("region_from", _("where the region comes from")),
        Field("secret", _("where the password or token lies")),
        Field("token_expires", _("when the token ends (UTC on the wire)"), Kind.TIME),
        Field("regions", _("the regions that its service catalog offers"), Kind.OBJECT),
        Field("endpoint", _("the block storage endpoint, where it is known")),
        Field("online", _("whether the credentials work; null when that was not tried"), Kind.YES),
    ),
    columns=("source", "username", "tenant_id", "region"),
    id_field="username",
)
CLOCK = Resource(
    name="clock",
    plural="clocks",
    path="",
    fields=(
        Field("time", _("the sandbox's time (UTC on the wire)"), Kind.TIME),
        Field("ahead", _("how many seconds it is ahead of the real one"), types=("number",)),
    ),
    columns=("time", "ahead"),
    id_field="time",
)
PLAN = Resource(
    name="plan",
    plural="plan",
    path="",
    fields=(
        Field("action", _("keep, remove, or leave: not the policy's business"), Kind.STATUS),
        Field("time", _("when it was created, in the zone of the policy"), Kind.CALENDAR),
        Field("name", _("snapshot name"), Kind.NAME),
        Field(
            "reasons", _("the rules that keep it, or why it goes or is left alone"), Kind.TEXT, "why", types=("array",)
        ),
        Field("volume_name", _("name of its volume"), Kind.NAME, "volume"),
        Field("id", _("snapshot ID"), Kind.ID),
        Field("volume_id", _("ID of its volume"), Kind.ID),
        Field("status", _("status"), Kind.STATUS),
        Field("created_at", _("when it was created (UTC on the wire)"), Kind.TIME, "created"),
        Field("outcome", _("what became of it: removed, failed, or not tried"), Kind.STATUS, optional=True),
        Field("error", _("why it failed"), Kind.OBJECT, optional=True),
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
        Field("removed_ids", _("the IDs of the removed snapshots"), Kind.TEXT, types=("array",)),
        Field("error", _("why it failed"), Kind.OBJECT, optional=True),
    ),
    columns=("volume", "outcome", "snapshot", "kept", "removed", "left", "snapshot_id"),
    id_field="snapshot_id",
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
        Field("candidates", _("what an ambiguous name may mean"), Kind.OBJECT, optional=True),
    ),
    columns=("code", "message"),
    id_field="code",
)
COMMAND = Resource(
    name="command",
    plural="commands",
    path="",
    fields=(
        Field("command", _("the words to type"), Kind.NAME),
        Field("summary", _("what it does, in a line")),
        Field("help", _("what it does")),
        Field("arguments", _("what follows its words"), Kind.OBJECT),
        Field("options", _("its own options; those of every command stand with `nbs`"), Kind.OBJECT),
        Field("commands", _("the commands below it"), Kind.OBJECT),
        Field("examples", _("how it is used"), Kind.OBJECT),
        Field("prints", _("the shape of what it prints, as `nbs schema` knows it")),
    ),
    columns=("command", "summary"),
    id_field="command",
)
