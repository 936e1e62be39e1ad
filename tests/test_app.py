"""The command tree: a plain table of groups, each loaded when its word is typed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from nbs_cli.app import GROUPS, tree
from tests.test_house import COMMANDS

# the commands of the contract (commands.md §1) that there are so far
PROMISED = {
    *("types list", "types show"),
    *("volume list", "volume show", "volume create", "volume delete", "volume upload-image", "volume wait"),
    *("snapshot list", "snapshot show", "snapshot create", "snapshot delete", "snapshot wait"),
    "auth token",
    *("sandbox serve", "sandbox reset", "sandbox attach", "sandbox detach"),
    *("sandbox fault add", "sandbox fault list", "sandbox fault clear"),
}


def test_every_promised_command_is_there() -> None:
    """No request of the guide is without its command."""
    assert {" ".join(path) for path in COMMANDS} >= PROMISED


@pytest.mark.parametrize("word", list(GROUPS))
def test_the_table_and_the_group_tell_the_same(word: str) -> None:
    """The sentence on the first page is that of the group's own page."""
    group: Any = get_command(import_module(f"nbs_cli.commands.{word}").app)
    assert GROUPS[word] == group.help.partition("\n")[0]


def test_the_root_lists_its_table() -> None:
    """The groups in the order of the table, without loading them."""
    assert tree().list_commands(None) == list(GROUPS)
    assert tree().get_command(None, "nobody") is None
