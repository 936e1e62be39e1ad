"""The command tree: a plain table of groups and single commands, each loaded when its word is typed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from typer.main import get_command, get_group

from nbs_cli.output.words import _
from nbs_cli.parser import ALIASES, Declared, Group, group

GROUPS = {
    "types": _("Volume types"),
    "volume": _("Volumes: create, list, delete, make images of them"),
    "snapshot": _("Snapshots of volumes"),
    "usage": _("Show what there is: GB by type, status and zone, and what stands out"),
    "auth": _("Log in and out, tokens"),
    "profile": _("Profiles: which realm, region, tenant and user"),
    "sandbox": _("A cloud in a box: try everything without an account"),
    "api": _("Call the API: any method and path, with the profile's token"),
    "doctor": _("Find out what is wrong here, and how to mend it"),
    "schema": _("Print the JSON Schema of what commands print"),
    "commands": _("List every command, with its options and examples for programs"),
    "help": _("Tell about a topic: exit-codes, environment, output, statuses, …"),
    "completion": _("Print the completion script of a shell: bash, zsh, fish or powershell"),
}


class Root(Group):
    """`nbs` itself; knows the groups' words and first sentences without loading them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The groups, in the order of the table."""
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the group, or the single command, of this name or alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in GROUPS:
            return None
        app = import_module(f"nbs_cli.commands.{name}").app
        loaded = app.built() if isinstance(app, Declared) else get_command(app)
        loaded.name = name
        return loaded

    def summaries(self, ctx: Any) -> list[tuple[str, str]]:
        """The groups with their first sentences."""
        return list(GROUPS.items())


app: Declared = group(
    _("The command line of NHN Cloud Block Storage"),
    cls=Root,
    examples=(
        "nbs -p sandbox volume create --size 10 --name data-1 --wait",
        "nbs volume list --sort size:desc",
        "nbs volume list -o json | jq '.[].id'",
        "nbs volume delete data-1 data-2 --wait",
    ),
)


def tree() -> Any:
    """The root of the command tree."""
    return get_group(app)
