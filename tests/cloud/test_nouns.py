"""What people call resources: the noun, the command group, the sentence for one that does not exist."""

from __future__ import annotations

import pytest

from nbs_cli.cloud.nouns import command_of, missing, noun_of
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, VOLUME_TYPE, Resource


@pytest.mark.parametrize(
    ("resource", "noun", "command"),
    [(VOLUME, "volume", "volume"), (SNAPSHOT, "snapshot", "snapshot"), (VOLUME_TYPE, "volume type", "types")],
    ids=["volume", "snapshot", "type"],
)
def test_a_resource_has_a_noun_and_a_command(resource: Resource, noun: str, command: str) -> None:
    """A noun for sentences, and the group that people type; what is missing names both."""
    assert (noun_of(resource), command_of(resource)) == (noun, command)
    told = missing(resource, "data-1")
    assert told.message == f"there is no {noun} data-1"
    assert f"nbs {command} list" in str(told.hint)
    assert told.resource == "data-1"
