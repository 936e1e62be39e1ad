"""Profiles in a file, config.toml, which holds no secrets (edits.py changes it).

The form is that of `commands.md` §4: the key `profile` names the one in use, a table `profiles.NAME` each.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from nbs_cli.cloud.realms import REALMS
from nbs_cli.errors import Failure, NotFound, Usage, nearest
from nbs_cli.local import files, policies
from nbs_cli.local.folders import config_file
from nbs_cli.output.records import NAMES
from nbs_cli.output.words import _

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SANDBOX = "sandbox"
STORES = ("keyring", "file", "command")
_NONE: Mapping[str, Any] = MappingProxyType({})
_SECRET = frozenset({"password", "api_password", "token", "secret"})


class Profile(NamedTuple):
    """A named choice of realm, region, tenant and user; where its secret lies is `store`.

    `retention` has the tables of its policies by name (`local/policies.py`); they are edited in the file.
    """

    name: str
    realm: str | None = None
    region: str | None = None
    tenant_id: str | None = None
    username: str | None = None
    identity_url: str | None = None
    endpoint: str | None = None
    store: str = "keyring"
    password_command: tuple[str, ...] = ()
    keyring_backend: str | None = None
    read_only: bool = False
    output: str | None = None
    retention: Mapping[str, Mapping[str, Any]] = _NONE


KEYS = tuple(name for name in Profile._fields if name not in {"name", "retention"})
_TOP = ("profile", "profiles", "retention")


class Config(NamedTuple):
    """The file's profiles by name, and the name of the one in use; `retention` has policies that all of them share."""

    path: Path | None
    in_use: str | None = None
    profiles: Mapping[str, Profile] = _NONE
    retention: Mapping[str, Mapping[str, Any]] = _NONE

    def get(self, name: str) -> Profile:
        """The profile *name*; raises NotFound with the ones that there are."""
        if name in self.profiles:
            return self.profiles[name]
        close = nearest(name, [*self.profiles, SANDBOX], _("the profiles are {names}"))
        raise NotFound(
            _("there is no profile {name}").format(name=name),
            hint=_("{names}; `nbs auth login -p {name}` makes this one").format(names=close, name=name),
        )


def load(named: str | None) -> Config:
    """Read the file at *named* (NBS_CONFIG_FILE) or in the platform's folder; none is an empty one.

    Raises Usage, with file and line, for what cannot be read or is not known; no file is ever looked for elsewhere.
    """
    path = config_file(named)
    try:
        text = None if path is None else files.read(path)
    except Failure as failure:
        raise Usage(failure.message, hint=_("mend it, or move it away")) from failure
    if path is None or text is None:
        return Config(path)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Usage(
            _("{path} is no TOML: {error}").format(path=path, error=error),
            hint=_("mend the line, or move the file away"),
        ) from error
    return _read(path, data)


def _read(path: Path, data: dict[str, Any]) -> Config:
    tables = data.get("profiles", {})
    in_use = data.get("profile")
    if not isinstance(tables, dict) or not (in_use is None or isinstance(in_use, str)):
        raise Usage(_("{path}: `profile` is a name and `profiles` are tables").format(path=path))
    for key in data:
        if key not in _TOP:
            error = _unknown(key, _TOP)
            raise Usage(f"{path}: {error.message}", hint=error.hint)
    shared = _retention(path, "retention", data.get("retention", {}))
    return Config(path, in_use, {name: _profile(path, name, table) for name, table in tables.items()}, shared)


def _retention(path: Path, where: str, tables: Any) -> dict[str, dict[str, Any]]:
    """The policies in *tables*, which stand at *where* in the file; raises Usage with file, place and key."""
    if not isinstance(tables, dict):
        raise Usage(_("{path}: {where} is no table").format(path=path, where=where))
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise Usage(_("{path}: {where}.{name} is no table").format(path=path, where=where, name=name))
        try:
            policies.check(name, table)
        except Usage as error:
            raise Usage(f"{path}: {where}.{name}: {error.message}", hint=error.hint) from error
    return tables


def _profile(path: Path, name: str, table: Any) -> Profile:
    try:
        check_name(name)
    except Usage as error:
        raise Usage(f"{path}: {error.message}", hint=error.hint) from error
    if not isinstance(table, dict):
        raise Usage(_("{path}: profiles.{name} is no table").format(path=path, name=name))
    try:
        known = {key: _checked(key, value) for key, value in table.items() if key != "retention"}
    except Usage as error:
        raise Usage(f"{path}: {error.message}", hint=error.hint) from error
    return Profile(name, **known, retention=_retention(path, f"profiles.{name}.retention", table.get("retention", {})))


def _checked(key: str, value: Any) -> Any:
    """Give *value* as Profile keeps it; raises Usage for an unknown key, a secret, a value of the wrong kind."""
    if key in _SECRET:
        raise _no_secrets(key)
    if key not in KEYS:
        raise _unknown(key, KEYS)
    if key == "read_only" and isinstance(value, bool):
        return value
    if key == "password_command" and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    if key in {"read_only", "password_command"} or not isinstance(value, str):
        raise Usage(_("{key} cannot be {value!r}").format(key=key, value=value))
    _check_choice(key, value)
    return value


_CHOICES: dict[str, Callable[[], tuple[str, ...]]] = {
    "realm": lambda: tuple(REALMS),
    "store": lambda: STORES,
    "output": lambda: NAMES,
}


def _check_choice(key: str, value: str) -> None:
    choices = _CHOICES[key]() if key in _CHOICES else ()
    if choices and value not in choices:
        raise Usage(
            _("{key} cannot be {value!r}").format(key=key, value=value),
            hint=nearest(value, choices, _("it is one of {names}")),
        )


def _no_secrets(key: str) -> Usage:
    return Usage(
        _("a {key} is a secret; secrets do not belong into the config file").format(key=key),
        hint=_("leave it out; `nbs auth login` keeps it in the keyring"),
    )


def _unknown(key: str, known: tuple[str, ...]) -> Usage:
    return Usage(
        _("there is no key {key}").format(key=key),
        hint=nearest(key, known, _("the keys are {names}")),
    )


def check_name(name: str) -> None:
    """Raise Usage for a name that no profile may have."""
    if name == SANDBOX:
        raise Usage(_("the name `sandbox` is kept for the sandbox"), hint=_("choose another name"))
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise Usage(_("{name!r} is no name for a profile").format(name=name), hint=_("use letters, digits, - and _"))


def parse(key: str, text: str) -> Any:
    """Read the value of *key* as it is typed on the command line; raises Usage."""
    if key == "read_only":
        if text not in {"true", "false"}:
            raise Usage(_("read_only is true or false, not {text!r}").format(text=text))
        return text == "true"
    if key == "password_command":
        try:
            return shlex.split(text)
        except ValueError as error:
            raise Usage(
                _("password_command (--password-command) cannot be read: {error}").format(error=error)
            ) from error
    return _checked(key, text)


def check_key(key: str) -> None:
    """Check that *key* is one of a profile's; raises Usage."""
    if key == "retention":
        raise Usage(
            _("policies are tables, which are edited in the file"),
            hint=_("write `[profiles.NAME.retention.daily]` into it, and `keep_daily = 7` below"),
        )
    if key in _SECRET:
        raise _no_secrets(key)
    if key not in KEYS:
        raise _unknown(key, KEYS)
