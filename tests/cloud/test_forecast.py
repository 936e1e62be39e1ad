"""What a rehearsal foresees is what the server answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.commands.conftest import World, build
from tests.conftest import Served

__all__ = ["build"]  # a fixture


def expected(world: World, *words: str) -> list[str]:
    """The forecasts of a rehearsal."""
    return [row["forecast"] for row in world.json(*words, "--dry-run")]


@pytest.mark.parametrize(
    ("words", "code", "fragment"),
    [
        ("volume create --size 3", 0, "accepted"),
        ("volume create --size 9 --name big", 6, "2 GB of at most 10 GB are used"),
        ("snapshot create free", 0, "how many snapshots a volume may have is not told"),
        ("snapshot create busy", 5, "attached, and --force is missing"),
        ("snapshot create busy --force", 0, "accepted"),
        ("volume upload-image free --image-name x", 0, "accepted"),
        ("volume upload-image busy --image-name x", 5, "in-use, and --force is missing"),
        ("volume upload-image busy --image-name x --force", 0, "accepted"),
    ],
)
def test_a_forecast_comes_true(build: Callable[..., World], words: str, code: int, fragment: str) -> None:
    """`accepted` is accepted, `refused` refused, by the same words that follow."""
    world = build(gigabytes=10)
    world.volume("free")
    world.cloud.attach(world.volume("busy"))
    (forecast,) = expected(world, *words.split())
    assert fragment in forecast
    assert forecast.partition(":")[0].partition(";")[0] == ("refused" if code else "accepted")
    assert world.served.asked("POST") == []
    assert world(*words.split()).code == code


def test_of_several_each_is_counted(build: Callable[..., World]) -> None:
    """The third of three is the one for which nothing is left."""
    world = build(gigabytes=10)
    world.volume("free", 4)
    told = expected(world, "volume", "create", "--size", "3", "--count", "3", "--name", "node")
    assert [one.partition(":")[0] for one in told] == ["accepted", "accepted", "refused"]
    assert [one.partition(":")[0] for one in expected(build(volumes=1), *CREATE, "--count", "2")] == [
        "accepted",
        "refused",
    ]


CREATE = ("volume", "create", "--size", "1", "--name", "web")


def test_a_name_that_is_there_is_told(build: Callable[..., World]) -> None:
    """Names need not be unique, so it is no refusal."""
    world = build()
    world.volume("web")
    assert expected(world, *CREATE) == ["accepted; one has this name already"]


def test_what_the_service_does_not_tell(serve: Callable[..., Served], build: Callable[..., World]) -> None:
    """Without `/limits` the forecast says so; where not even a list is answered, it says that it does not know."""

    def without(*paths: str) -> World:
        def wrap(app):  # type: ignore[no-untyped-def]  # WSGI
            def wrapped(environ, start_response):  # type: ignore[no-untyped-def]
                if environ["PATH_INFO"].endswith(paths):
                    start_response("404 Not Found", [("Content-Type", "application/json")])
                    return [b'{"itemNotFound": {"code": 404, "message": "no such resource"}}']
                return app(environ, start_response)

            return wrapped

        return build(wrap=wrap)

    assert expected(without("/limits"), *CREATE) == ["accepted; the service does not tell its quota"]
    assert expected(without("/detail"), *CREATE) == ["unknown: no such resource"]
