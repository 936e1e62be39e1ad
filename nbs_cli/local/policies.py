"""Retention policies as tables of the config file: their names and keys, checked as far as it costs next to nothing.

What a stretch of time or a zone means is for `cloud/policies.py`, which only the commands of retention load.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbs_cli.errors import Usage, nearest
from nbs_cli.output.words import _

USUAL = "default"  # the policy of whoever names none
LONGEST_NAME = 40  # a mark has to leave room for a description
COUNTS = tuple(f"keep_{name}" for name in ("last", "hourly", "daily", "weekly", "monthly", "yearly"))
RULES = (*COUNTS, "keep_within")
KEYS = (*RULES, "timezone", "max_delete")
_NAME = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_NAME}}}")
_MOST = 1_000_000


def check_name(name: str) -> None:
    """Raise Usage for a name that a snapshot's mark could not bear."""
    if not _NAME.fullmatch(name):
        raise Usage(
            _("{name!r} is no name for a policy").format(name=name),
            hint=_("use up to {longest} letters, digits and . _ -").format(longest=LONGEST_NAME),
        )


def check(name: str, table: Mapping[str, Any]) -> None:
    """Raise Usage, naming the key, for a key that there is not, a wrong kind of value, or a table without a rule."""
    check_name(name)
    for key, value in table.items():
        if key not in KEYS:
            raise Usage(
                _("there is no key {key} in a policy").format(key=key),
                hint=nearest(key, KEYS, _("the keys are {names}")),
            )
        _check_value(key, value)
    if table.keys().isdisjoint(RULES):
        raise Usage(
            _("the policy {name} has no rule, and would keep nothing").format(name=name),
            hint=_("say at least one, `--keep-daily 7` for example"),
        )


def _check_value(key: str, value: Any) -> None:
    text = key in {"keep_within", "timezone"}
    counts = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST
    if not (isinstance(value, str) if text else counts):
        raise Usage(
            _("{key} cannot be {value!r}").format(key=key, value=value),
            hint=_("it is a text in quotes") if text else _("it is a whole number greater than 0"),
        )
