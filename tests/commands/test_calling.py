"""`nbs api`: what goes out, what comes back, and what is refused before anything goes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.sandbox.trouble import fault
from tests.accounts import config_path, log_in
from tests.commands.conftest import INTERNAL, TENANT, World, errors
from tests.conftest import Ran, Served


def test_a_get_goes_below_the_endpoint_with_the_token(world: World) -> None:
    """Path and query as typed, below the tenant; the answer whole, undocumented fields too."""
    world.volume("web", 3)
    ran = world("api", "get", "/volumes/detail?limit=1&status=available")
    (call,) = world.served.asked()
    assert (call.method, call.path, call.query) == ("GET", f"{TENANT}/volumes/detail", "limit=1&status=available")
    assert call.headers["x-auth-token"]
    body = json.loads(ran.out)
    assert INTERNAL in body["volumes"][0]
    assert (ran.code, ran.err) == (0, "")


def test_all_pages_as_one(build: Callable[..., World]) -> None:
    """Five rows of a server that gives two at a time, filtered as the path says, in the envelope of one page."""
    world = build(page_default=2, page_cap=2)
    for number in range(5):
        world.volume(f"v{number}")
        world.volume("other")
    ran = world("api", "GET", "/volumes/detail?name=other", "--paginate")
    assert [row["name"] for row in json.loads(ran.out)["volumes"]] == ["other"] * 5
    assert all("name=other" in call.query for call in world.served.asked())
    assert world("api", "GET", "/volumes", "--paginate", "--query", "length(volumes)").out == "10\n"


def test_writes(world: World, tmp_path: Path) -> None:
    """POST, PUT and the family's own actions; the body from the line, a file and standard input; told on stderr."""
    file = tmp_path / "body.json"
    file.write_text('{"volume": {"size": 4, "name": "새"}}', encoding="utf-8")
    made = world("api", "POST", "/volumes", "--data", f"@{file}", "--query", "volume.id", "-o", "value")
    volume = made.out.strip()
    assert made.err == "POST /volumes: HTTP 202\n"
    renamed = world("api", "PUT", f"/volumes/{volume}", "--data", '{"volume": {"name": "web"}}')
    assert json.loads(renamed.out)["volume"]["name"] == "web"
    grown = world("api", "POST", f"/volumes/{volume}/action", "--data", "-", stdin='{"os-extend": {"new_size": 9}}')
    assert (grown.code, grown.out) == (0, "")
    assert world.json("volume", "show", "web")["size"] == 9
    assert world("api", "DELETE", f"/volumes/{volume}", "--yes").code == 0
    assert world.names() == []


def test_a_delete_asks(world: World) -> None:
    """Nobody there and no `--yes`: 2, nothing sent."""
    volume = world.volume("web")
    assert world("api", "DELETE", f"/volumes/{volume}").code == 2
    assert world.served.asked() == []


@pytest.mark.parametrize(("method", "code"), [("POST", 11), ("PUT", 11), ("GET", 9)])
def test_a_lost_answer(fronted: Callable[..., Served], nbs: Callable[..., Ran], method: str, code: int) -> None:
    """A write that may have been carried out ends as 11 and goes out once; a GET is sent again, then it is 9."""
    served = fronted(delay=0)
    served.cloud.order(fault("reset", when="after", method=method, path="*/volumes*", count=9))
    data = ["--data", '{"volume": {"size": 1}}'] if method != "GET" else []
    ran = nbs("api", method, "/volumes", *data, "-o", "json", env=served.environ)
    assert ran.code == code
    (error,) = errors(ran)
    if code == 11:
        assert "was carried out" in error["message"]
        assert error["retryable"] is False
        assert len(served.asked(method)) == 1
    else:
        assert len(served.asked(method)) == 4


def test_a_passing_refusal_is_tried_again(fronted: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """A GET that meets one 503 fares as any other command's."""
    served = fronted(delay=0)
    served.cloud.order(fault("status", code=503, method="GET", count=1))
    assert nbs("api", "GET", "/types", env=served.environ).code == 0


def test_read_only_profiles_refuse_writes(nbs: Callable[..., Ran], served: Served) -> None:
    """A GET passes, everything else is refused before it is sent, a rehearsal too."""
    log_in(nbs, served)
    assert nbs("profile", "set", "read_only", "true").code == 0
    before = len(served.calls)
    assert nbs("api", "POST", "/volumes", "--data", "{}").code == 2
    assert nbs("api", "POST", "/volumes", "--data", "{}", "--dry-run").code == 2
    assert nbs("api", "DELETE", "/volumes/x", "--yes").code == 2
    assert len(served.calls) == before
    assert nbs("api", "GET", "/types").code == 0


def test_a_rehearsal_sends_nothing(world: World) -> None:
    """The request as it would go out, in every format that has one."""
    (row,) = world.json("api", "POST", "/volumes", "--data", '{"volume": {"size": 1}}', "--dry-run")
    assert row == {"method": "POST", "path": f"{TENANT}/volumes", "body": {"volume": {"size": 1}}} | {
        "forecast": "unknown: a raw call is not judged"
    }
    assert world.served.asked() == []


@pytest.mark.parametrize(
    "words",
    [
        "FETCH /volumes",
        "GET volumes",
        "GET //evil.example/",
        "GET https://evil.example/volumes",
        "GET /volumes/../../x",
        "GET /volumes --data {}",
        "POST /volumes --paginate",
        "POST /volumes --data {",
        "POST /volumes --data @/no/such/file",
        "GET /limits --paginate",
        "GET /limits -o csv",
        "GET /limits -q",
        "GET /limits -c id",
        "GET /limits --query [",
    ],
)
def test_bad_input_is_refused_before_any_request(world: World, words: str) -> None:
    """Exit 2; not even a login."""
    assert world("api", *words.split()).code == 2
    assert world.served.calls == []


def test_the_token_is_masked(world: World) -> None:
    """What `--debug` shows of a raw call holds no token."""
    ran = world("api", "POST", "/volumes", "--data", '{"volume": {"size": 1}}', "--debug")
    token = world.served.asked()[0].headers["x-auth-token"]
    assert token not in ran.err
    assert "/volumes" in ran.err


def test_the_servers_refusals_keep_their_codes(home: Path, world: World) -> None:
    """404 is 3, a quota 6, a state that forbids it 5, as everywhere."""
    assert not config_path(home).exists()
    assert world("api", "GET", "/volumes/none").code == 3
    assert world("api", "POST", "/volumes", "--data", '{"volume": {"size": 2049}}').code == 6
    assert world("api", "GET", "/nowhere").code == 3
