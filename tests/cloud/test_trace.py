"""What `--debug` shows: the conversation without its secrets, and curl lines that run."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.cloud.trace import MASK, Trace
from nbs_cli.sandbox.cloud import OTHER_PASSWORD, OTHER_TENANT_ID, OTHER_USERNAME, TENANT_ID
from tests.cloud.conftest import MakeFaulty, with_login, with_token
from tests.cloud.faulty import Behaviour, Heard, answer
from tests.conftest import NBS, Ran, Served

CANARY = "canary-7f3a9c"
TOKEN = "token-51e0b2d4"


def told(*secrets: str) -> tuple[Trace, list[str]]:
    """A trace that knows *secrets*, and what it writes."""
    lines: list[str] = []
    trace = Trace(lines.append)
    trace.keep(*secrets)
    return trace, lines


def test_secrets_are_hidden_wherever_they_stand() -> None:
    """In a URL, a header, a body, an answer, a note: known values never show, whoever put them there."""
    trace, lines = told(CANARY, TOKEN)
    trace.sent("POST", f"https://a.example/{CANARY}", {"X-Auth-Token": TOKEN, "X-Other": CANARY}, {"name": CANARY})
    trace.received(400, {"x-echo": TOKEN}, json.dumps({"badRequest": {"message": f"bad {TOKEN}"}}).encode(), 0.1)
    trace.received(502, {}, f"<html>{CANARY}</html>".encode(), 0.1)
    trace.note(f"again with {TOKEN}")
    assert CANARY not in "\n".join(lines)
    assert TOKEN not in "\n".join(lines)
    assert any(MASK in line for line in lines)


def test_a_secret_inside_another_is_hidden_with_it() -> None:
    """The longer one goes first, or half of it would show."""
    trace, _lines = told("secret", "secret-and-more")
    assert trace.mask("x secret-and-more y secret z") == f"x {MASK} y {MASK} z"


@pytest.mark.parametrize("secret", [None, ""])
def test_nothing_is_no_secret(secret: str | None) -> None:
    """An empty one would be everywhere."""
    trace = Trace()
    trace.keep(secret)
    assert trace.mask("abc") == "abc"


def test_a_login_hides_what_it_is_about() -> None:
    """Password and token stand under their names before anybody knows their values, however short they are."""
    trace, lines = told()
    credentials = {"username": "u", "password": "pw"}
    trace.sent("POST", "https://a.example/v2.0/tokens", {}, {"auth": {"passwordCredentials": credentials}})
    access = {"token": {"id": "tk", "expires": "2026-01-01"}, "user": {"id": "visible"}}
    trace.received(200, {}, json.dumps({"access": access}).encode(), 0.1)
    text = "\n".join(lines)
    assert '"pw"' not in text
    assert '"tk"' not in text
    assert "visible" in text
    assert "2026-01-01" in text


def test_without_a_reader_nothing_is_written() -> None:
    """The trace of a usual command only masks."""
    trace = Trace()
    trace.sent("GET", "https://a.example/", {}, None)
    trace.received(200, {}, b"{}", 0.1)
    trace.note("nothing")


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"<html>" * 1000, b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"NaN"]
)
def test_an_answer_of_any_kind_can_be_shown(raw: bytes) -> None:
    """The trace never raises: it is asked when something is wrong."""
    trace, lines = told()
    trace.received(200, {}, raw, 0.1)
    assert lines[0].startswith("< 200")


SECRETS = [CANARY, 'with "quotes" and \\ ' + CANARY, "한국어-비밀번호-" + CANARY, "a'b$c`d " + CANARY]


@pytest.mark.parametrize("password", SECRETS, ids=["plain", "quotes", "korean", "shell"])
def test_a_command_that_shows_everything_shows_no_secret(
    faulty: MakeFaulty, nbs: Callable[..., Ran], password: str
) -> None:
    """`--debug` of a login, a refusal that echoes it, a lost answer: 0 canary hits (C11, C12), JSON escapes or not."""

    def by(heard: Heard) -> Behaviour:
        if heard.target == "/v2.0/tokens":
            catalog = [{"type": "volumev2", "endpoints": [{"region": "KR1", "publicURL": server.url}]}]
            access = {"token": {"id": TOKEN, "tenant": {"id": TENANT_ID}}, "serviceCatalog": catalog}
            return answer(200, {"access": access})
        words = f"no {password} {TOKEN}"
        return answer(400, {"badRequest": {"message": words}, "echo": {"deep": [words]}}, X_Echo=TOKEN)

    server = faulty(by=by)
    ran = nbs("volume", "list", "--debug", env={**with_login(server), "NBS_PASSWORD": password})
    assert ran.code == 2
    assert "curl" in ran.err
    assert CANARY not in ran.err + ran.out
    assert TOKEN not in ran.err + ran.out


@pytest.mark.parametrize("name", ["X-Subject-Token", "Set-Cookie", "X-Auth-Token", "Authorization"])
def test_a_header_that_brings_a_secret_is_hidden(name: str) -> None:
    """A login's answer is shown before its token is known, so these headers are hidden by their names."""
    trace, lines = told()
    trace.received(200, {name.lower(): CANARY}, b"{}", 0.1)
    assert CANARY not in "\n".join(lines)


@pytest.fixture
def curl(tmp_path: Path) -> Path:
    """A folder with a `curl` that writes down its arguments, and the real `nbs` of `$(nbs auth token)`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "curl"
    script.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    script.chmod(0o700)
    (folder / "nbs").symlink_to(NBS)
    return folder


def curls(err: str) -> list[str]:
    """The curl lines of what `--debug` wrote."""
    return [line.strip() for line in err.splitlines() if line.strip().startswith("curl ")]


def run(line: str, folder: Path, env: dict[str, str]) -> Any:
    """Have a shell run *line*, and give the arguments that curl got."""
    environ = {**os.environ, **env, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, check=True, timeout=30)
    return json.loads(done.stdout)


def test_the_curl_lines_repeat_the_requests(served: Served, nbs: Callable[..., Ran], curl: Path) -> None:
    """A shell gives curl the method, the URL, the headers, the token and the body that nbs sent, quotes and all."""
    name = 'it\'s "a" 데이터 $HOME `x`'
    env = {**served.environ, "NBS_TENANT_ID": OTHER_TENANT_ID, "NBS_USERNAME": OTHER_USERNAME}
    env["NBS_PASSWORD"] = OTHER_PASSWORD
    ran = nbs("volume", "create", "--size", "1", "--name", name, "--debug", env=env)
    assert ran.code == 0
    login, create = (run(line, curl, env) for line in curls(ran.err))
    sent_login, sent_create = served.calls[:2]
    assert login[-1] == served.url + "/v2.0/tokens"
    assert json.loads(login[login.index("-d") + 1]) == json.loads(sent_login.body)
    assert create[:3] == ["-sS", "-X", "POST"]
    assert create[-1] == served.url + sent_create.path
    assert json.loads(create[create.index("-d") + 1]) == json.loads(sent_create.body)
    headers = dict(word.split(": ", 1) for flag, word in itertools.pairwise(create) if flag == "-H")
    assert headers["Content-Type"] == "application/json"
    assert len(headers["X-Auth-Token"]) == 32


def test_the_curl_line_of_a_get_is_the_query(faulty: MakeFaulty, nbs: Callable[..., Ran], curl: Path) -> None:
    """No method, no body, and a query that the shell leaves alone."""
    server = faulty(answer(200, {"volumes": []}))
    env = with_token(server)
    ran = nbs("volume", "list", "--sort", "name:asc,size", "--debug", env=env)
    words = run(curls(ran.err)[0], curl, env)
    assert words[-1] == server.url + server.heard[0].target
    assert "-X" not in words
    assert "-d" not in words


def test_the_curl_line_asks_the_same_profile(nbs: Callable[..., Ran]) -> None:
    """With `-p` the token in the line is that profile's, not that of the one in use."""
    assert "$(nbs -p sandbox auth token)" in nbs("-p", "sandbox", "volume", "list", "--debug").err


def test_a_new_token_is_hidden_from_its_first_line_on() -> None:
    """The headers of a login's answer may repeat the token that its body brings; and so may every later one."""
    said: list[str] = []
    trace = Trace(said.append)
    body = {"access": {"token": {"id": "Canary-token-1"}}}
    trace.received(200, {"x-echo": "Canary-token-1"}, json.dumps(body).encode(), 0.1)
    trace.received(200, {}, b'"Canary-token-1"', 0.1)
    for odd in (b"[]", b'{"access": 1}', b'{"access": {"token": 1}}', b'{"access": {"token": {"id": 1}}}'):
        trace.received(200, {}, odd, 0.1)
    assert "Canary" not in "".join(said)
    assert "< x-echo: ***" in said


def test_a_retry_and_a_new_login_are_told(
    served: Served, nbs: Callable[..., Ran], faulty: MakeFaulty, no_pauses: list[float]
) -> None:
    """Decisions show too, or the log would not explain itself."""
    server = faulty(answer(503), answer(200, {"volumes": []}))
    assert "* HTTP 503; again in 0.0 s" in nbs("volume", "list", "--debug", env=with_token(server)).err
