"""What a sandbox starts with: its tenants, users, regions, zones, types and limits, as data."""

from __future__ import annotations

from dataclasses import dataclass

TENANT_ID = "5a4db0c5a4db0c5a4db0c5a4db0c5a4d"
OTHER_TENANT_ID = "07e207e207e207e207e207e207e207e2"
OBJECT_STORAGE_TENANT_ID = "0b1ec75707a9e0b1ec75707a9e0b1ec7"
USERNAME = "sandbox"
PASSWORD = "sandbox-password"  # noqa: S105 - nobody's secret
OTHER_USERNAME = "other"
OTHER_PASSWORD = "other"  # noqa: S105 - the same
REGIONS = ("KR1", "KR2")
PREFIXES = {"KR1": "", "KR2": "/kr2"}  # a region's place below the one address that the sandbox has
ZONES = {"KR1": ("kr-pub-a", "kr-pub-b"), "KR2": ("kr2-pub-a", "kr2-pub-b")}  # facts, section 2
DEVICE = "/dev/vdb"
LAG = "X-Sandbox-Lag"  # the header by which the front tells the cloud for how many seconds a list lags behind
INTERNAL = "nhn_internal"  # the guide warns of such fields; every record carries one so that dropping it is tested


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits and habits of one sandbox: sizes in GB, times in seconds (facts, sections 3.3 to 3.5)."""

    page_default: int = 100
    page_cap: int = 1000
    snapshots_per_volume: int = 10
    gigabytes: int = 10_240
    largest: int = 2_048
    volumes: int = 10_000
    snapshots: int = 10_000
    delay: float = 2.0
    token_life: float = 43_200.0
    links: bool = True
    snapshot_markers: bool = True


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One project: `swift` marks an Object Storage tenant, whose catalog has no volumev2 (facts, section 1.2)."""

    id: str
    name: str
    swift: bool = False


@dataclass(frozen=True, kw_only=True)
class User:
    """One account: `username` is what is typed, `label` the UUID that the token's answer shows instead."""

    id: str
    label: str
    username: str
    password: str
    tenants: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VolumeType:
    """One volume type of the guide; `backend` is its one extra spec."""

    id: str
    name: str
    backend: str
    number: int
    qos_specs_id: str


TENANTS = {
    tenant.id: tenant
    for tenant in (
        Tenant(id=TENANT_ID, name="sandbox"),
        Tenant(id=OTHER_TENANT_ID, name="other"),
        Tenant(id=OBJECT_STORAGE_TENANT_ID, name="sandbox-object-storage", swift=True),
    )
}
USERS = {
    user.username: user
    for user in (
        User(
            id="5e6524d826084188ae549815b3e33380",
            label="2f1c2bde-6a3b-4a0e-9d5c-5a4db0c5a4db",
            username=USERNAME,
            password=PASSWORD,
            tenants=(TENANT_ID, OBJECT_STORAGE_TENANT_ID),
        ),
        User(
            id="94acd5b4d2bf47dda734e34a113f96ff",
            label="8b7a1d52-90c4-4f0b-b1e7-07e207e207e2",
            username=OTHER_USERNAME,
            password=OTHER_PASSWORD,
            tenants=(OTHER_TENANT_ID,),
        ),
    )
}
SSD = VolumeType(
    id="4e36aa51-df30-422e-aff1-eba1f3d9612f",
    name="General SSD",
    backend="ssd_general",
    number=2,
    qos_specs_id="0d4a7c8e-7a42-4b0e-8d0f-2f6a4f0e5c11",
)
HDD = VolumeType(
    id="6bda35e2-b2b9-497a-8f65-67a73839c856",
    name="General HDD",
    backend="hdd_general",
    number=1,
    qos_specs_id="ec4ef37d-9273-4e6f-a495-bd43b0f2d0f2",
)
TYPES = (SSD, HDD)  # in the guide's order
DEFAULT_TYPE = HDD
