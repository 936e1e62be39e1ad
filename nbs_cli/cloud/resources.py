"""What the guide documents, as data: fields, columns, paths, statuses and their meanings.

One declaration per resource drives tables, columns, the JSON projection, the API's paths and the reference pages.
Source: the API v2 guide (Block Storage > API v2), sections named at each declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from nbs_cli.output.words import _


class Kind(Enum):
    """How people read a value; programs get it as the server sent it."""

    TEXT = "text"
    ID = "id"
    NAME = "name"
    STATUS = "status"
    SIZE = "size"  # GB
    TIME = "time"  # UTC on the wire
    CALENDAR = "calendar"  # a time as it stands in the zone that matters
    YES = "yes"  # a boolean, or the strings "true" and "false"
    OBJECT = "object"
    METADATA = "metadata"
    BACKEND = "backend"  # the backend named in a type's extra specs
    ATTACHMENTS = "attachments"
    DESCRIPTION = "description"
    LINKS = "links"


class Paging(Enum):
    """How a list comes in pages."""

    WHOLE = "whole"  # the guide and the family know no pages of it
    MARKER = "marker"
    EITHER = "either"  # some servers ignore `marker` on this list, and offsets must do (facts.md §3.4)


class Field(NamedTuple):
    """A documented field: wire name, help, kind, a short name for columns, the documented keys of its items.

    `types` is what it is in JSON, where that is not what its kind says, and `of` the shape of the object that it holds,
    or of each in its list.
    """

    wire: str
    help: str
    kind: Kind = Kind.TEXT
    short: str = ""
    items: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    of: Resource | None = None
    optional: bool = False  # left out, not null, where there is none

    @property
    def heading(self) -> str:
        """What stands over the column."""
        return self.short or self.wire


class Resource(NamedTuple):
    """A kind of thing the API knows: where it lives, what it is called on the wire, what of it is documented."""

    name: str
    plural: str
    path: str
    fields: tuple[Field, ...]
    columns: tuple[str, ...]
    brief: tuple[str, ...] = ()  # the wire names of the list without details, empty where there is none
    statuses: tuple[tuple[str, str], ...] = ()
    id_field: str = "id"
    paging: Paging = Paging.WHOLE

    def field(self, name: str) -> Field | None:
        """The field with this wire name or short name."""
        return next((field for field in self.fields if name and name in {field.wire, field.short}), None)

    def named(self, names: tuple[str, ...]) -> tuple[Field, ...]:
        """The fields with these wire names or short names, in their order."""
        return tuple(field for name in names if (field := self.field(name)))

    def project(self, record: dict[str, Any], fields: tuple[Field, ...] | None = None) -> dict[str, Any]:
        """Keep what the guide documents: every field of *fields* (all by default), null where the server left it out.

        Undocumented keys are dropped, in the items of attachments and links too: the guide says that they may change.
        """
        return self.projection(self.fields if fields is None else fields)(record)

    def projection(self, fields: tuple[Field, ...]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """What `project` does with *fields*, for many records: what they are like is looked at once."""
        wires = tuple(field.wire for field in fields)
        nested = tuple((field.wire, field.items) for field in fields if field.items)
        optional = tuple(field.wire for field in fields if field.optional)

        def projected(record: dict[str, Any]) -> dict[str, Any]:
            kept = {wire: record.get(wire) for wire in wires}
            for wire, items in nested:
                if kept[wire]:
                    kept[wire] = _kept(kept[wire], items)
            for wire in optional:
                if wire not in record:
                    del kept[wire]
            return kept

        return projected


def _kept(value: Any, items: tuple[str, ...]) -> Any:
    if not isinstance(value, list):
        return value
    return [{key: item.get(key) for key in items} if isinstance(item, dict) else item for item in value]


_LINKS = Field("links", _("links to the resource"), Kind.LINKS, items=("href", "rel"))

# section 블록 스토리지 타입 of the guide
VOLUME_TYPE = Resource(
    name="volume_type",
    plural="volume_types",
    path="types",
    fields=(
        Field("id", _("volume type ID"), Kind.ID),
        Field("name", _("volume type name"), Kind.NAME),
        Field("extra_specs", _("further properties of the type"), Kind.BACKEND, "backend"),
        Field("os-volume-type-access:is_public", _("whether every tenant may use it"), Kind.YES, "public"),
        Field("description", _("description"), Kind.DESCRIPTION),
    ),
    columns=("id", "name", "extra_specs", "os-volume-type-access:is_public", "description"),
)

# section 블록 스토리지 of the guide; `reserved` is in its newer editions (facts.md §3.2)
VOLUME = Resource(
    name="volume",
    plural="volumes",
    path="volumes",
    fields=(
        Field("id", _("volume ID"), Kind.ID),
        Field("name", _("volume name"), Kind.NAME),
        Field("status", _("status"), Kind.STATUS),
        Field("size", _("size in GB"), Kind.SIZE),
        Field("volume_type", _("volume type name"), Kind.TEXT, "type"),
        Field("availability_zone", _("availability zone"), Kind.TEXT, "zone"),
        Field(
            "attachments",
            _("the instances it is attached to"),
            Kind.ATTACHMENTS,
            "attached",
            items=("server_id", "attachment_id", "volume_id", "device", "id"),
        ),
        Field("created_at", _("when it was created (UTC on the wire)"), Kind.TIME, "created"),
        Field("description", _("description"), Kind.DESCRIPTION),
        Field("snapshot_id", _("the snapshot it was made from"), Kind.ID, "snapshot"),
        Field("source_volid", _("the volume it was made from"), Kind.ID),
        Field("metadata", _("metadata"), Kind.METADATA),
        Field("bootable", _("whether an instance can boot from it"), Kind.YES),
        Field("encrypted", _("whether it is encrypted"), Kind.YES),
        Field("multiattach", _("whether several instances may attach it at once"), Kind.YES),
        Field("replication_status", _("replication status")),
        Field("os-volume-replication:extended_status", _("extended replication status")),
        Field("os-volume-replication:driver_data", _("replication data")),
        Field("consistencygroup_id", _("consistency group ID"), Kind.ID),
        Field("user_id", _("owner ID"), Kind.ID),
        Field("os-vol-tenant-attr:tenant_id", _("tenant ID"), Kind.ID, "tenant"),
        _LINKS,
    ),
    columns=("id", "name", "status", "size", "volume_type", "availability_zone", "attachments", "created_at"),
    paging=Paging.MARKER,
    brief=("id", "name", "links"),
    statuses=(
        ("creating", _("is being created")),
        ("available", _("ready to be attached")),
        ("attaching", _("is being attached to an instance")),
        ("detaching", _("is being detached")),
        ("in-use", _("attached to an instance")),
        ("maintenance", _("is being moved to another host")),
        ("deleting", _("is being deleted")),
        ("awaiting-transfer", _("waits for a transfer")),
        ("error", _("an error occurred while it was created")),
        ("error_deleting", _("an error occurred while it was deleted")),
        ("backing-up", _("is being backed up")),
        ("restoring-backup", _("is being restored from a backup")),
        ("error_backing-up", _("an error occurred during a backup")),
        ("error_restoring", _("an error occurred during a restore")),
        ("error_extending", _("an error occurred while it was extended")),
        ("downloading", _("the image named at creation is being downloaded")),
        ("uploading", _("its image is being uploaded")),
        ("retyping", _("its volume type is being changed")),
        ("extending", _("is being extended")),
        ("reserved", _("the root volume of a terminated instance")),
    ),
)

# section 스냅숏 of the guide
SNAPSHOT = Resource(
    name="snapshot",
    plural="snapshots",
    path="snapshots",
    fields=(
        Field("id", _("snapshot ID"), Kind.ID),
        Field("name", _("snapshot name"), Kind.NAME),
        Field("status", _("status"), Kind.STATUS),
        Field("size", _("size of its volume in GB"), Kind.SIZE),
        Field("volume_id", _("the volume it was made of"), Kind.ID, "volume"),
        Field("created_at", _("when it was created (UTC on the wire)"), Kind.TIME, "created"),
        Field("description", _("description"), Kind.DESCRIPTION),
        Field("metadata", _("metadata"), Kind.METADATA),
        Field("os-extended-snapshot-attributes:progress", _("progress of its creation"), Kind.TEXT, "progress"),
        Field("os-extended-snapshot-attributes:project_id", _("tenant ID"), Kind.ID, "tenant"),
    ),
    columns=("id", "name", "status", "size", "volume_id", "created_at"),
    brief=("id", "name", "status", "size", "volume_id", "created_at", "description", "metadata"),
    statuses=(
        ("creating", _("is being created")),
        ("available", _("ready to be used")),
        ("backing-up", _("is being backed up")),
        ("deleting", _("is being deleted")),
        ("error", _("an error occurred while it was created")),
        ("deleted", _("deleted")),
        ("unmanaging", _("its management is being ended")),
        ("restoring", _("a volume is being restored from it")),
        ("error_deleting", _("an error occurred while it was deleted")),
    ),
    paging=Paging.EITHER,
)

# the answer in section 블록 스토리지로 이미지 생성하기 of the guide
IMAGE = Resource(
    name="os-volume_upload_image",
    plural="images",
    path="images",
    fields=(
        Field("image_id", _("image ID"), Kind.ID),
        Field("image_name", _("image name"), Kind.NAME),
        Field("status", _("status of the volume"), Kind.STATUS),
        Field("size", _("size of the volume in GB"), Kind.SIZE),
        Field("disk_format", _("disk format")),
        Field("container_format", _("container format")),
        Field("id", _("volume ID"), Kind.ID, "volume"),
        Field("volume_type", _("volume type"), Kind.OBJECT, "type"),
        Field("display_description", _("description of the volume"), Kind.DESCRIPTION),
        Field("updated_at", _("when the image was last changed (UTC on the wire)"), Kind.TIME, "updated"),
    ),
    columns=("image_id", "image_name", "status", "size", "disk_format", "container_format"),
    id_field="image_id",
)
