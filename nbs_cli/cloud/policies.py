"""A retention policy: its name, its rules, its zone; read from options and from the config file alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from nbs_cli.cloud import periods
from nbs_cli.cloud.retention import Rules
from nbs_cli.errors import Usage, nearest
from nbs_cli.output.words import _

USUAL = "default"  # the policy of whoever names none
LONGEST_NAME = 40  # a mark has to leave room for a description
COUNTS = tuple(f"keep_{name}" for name in ("last", "hourly", "daily", "weekly", "monthly", "yearly"))
KEYS = (*COUNTS, "keep_within", "timezone", "max_delete")
_NAME = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_NAME}}}")
_MOST = 1_000_000


@dataclass(frozen=True)
class Policy:
    """What is kept under the name `name`; `most` snapshots of a volume may go at once (None: the usual guards)."""

    name: str
    rules: Rules
    zone_name: str = periods.SEOUL
    most: int | None = None

    @property
    def zone(self) -> tzinfo:
        """The zone that days begin and end in; raises Usage for one that this machine does not know."""
        return periods.zone(self.zone_name)

    def table(self) -> dict[str, Any]:
        """What `read` would read it from, the zone always named."""
        counts: dict[str, Any] = {f"keep_{name}": count for name, count in self.rules.counted().items()}
        within = {"keep_within": self.rules.text} if self.rules.within else {}
        most = {} if self.most is None else {"max_delete": self.most}
        return {**counts, **within, "timezone": self.zone_name, **most}


def check_name(name: str) -> None:
    """Raise Usage for a name that a snapshot's mark could not bear."""
    if not _NAME.fullmatch(name):
        raise Usage(
            _("{name!r} is no name for a policy").format(name=name),
            hint=_("use up to {longest} letters, digits and . _ -").format(longest=LONGEST_NAME),
        )


def read(name: str, table: Mapping[str, Any]) -> Policy:
    """The policy *name* with the rules of *table* (KEYS to values); raises Usage, naming the key.

    A table without a rule is refused: it would keep nothing.
    """
    check_name(name)
    for key in table:
        if key not in KEYS:
            raise Usage(
                _("there is no key {key} in a policy").format(key=key),
                hint=nearest(key, KEYS, _("the keys are {names}")),
            )
    counts = {key.removeprefix("keep_"): _count(key, table[key]) for key in COUNTS if key in table}
    text = _text("keep_within", table)
    window = None if text is None else periods.window(text)
    if not counts and window is None:
        raise Usage(
            _("the policy {name} has no rule, and would keep nothing").format(name=name),
            hint=_("say at least one, `--keep-daily 7` for example"),
        )
    zone_name = _text("timezone", table) or periods.SEOUL
    periods.zone(zone_name)
    most = _count("max_delete", table["max_delete"]) if "max_delete" in table else None
    return Policy(name, Rules(**counts, within=window, text=text or ""), zone_name, most)


def _count(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MOST:
        raise Usage(
            _("{key} cannot be {value!r}").format(key=key, value=value), hint=_("it is a whole number greater than 0")
        )
    return value


def _text(key: str, table: Mapping[str, Any]) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise Usage(_("{key} cannot be {value!r}").format(key=key, value=value), hint=_("it is a text in quotes"))
    return value
