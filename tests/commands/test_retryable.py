"""`retryable` in the JSON error: the same command may fare better a little later, and makes nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nbs_cli.sandbox.trouble import fault
from tests.accounts import log_in
from tests.commands.conftest import World
from tests.conftest import Ran, Served

CREATE = "volume create --size 1 --name web"


def last(ran: Ran) -> dict[str, Any]:
    """The last error on stderr."""
    found = [json.loads(line)["error"] for line in ran.err.splitlines() if line.startswith('{"error"')]
    return dict(found[-1])


@pytest.mark.parametrize(
    ("words", "retryable"),
    [
        (CREATE, False),
        (f"{CREATE} --count 2", False),
        (f"{CREATE} --no-request-key", False),
        (f"{CREATE} --request-key job-1", True),
        (f"{CREATE} --request-key job-1 --count 2", True),
        (f"{CREATE} --if-not-exists", True),
    ],
)
def test_a_create_whose_wait_ends(build: Callable[..., World], words: str, retryable: bool) -> None:
    """Exit 7 after a create: true where the same command finds what was made, by key or by name; it then does."""
    world = build(delay=60)
    error = last(world(*words.split(), "--wait", "--timeout", "1s", "-o", "json"))
    assert (error["exit"], error["retryable"]) == (7, retryable)
    made = world.names()
    world.cloud.advance(100)
    assert world(*words.split(), "--wait", "--timeout", "1s").code == (0 if retryable else 7)
    assert len(world.names()) == len(made) * (1 if retryable else 2)


def test_what_is_waited_for_alone(build: Callable[..., World]) -> None:
    """A wait may be begun again; an image that is made, or a rotation, would be made twice."""
    world = build(delay=60)
    world.volume("web")
    waited = last(world("volume", "wait", "web", "--timeout", "1s", "-o", "json"))
    assert (waited["exit"], waited["retryable"]) == (7, True)
    world.cloud.advance(100)
    for words in ("volume upload-image web --image-name x --wait", "snapshot rotate web --keep-last 2"):
        error = last(world(*words.split(), "--timeout", "1s", "-o", "json"))
        assert (error["exit"], error["retryable"]) == (7, False)
        world.cloud.advance(100)


@pytest.mark.parametrize(
    ("code", "words", "retryable"),
    [
        (2, "volume create --size x", False),
        (3, "volume show none", False),
        (5, "volume delete busy --yes", False),
        (6, "volume create --size 2049", False),
        (10, "volume delete busy free --yes", False),
    ],
)
def test_what_fails_again(world: World, code: int, words: str, retryable: bool) -> None:
    """A script that tries these again gets the same answer."""
    world.cloud.attach(world.volume("busy"))
    world.volume("free")
    error = last(world(*words.split(), "-o", "json"))
    assert (error["exit"], error["retryable"]) == (code, retryable)


def test_nonsense_does_not_pass(fronted: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """Exit 1: a page of HTML in place of the answer is no trouble of the moment."""
    served = fronted(delay=0)
    served.cloud.order(
        fault("status", code=200, body="<html>", type="text/html", method="GET", path="*/types*", count=9)
    )
    error = last(nbs("types", "list", "-o", "json", env=served.environ))
    assert (error["exit"], error["retryable"]) == (1, False)


def test_a_rate_passes(fronted: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """Exit 6 for too many requests is true, for a full quota false."""
    served = fronted(delay=0)
    served.cloud.order(fault("status", code=429, method="GET", path="*/types*", count=99))
    error = last(nbs("types", "list", "-o", "json", env=served.environ))
    assert (error["exit"], error["retryable"]) == (6, True)


def test_a_lost_create(fronted: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """Exit 11: true with the key that the same command has again, false with one that was random, or none."""
    for words, retryable in ((f"{CREATE} --request-key job-1", True), (CREATE, False)):
        served = fronted(delay=0)
        served.cloud.order(fault("reset", when="before", method="POST", path="*/volumes", count=1))
        ran = nbs(*words.split(), "-o", "json", env={**served.environ, "NBS_SETTLE": "0.3s"})
        error = last(ran)
        assert (error["exit"], error["retryable"]) == (11, retryable)


def test_the_way_to_the_server(nbs: Callable[..., Ran], world: World) -> None:
    """Exit 9: a server that is not there may come, and all of several that fail so are said to; 4 never passes."""
    away = {**world.served.environ, "NBS_IDENTITY_URL": "http://127.0.0.1:1"}
    error = last(nbs("volume", "list", "-o", "json", env=away))
    assert (error["exit"], error["retryable"]) == (9, True)
    log_in(nbs, world.served)
    wrong = {**world.served.environ, "NBS_PASSWORD": "console-password"}
    error = last(nbs("volume", "list", "-o", "json", env=wrong))
    assert (error["exit"], error["retryable"]) == (4, False)
