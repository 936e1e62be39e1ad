"""A server that means harm: every text of its answers is a payload, and no command passes one on to a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from nbs_cli.running import run
from nbs_cli.session import Session
from tests.conftest import Ran, Served
from tests.output.conftest import LIVE, OBEYED, PAYLOADS, Screen

KEPT = {"id", "status"}  # what the walk through the pages and the wait need; all else is the server's to choose
ALL = "|".join(PAYLOADS.values())
Change = Callable[[dict[str, Any], tuple[str, bytes]], tuple[str, bytes]]


def poisoned(value: Any, text: str) -> Any:
    """A copy of a JSON value in which every text, and every key of metadata, is *text*."""
    if isinstance(value, dict):
        return {key: inner if key in KEPT else poisoned(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, text) for inner in value]
    return text if isinstance(value, str) else value


def answering(change: Change) -> Callable[[Any], Any]:
    """Wrap the application: *change* makes a new status and body out of those of the block storage."""

    def wrap(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            heads: list[Any] = []
            body = b"".join(app(environ, lambda *head: heads.append(head)))
            status, headers = heads[0]
            if "/tokens" not in environ["PATH_INFO"]:
                status, body = change(environ, (status, body))
            rest = [(name, value) for name, value in headers if name.lower() != "content-length"]
            start_response(status, [*rest, ("Content-Length", str(len(body)))])
            return [body]

        return answer

    return wrap


def poison(environ: dict[str, Any], answer: tuple[str, bytes]) -> tuple[str, bytes]:
    """Each row of a list holds another payload; a record alone holds all of them."""
    status, body = answer
    document = json.loads(body or b"null")
    for noun in ("volumes", "snapshots"):
        if isinstance(document, dict) and document.get(noun):
            row = document[noun][0]
            document = {
                noun: [
                    {**poisoned(row, text), "id": f"{row['id'][:-4]}{number:04}", "metadata": {text: text}}
                    for number, text in enumerate(PAYLOADS.values())
                ]
            }
    for noun in ("volume", "snapshot"):
        if isinstance(document, dict) and noun in document:
            document = {noun: {**poisoned(document[noun], ALL), "metadata": {ALL: ALL}}}
    return status, json.dumps(document).encode() if body else b""


def complain(_environ: dict[str, Any], _answer: tuple[str, bytes]) -> tuple[str, bytes]:
    """Every request is refused in hostile words."""
    return "400 Bad Request", json.dumps({"badRequest": {"code": 400, "message": ALL}}).encode()


@dataclass
class Evil:
    """A cloud with an attached volume and a snapshot, whose answers are poisoned from now on, and how."""

    served: Served
    volume: str
    plan: list[Change]


@pytest.fixture
def evil(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> Evil:
    """Fill a cloud with good answers, then poison them."""
    plan: list[Change] = []
    served = serve(answering(lambda environ, answer: plan[-1](environ, answer) if plan else answer), delay=0)
    made = nbs("volume", "create", "--size", "1", "--name", "x", "-q", env=served.environ)
    nbs("volume", "wait", "x", env=served.environ)
    nbs("snapshot", "create", "x", "--name", "s", env=served.environ)
    served.cloud.attach(made.out.strip())
    plan.append(poison)
    return Evil(served, made.out.strip(), plan)


def shown(evil: Evil, screen: Callable[[int], Screen], *args: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command of which both are terminals."""
    out, err = screen(200), screen(200)
    session = Session({**os.environ, **evil.served.environ}, stdin=StringIO(), stdout=out.stream, stderr=err.stream)
    code = run(list(args), session)
    return code, out.text, err.text


LINES = [
    ["volume", "list"],
    ["volume", "list", "-c", "id,name,description,metadata,links,zone,attached,created"],
    ["volume", "list", "-o", "value"],
    ["volume", "list", "-o", "json"],
    ["volume", "show", "{id}"],
    ["volume", "show", "{id}", "-o", "json"],
    ["volume", "show", "{id}", "-o", "value"],
    ["volume", "delete", "{id}", "--dry-run"],
    ["volume", "wait", "{id}", "--for", "available", "--timeout", "0.5s"],
    ["volume", "upload-image", "{id}", "--image-name", "x", "--force"],
    ["snapshot", "list"],
    ["snapshot", "list", "-o", "value"],
    ["snapshot", "create", "{id}", "--force"],
    ["snapshot", "prune", "--all-volumes", "--keep-last", "1", "--include-unmanaged"],
    ["snapshot", "rotate", "{id}", "--keep-last", "1", "--force"],
    ["snapshot", "list", "--volume", "{id}", "--timeline"],
    ["types", "list"],
    ["types", "show", "ssd"],
    ["volume", "show", "[/]"],
    ["--debug", "volume", "show", "{id}"],
]


@pytest.mark.parametrize("line", LINES, ids=" ".join)
@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_no_command_passes_a_payload_on(
    evil: Evil, screen: Callable[[int], Screen], nbs: Callable[..., Ran], line: list[str], where: str
) -> None:
    """Every command, its data and what it says beside it, on a terminal and in a pipe."""
    args = [word.format(id=evil.volume) for word in line]
    if where == "terminal":
        code, out, err = shown(evil, screen, *args, "--color", "never")
    else:
        ran = nbs(*args, env=evil.served.environ)
        code, out, err = ran.code, ran.out, ran.err
    assert code in {0, 3, 7, 10}, err
    assert "Traceback" not in err
    assert not OBEYED.search(err.replace(LIVE, ""))
    if "value" in line:
        out = out.replace("\t", "")
        if where == "pipe":
            return  # programs get the text as it is, tabs and line ends aside
    assert not OBEYED.search(out)


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_no_complaint_is_obeyed(
    evil: Evil, screen: Callable[[int], Screen], nbs: Callable[..., Ran], form: str, where: str
) -> None:
    """The server's own words in a failure are shown, on one line for programs, and obeyed nowhere."""
    evil.plan.append(complain)
    if where == "terminal":
        code, _out, err = shown(evil, screen, "volume", "list", "-o", form, "--color", "never")
    else:
        ran = nbs("volume", "list", "-o", form, env=evil.served.environ)
        code, err = ran.code, ran.err
    assert code == 2
    assert "red" in err
    assert not OBEYED.search(err)
    if form == "json":
        assert json.loads(err)["error"]["code"] == "usage"


def test_a_list_has_a_line_for_each(evil: Evil, nbs: Callable[..., Ran]) -> None:
    """However a name tries to forge another row, there are as many lines as rows."""
    assert len(nbs("volume", "list", env=evil.served.environ).out.splitlines()) == len(PAYLOADS) + 1
    assert len(nbs("volume", "list", "-o", "value", env=evil.served.environ).out.split("\n")) == len(PAYLOADS) + 1
