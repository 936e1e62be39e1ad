"""A retention policy: its name, its rules, its zone; read from options and from the config file alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from nbs_cli.cloud import periods
from nbs_cli.cloud.retention import Rules
from nbs_cli.local import policies
from nbs_cli.local.policies import COUNTS


class Policy(NamedTuple):
    """What is kept under the name `name`; `most` snapshots of a volume may go at once (None: the usual guards)."""

    name: str
    rules: Rules
    zone_name: str = periods.SEOUL
    most: int | None = None

    @property
    def zone(self) -> tzinfo:
        """The zone that days begin and end in; raises Usage for one that this machine does not know."""
        return periods.zone(self.zone_name)


def read(name: str, table: Mapping[str, Any]) -> Policy:
    """The policy *name* with the rules of *table* (`local/policies.py`, KEYS to values); raises Usage."""
    policies.check(name, table)
    counts = {key.removeprefix("keep_"): table[key] for key in COUNTS if key in table}
    text = table.get("keep_within", "")
    window = periods.window(text) if "keep_within" in table else None
    zone_name = table.get("timezone", periods.SEOUL)
    periods.zone(zone_name)
    return Policy(name, Rules(**counts, within=window, text=text), zone_name, table.get("max_delete"))
