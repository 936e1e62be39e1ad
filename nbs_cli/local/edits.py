"""Changes of the config file that keep its comments and its order (owns tomlkit); two at once both count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tomlkit
from tomlkit import TOMLDocument

from nbs_cli.errors import Failure
from nbs_cli.local import files
from nbs_cli.local.config import Config
from nbs_cli.output.words import _

_TURN = 10.0  # seconds to wait for another writer


def put(config: Config, name: str, values: Mapping[str, Any]) -> None:
    """Set *values* of the profile *name*, made when it is missing; None takes a key out."""

    def change(document: TOMLDocument) -> None:
        if "profiles" not in document:
            document["profiles"] = tomlkit.table(is_super_table=True)
        profiles: Any = document["profiles"]
        if name not in profiles:
            profiles[name] = tomlkit.table()
        for key, value in values.items():
            if value is None:
                profiles[name].pop(key, None)
            else:
                profiles[name][key] = list(value) if isinstance(value, tuple) else value

    _edit(config, change)


def use(config: Config, name: str) -> None:
    """Put the profile *name* in use; the key stands before the tables, where TOML wants it."""

    def change(document: TOMLDocument) -> None:
        if "profile" in document:
            document["profile"] = name
            return
        body = tomlkit.dumps(document)
        document.clear()
        document.update(tomlkit.parse(f'profile = "{name}"\n\n{body}' if body else f'profile = "{name}"\n'))

    _edit(config, change)


def drop(config: Config, name: str) -> None:
    """Take the profile *name* out, and out of use."""

    def change(document: TOMLDocument) -> None:
        profiles: Any = document.get("profiles", {})
        profiles.pop(name, None)
        if document.get("profile") == name:
            document.pop("profile")

    _edit(config, change)


def _edit(config: Config, change: Callable[[TOMLDocument], None]) -> None:
    if config.path is None:
        raise Failure(_("this user has no home folder for a config file"), hint=_("NBS_CONFIG_FILE names one"))
    with files.locked(config.path.with_name(config.path.name + ".lock"), _TURN):
        document = tomlkit.parse(files.read(config.path) or "")
        change(document)
        files.write(config.path.resolve(), tomlkit.dumps(document))  # a link to where the file is kept stays one
