"""Making images of volumes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.commands.conftest import IMAGE_KEYS, World, fields
from tests.conftest import Ran, Served

LINE = ["volume", "upload-image", "source", "--image-name", "golden"]


@pytest.fixture
def sourced(world: World) -> World:
    """A cloud with one volume called `source`."""
    world.volume("source", 10, description="words")
    return world


def test_the_answer_is_printed(sourced: World) -> None:
    """The documented fields of the answer, one a line, and what was done on stderr."""
    ran = sourced(*LINE)
    shown = fields(ran.out)
    assert ran.code == 0
    assert shown.keys() == IMAGE_KEYS
    assert (shown["image_name"], shown["size"], shown["volume_type"]) == ("golden", "10 GB", "General HDD")
    assert ran.err == f"making image golden ({shown['image_id']})\n"


@pytest.mark.parametrize(
    ("options", "out"),
    [
        (["-q"], "{image_id}\n"),
        (["-o", "value", "-c", "image_id,image_name,size"], "{image_id}\tgolden\t10\n"),
        (["-c", "image_name"], "image_name  golden\n"),
    ],
)
def test_the_answer_is_printed_as_asked(sourced: World, options: list[str], out: str) -> None:
    """`-q` gives the image's ID, the other formats what they give everywhere."""
    ran = sourced(*LINE, *options)
    image = sourced.raw("GET", f"{sourced.served.url}/v2/images/{ran.out.split()[0]}") if "{" in out else {}
    assert ran.out == out.format(image_id=image.get("id"))


def test_the_answer_in_json_is_whole(sourced: World) -> None:
    """The guide's keys, and the volume's type whole, as the guide's example has it."""
    answer = sourced.json(*LINE)
    assert answer.keys() == IMAGE_KEYS
    assert answer["volume_type"]["name"] == "General HDD"
    assert answer["status"] == "uploading"


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ([], {"disk_format": "qcow2", "container_format": "bare"}),
        (["--disk-format", "raw", "--container-format", "ovf"], {"disk_format": "raw", "container_format": "ovf"}),
        (["--visibility", "shared", "--protected"], {"visibility": "shared", "protected": True}),
        (["--force"], {"force": True}),
    ],
)
def test_the_image_is_asked_for_as_it_was_said(sourced: World, options: list[str], body: dict[str, Any]) -> None:
    """Every option has its place in the action, and what was not said is not sent."""
    assert sourced(*LINE, *options).code == 0
    (call,) = sourced.served.asked("POST")
    usual = {"image_name": "golden", "disk_format": "qcow2", "container_format": "bare"}
    assert json.loads(call.body) == {"os-volume_upload_image": usual | body}


def test_waiting_follows_the_image(build: Callable[..., World]) -> None:
    """`--wait` looks at the image itself until it is active, and tells its statuses."""
    world = build(delay=0.3)
    world.volume("source")
    world("volume", "wait", "source")
    ran = world(*LINE, "--wait", "-o", "json")
    assert ran.code == 0
    assert any("/v2/images/" in call.path for call in world.served.asked("GET"))
    assert "active" in ran.err
    assert json.loads(ran.out).keys() == IMAGE_KEYS


def test_waiting_too_long_for_an_image(build: Callable[..., World]) -> None:
    """Exit 7 when the image is not active in time; the answer with its ID is printed all the same."""
    world = build(delay=3600)
    world.volume("source")
    world.cloud.advance(3601)
    ran = world(*LINE, "--wait", "--timeout", "0.3s", "-o", "json")
    assert ran.code == 7
    assert json.loads(ran.out)["image_name"] == "golden"


def test_without_an_image_service_the_volume_is_followed(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """Where the catalog names no image service, the volume is waited for, and it is said what was not checked."""

    def imageless(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            head: list[Any] = []
            body = b"".join(app(environ, lambda *given: head.append(given)))
            status, headers = head[0]
            body = body.replace(b'"type": "image"', b'"type": "hidden"')
            start_response(status, [(k, v) for k, v in headers if k.lower() != "content-length"])
            return [body]

        return answer

    served = serve(imageless, delay=0.2)
    world = World(served, nbs)
    world.volume("source")
    world.close()
    world("volume", "wait", "source")
    ran = world(*LINE, "--wait")
    assert ran.code == 0
    assert "the image itself was not checked" in ran.err
    assert not [call for call in served.calls if "/images/" in call.path]


@pytest.mark.parametrize(
    ("options", "code", "fragment"),
    [
        (["--image-name", ""], 2, "empty"),
        (["--image-name", "a\nb"], 2, "control"),
        (["--image-name", "x" * 256], 2, "256"),
        (["--visibility", "public"], 2, "private"),
        (["--disk-format", "floppy"], 2, "disk_format"),
        (["-c", "sizes"], 2, "size"),
    ],
)
def test_what_no_image_can_be_is_refused(sourced: World, options: list[str], code: int, fragment: str) -> None:
    """Exit 2 with what is wrong; no image is made."""
    ran = sourced("volume", "upload-image", "source", "--image-name", "golden", *options)
    assert ran.code == code
    assert fragment in ran.err
    assert sourced.json("volume", "show", "source")["status"] == "available"


def test_a_name_is_needed(sourced: World) -> None:
    """Without `--image-name` nothing is asked of the server."""
    ran = sourced("volume", "upload-image", "source")
    assert ran.code == 2
    assert "--image-name" in ran.err
    assert sourced.served.calls == []


def test_an_attached_volume_needs_force(sourced: World) -> None:
    """Exit 5 and the option in the hint without `--force`; with it the image is made."""
    sourced.cloud.attach(sourced.json("volume", "show", "source")["id"])
    refused = sourced(*LINE)
    assert refused.code == 5
    assert "--force" in refused.err
    assert sourced(*LINE, "--force").code == 0
