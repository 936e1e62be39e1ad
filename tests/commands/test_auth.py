"""`nbs auth token`: a token that works, for scripts and for curl."""

from __future__ import annotations

import subprocess

import pytest

from tests.commands.conftest import TENANT, World


@pytest.mark.parametrize("options", [[], ["-o", "json"], ["-q"], ["-o", "value"]])
def test_a_token_is_printed_alone(world: World, options: list[str]) -> None:
    """One line with the token and nothing else, in any format, so that `$(nbs auth token)` works."""
    ran = world("auth", "token", *options)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.strip().isalnum()
    assert ran.out.count("\n") == 1
    assert world.served.asked() == []


def test_the_token_is_good_for_curl(world: World) -> None:
    """The block storage takes the printed token."""
    token = world("auth", "token").out.strip()
    got = subprocess.run(
        ["curl", "-sS", "-H", f"X-Auth-Token: {token}", f"{world.served.url}{TENANT}/types"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "General SSD" in got.stdout


def test_the_token_saves_the_logins(world: World) -> None:
    """With `NBS_TOKEN` and `NBS_ENDPOINT` set, further commands log in no more."""
    token = world("auth", "token").out.strip()
    world.served.calls.clear()
    ran = world("volume", "list", env={"NBS_TOKEN": token, "NBS_ENDPOINT": world.served.url + TENANT})
    assert ran.code == 0
    assert world.served.logins() == []


def test_a_given_token_is_given_back(world: World) -> None:
    """`NBS_TOKEN` is printed as it is, without a request."""
    assert world("auth", "token", env={"NBS_TOKEN": "t0ken"}).out == "t0ken\n"
    assert world.served.calls == []


def test_a_dead_token_says_how_to_get_another(world: World) -> None:
    """A given token that has expired cannot be renewed: exit 4, where it came from, and the way to a new one."""
    ran = world("volume", "list", env={"NBS_TOKEN": "dead", "NBS_ENDPOINT": world.served.url + TENANT})
    assert ran.code == 4
    assert "NBS_TOKEN" in ran.err
    assert "nbs auth token" in ran.err
    assert len(world.served.calls) == 1
