"""Ways in which the answer to a create gets lost, lists that lag, and what the cloud and the journal hold by then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbs_cli.cloud.resources import Resource
from nbs_cli.sandbox.cloud import Cloud
from tests.cloud.faulty import Behaviour, Heard, Line, answer, cut, nothing, relay, reset
from tests.conftest import Served


def stored(cloud: Cloud, resource: Resource) -> list[dict[str, Any]]:
    """What the cloud holds: the oracle of every test below."""
    with cloud.reading() as turn:
        return [dict(row) for row in turn.db.execute(f"SELECT * FROM {resource.path} ORDER BY created_at, id")]


Lose = Callable[[str], Behaviour]


def before(behaviour: Behaviour) -> Lose:
    """The request is lost before the cloud has seen it."""
    return lambda _url: behaviour


def after(behaviour: Behaviour) -> Lose:
    """The cloud has processed the request, and *behaviour* is all that comes back."""

    def lose(url: str) -> Behaviour:
        def behave(line: Line) -> None:
            relay(url, answered=False)(line)
            line.open = True
            behaviour(line)

        return behave

    return lose


HTML = answer(200, b"<html>log in</html>")
AFTER: dict[str, Lose] = {
    "closed": after(nothing),
    "reset": after(reset),
    "500": after(answer(500)),
    "502": after(answer(502, b"<html>Bad Gateway</html>")),
    "503": after(answer(503)),
    "504": after(answer(504)),
    "520": after(answer(520)),
    "html": after(HTML),
    "redirect": after(answer(302, b"", Location="https://evil.example/")),
    "empty": after(answer(202, b"")),
    "without an id": after(answer(202, {"volume": {"status": "creating"}})),
    "gzip": after(answer(202, b"\x1f\x8b", Content_Encoding="gzip")),
    "cut": lambda url: relay(url, cut_at=20),
    "cut at the last byte": lambda url: relay(url, cut_at=-1),
    "cut to nothing": lambda url: relay(url, cut_at=0),
}
BEFORE: dict[str, Lose] = {
    "closed": before(nothing),
    "reset": before(reset),
    "502": before(answer(502)),
    "504": before(answer(504)),
    "html": before(HTML),
    "cut": before(cut(b"{", 100)),
}


def journal() -> list[dict[str, Any]]:
    """The entries of the journal, as they lie on the disk."""
    return [json.loads(path.read_text()) for path in sorted((Path.home() / ".local/state/nbs/requests").glob("*.json"))]


def posting(served: Served, behaviour: Callable[[Heard], Behaviour]) -> Callable[[Heard], Behaviour]:
    """Go on as the cloud does, but behave so for the POST of a volume or snapshot."""

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST" and not heard.target.endswith("/tokens"):
            return behaviour(heard)
        return relay(served.url)

    return by


def lagging(lists: float) -> Callable[[Any], Any]:
    """Wrap the application: a resource shows only in what is listed after it was missing in so many *lists*."""
    missed: dict[str, int] = {}

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            said: list[Any] = []
            body = b"".join(app(environ, lambda *line: said.extend(line)))
            data = json.loads(body) if body else {}
            for plural, rows in data.items():
                if plural in {"volumes", "snapshots"} and isinstance(rows, list):
                    new = [row["id"] for row in rows if missed.get(row["id"], 0) < lists]
                    if "marker" not in environ["QUERY_STRING"]:
                        missed.update({one: missed.get(one, 0) + 1 for one in new})
                    data[plural] = [row for row in rows if row["id"] not in new]
            body = json.dumps(data).encode() if body else b""
            start(said[0], [(name, value) for name, value in said[1] if name.lower() != "content-length"])
            return [body]

        return door

    return wrap
