"""An image of a volume, asked for once: what is not known is said, and never asked for again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nbs_cli.errors import ExitCode
from tests.cloud.conftest import MakeFaulty, uuid, with_login, with_token
from tests.cloud.faulty import Behaviour, Faulty, Heard, Line, answer, cut, mute, nothing, relay, reset
from tests.conftest import Ran, Served


@pytest.fixture
def volume(served: Served) -> str:
    """A volume that can be uploaded."""
    return seeded(served)


def seeded(served: Served) -> str:
    """The one volume of a new cloud."""
    served.cloud.seed(1)
    with served.cloud.reading() as turn:
        (found,) = turn.db.execute("SELECT id FROM volumes").fetchone()
    return str(found)


def images(served: Served) -> int:
    """How many images there are."""
    with served.cloud.reading() as turn:
        (count,) = turn.db.execute("SELECT COUNT(*) FROM images").fetchone()
    return int(count)


def upload(nbs: Callable[..., Ran], env: dict[str, str], volume: str, *options: str) -> Ran:
    """`nbs volume upload-image`, as JSON."""
    return nbs("volume", "upload-image", volume, "--image-name", "golden", "-o", "json", *options, env=env)


LOST: dict[str, Behaviour] = {
    "closed": nothing,
    "reset": reset,
    "500": answer(500),
    "502": answer(502),
    "504": answer(504),
    "520": answer(520),
    "html": answer(200, b"<html>"),
    "empty": answer(202, b""),
    "cut": cut(b'{"os-volume_upload_image": {', 500),
    "redirect": answer(302, b"", Location="https://evil.example/"),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST)
@pytest.mark.parametrize("processed", [True, False], ids=["processed", "not processed"])
def test_a_lost_answer_is_unknown_and_never_sent_again(
    serve: Callable[..., Served], faulty: MakeFaulty, nbs: Callable[..., Ran], behaviour: Behaviour, processed: bool
) -> None:
    """Exit 11, one request, the image's name as what to look for; `uploading` tells that it was accepted (D28)."""
    served = serve(delay=30)
    volume = seeded(served)

    def lose(line: Line) -> None:
        if processed:
            relay(served.url, answered=False)(line)
            line.open = True
        behaviour(line)

    def by(heard: Heard) -> Behaviour:
        return lose if heard.target.endswith("/action") else relay(served.url)

    front = faulty(by=by)
    ran = upload(nbs, with_login(front), volume)
    assert ran.code == ExitCode.UNKNOWN
    assert ran.out == ""
    assert len(front.asked("POST")) == 1
    assert images(served) == processed
    assert "golden" in ran.err
    assert ("it was accepted" in ran.err) == processed
    assert json.loads(ran.err.splitlines()[-1])["error"]["resource"] == volume


def test_an_upload_that_shows_late_was_accepted(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """The volume is still `available` at the first looks: it is watched through the settle window (faults.md 3.5)."""
    looks: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST":
            return nothing
        looks.append(heard)
        status = "uploading" if len(looks) == 4 else "available"
        return answer(200, {"volume": {"id": uuid(1), "status": status}})

    server = faulty(by=by)
    ran = upload(nbs, with_token(server), uuid(1))
    assert ran.code == ExitCode.UNKNOWN
    assert "it was accepted" in ran.err
    assert len(server.asked("POST")) == 1


def test_a_mute_answer_is_unknown_at_the_deadline(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Not failed: it is out (commands.md, deadlines)."""

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST":
            return mute
        return answer(200, {"volume": {"id": uuid(1), "status": "available"}})

    ran = upload(nbs, with_token(faulty(by=by)), uuid(1), "--timeout", "0.5s")
    assert ran.code == ExitCode.UNKNOWN


REFUSED: dict[str, tuple[Behaviour, ExitCode]] = {
    "400": (answer(400, {"badRequest": {"message": "Invalid input"}}), ExitCode.USAGE),
    "in-use": (answer(400, {"badRequest": {"message": "Invalid volume: Volume status is in-use."}}), ExitCode.CONFLICT),
    "403": (answer(403, {"forbidden": {"message": "no"}}), ExitCode.AUTH),
    "404": (answer(404, {"itemNotFound": {"message": "no"}}), ExitCode.NOT_FOUND),
    "413": (answer(413, {"overLimit": {"message": "no"}}), ExitCode.LIMIT),
}


@pytest.mark.parametrize(("behaviour", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_refusal(
    faulty: MakeFaulty, nbs: Callable[..., Ran], behaviour: Behaviour, code: ExitCode
) -> None:
    """What was refused was not begun: no doubt, one request."""

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST":
            return behaviour
        return answer(200, {"volume": {"id": uuid(1), "status": "available"}})

    server: Faulty = faulty(by=by)
    assert upload(nbs, with_token(server), uuid(1)).code == code
    assert len(server.asked("POST")) == 1


def test_an_upload_is_followed_to_the_image(
    served: Served, nbs: Callable[..., Ran], volume: str, quick_waits: None
) -> None:
    """`--wait` asks the image service of the catalog until the image is active (commands.md 3.13)."""
    ran = upload(nbs, served.environ, volume, "--wait")
    assert ran.code == 0
    image = json.loads(ran.out)["image_id"]
    paths = [call.path for call in served.asked("GET") if "/images/" in call.path]
    assert set(paths) == {f"/v2/images/{image}"}
    assert "active" in ran.err


def test_an_attached_volume_needs_force(served: Served, nbs: Callable[..., Ran], volume: str) -> None:
    """Exit 5 without, accepted with it."""
    served.cloud.attach(volume)
    assert upload(nbs, served.environ, volume).code == ExitCode.CONFLICT
    assert upload(nbs, served.environ, volume, "--force").code == 0
    assert images(served) == 1


NO_IMAGES: dict[str, list[dict[str, Any]]] = {
    "no image service": [],
    "of another region only": [{"region": "KR9", "publicURL": "{url}"}],
    "of another cloud": [{"region": "KR1", "publicURL": "https://evil.example"}],
}


@pytest.mark.parametrize("endpoints", NO_IMAGES.values(), ids=NO_IMAGES)
def test_without_an_image_service_the_volume_is_followed(
    served: Served,
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    volume: str,
    quick_waits: None,
    endpoints: list[dict[str, Any]],
) -> None:
    """Until it is what it was before, the image said to be unchecked; nobody else is asked (commands.md 3.13)."""

    def by(heard: Heard) -> Behaviour:
        if not heard.target.endswith("/tokens"):
            return relay(served.url)

        def login(line: Line) -> None:
            import httpx

            told = httpx.post(served.url + heard.target, json=heard.json, headers={"Host": front.host}).json()
            catalog = [entry for entry in told["access"]["serviceCatalog"] if entry["type"] != "image"]
            if endpoints:
                places = [{**place, "publicURL": place["publicURL"].format(url=front.url)} for place in endpoints]
                catalog.append({"type": "image", "endpoints": places})
            told["access"]["serviceCatalog"] = catalog
            answer(200, told)(line)

        return login

    front = faulty(by=by)
    ran = upload(nbs, with_login(front), volume, "--wait")
    assert ran.code == 0, ran.err
    assert "the image itself was not checked" in ran.err
    assert not [heard for heard in front.heard if "/images/" in heard.target]
    with served.cloud.reading() as turn:
        assert turn.db.execute("SELECT status FROM volumes").fetchone()["status"] == "available"
