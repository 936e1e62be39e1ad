"""One operation's turn at the state: the connection, the moment, the limits, and for whom."""

from __future__ import annotations

import re
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from nbs_cli.sandbox import orders
from nbs_cli.sandbox.settings import PREFIXES, Settings

Record = dict[str, Any]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """`moment` is the sandbox's time in seconds since 1970; everything done through `db` is one transaction."""

    db: sqlite3.Connection
    moment: float
    settings: Settings

    def fails(self, kind: str) -> bool:
        """Whether the next operation of this `kind` was told to fail; asking uses the order up."""
        return bool(orders.take(self.db, lambda fault: fault.kind == kind))


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose state: `base` is the address the request came to (scheme://host), which the links repeat.

    `lag` are the seconds for which a list does not show what was created (the front orders it).
    """

    tenant_id: str
    region: str
    user_id: str
    base: str
    lag: float = 0.0

    @property
    def root(self) -> str:
        """The address of the region, without a version."""
        return self.base + PREFIXES[self.region]


def new_id() -> str:
    """Give a new UUID, as text."""
    return str(uuid.uuid4())


def stamp(moment: float) -> str:
    """`YYYY-MM-DDThh:mm:ss.SSSSSS`, UTC without a zone: the form of the guide's `created_at`."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")


def kept(moment: float) -> str:
    """Give the same, as a column without fractions gives it back: the guide's reads end in `.000000`."""
    return stamp(int(moment))


def zulu(moment: float) -> str:
    """`YYYY-MM-DDThh:mm:ssZ`, the identity and image services' form."""
    return datetime.fromtimestamp(int(moment), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
