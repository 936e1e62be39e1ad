"""What options that several commands share refuse, and what they let through."""

from __future__ import annotations

import pytest
import typer

from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.commands import options
from nbs_cli.errors import Usage
from tests.commands.conftest import World

REFUSED = (Usage, typer.BadParameter)  # typer adds the option's name to the latter


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("2147483647", 2147483647), (8, 8)])
def test_whole_numbers(text: str, number: int) -> None:
    """Digits, and defaults that are numbers already."""
    assert options.whole(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "1_000", "٣", "²", "2147483648"),
        pytest.param("9" * 5000, id="5000 digits"),
    ],
)
def test_what_is_no_whole_number(text: str) -> None:
    """Nothing that only looks like a number passes, in whatever digits and however long."""
    for read in (options.whole, options.gigabytes):
        with pytest.raises(REFUSED):
            read(text)


def test_zero_counts_where_it_may() -> None:
    """An offset or a port may be zero."""
    assert options.counted("0") == 0
    with pytest.raises(REFUSED):
        options.counted("-0")


@pytest.mark.parametrize(
    "text", ["", "x" * 255, "가" * 255, "한글 이름", "💾" * 255, "e\u0301", "\u00a0", "a/b?c#d", "[red]", "x\u202e"]
)
def test_what_the_api_keeps_is_sendable(text: str) -> None:
    """Up to 255 characters, not bytes, of any script."""
    options.sendable("name", text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 256,
        "가" * 256,
        "\x00",
        "a\nb",
        "\x1b[31m",
        "\x7f",
        "a\tb",
        "\ud800",
        pytest.param("\udcff", id="no UTF-8"),
    ],
)
def test_what_the_api_cannot_keep_is_refused(text: str) -> None:
    """Too long, control characters, half a letter (an argument that was no UTF-8)."""
    with pytest.raises(Usage, match="the name "):
        options.sendable("name", text)


def test_metadata_is_read_up_to_the_first_equals_sign() -> None:
    """Values may hold `=`, be empty, and be in any script."""
    assert options.metadata(["a=b=c", "empty=", "이름=값"]) == {"a": "b=c", "empty": "", "이름": "값"}
    assert options.metadata(None) == {}


@pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT])
def test_every_documented_status_can_be_waited_for(resource: object) -> None:
    """`--for` knows what the guide documents, and `gone`."""
    assert isinstance(resource, type(VOLUME))
    for name, _meaning in resource.statuses:
        assert options.status(resource, name, "gone") == name
    assert options.status(resource, "gone", "gone") == "gone"


@pytest.mark.parametrize("limit", ["1", "2", "1000", "5000"])
def test_a_limit_may_be_larger_than_a_page(world: World, limit: str) -> None:
    """`--limit` is a limit in all; only `--page-size` is bound to what a page can hold."""
    world.cloud.seed(3)
    assert len(world("volume", "list", "--limit", limit, "-q").out.splitlines()) == min(3, int(limit))
    assert world("volume", "list", "--page-size", limit).code == (0 if int(limit) <= 1000 else 2)
