"""Scenarios: faults and settings of a served sandbox, read from a TOML file."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from nbs_cli.sandbox.forms import Form, Mistake, Number, Whole
from nbs_cli.sandbox.kinds import MOST
from nbs_cli.sandbox.settings import Settings
from nbs_cli.sandbox.trouble import Fault, fault

TABLES = ("settings", "fault")
_FORMS: dict[type, Form] = {int: Whole(1, MOST), float: Number(0, MOST)}
_TABLE = re.compile(r"\s*\[\[\s*(?:fault|\"fault\"|'fault')\s*\]\]")


@dataclass(frozen=True)
class Scenario:
    """What a file asks for: `settings` are arguments of `Settings`, `faults` in the order of the file."""

    settings: dict[str, Any]
    faults: tuple[Fault, ...]


def read(path: Path) -> Scenario:
    """Read `[settings]` and the `[[fault]]` tables, each with a `kind`, its parameters and whom it befalls.

    Raises Mistake, which names the file and the line or the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise Mistake(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from None
    for name in tables:
        if name not in TABLES:
            raise Mistake(f"{path}: there is no {name!r} in a scenario", name, TABLES)
    places = [number for number, line in enumerate(text.splitlines(), 1) if _TABLE.match(line)]
    ordered = _listed(path, tables.get("fault", []))
    return Scenario(
        _settings(path, tables.get("settings", {})),
        tuple(_fault(_place(path, places, number), table) for number, table in enumerate(ordered)),
    )


def _listed(path: Path, tables: Any) -> list[dict[str, Any]]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Mistake(f"{path}: a fault is written below [[fault]]")
    return tables


def _place(path: Path, places: list[int], number: int) -> str:
    return f"{path}:{places[number]}" if number < len(places) else f"{path}: fault {number + 1}"


def _fault(place: str, table: dict[str, Any]) -> Fault:
    given = dict(table)
    kind = given.pop("kind", None)
    if not isinstance(kind, str):
        raise Mistake(f'{place}: a fault needs its kind, such as kind = "status"')
    try:
        return fault(kind, **given)
    except Mistake as mistake:
        raise Mistake(f"{place}: {mistake.message}", mistake.word, mistake.known) from None


def _settings(path: Path, given: Any) -> dict[str, Any]:
    known = {field.name: type(field.default) for field in fields(Settings)}
    if not isinstance(given, dict):
        raise Mistake(f"{path}: settings are written below [settings]")
    for name, value in given.items():
        if name not in known:
            raise Mistake(f"{path}: there is no setting {name!r}", name, tuple(known))
        try:
            _check(known[name], value)
        except Mistake as mistake:
            raise Mistake(f"{path}: {name}: {mistake.message}") from None
    return dict(given)


def _check(kind: type, value: Any) -> None:
    if kind is bool:
        if not isinstance(value, bool):
            raise Mistake(f"{value!r} is neither true nor false")
    elif kind in _FORMS:
        _FORMS[kind].read(value)
