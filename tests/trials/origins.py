"""Secrets stay at their own cloud: redirects, next links, catalogs, proxies, files of the working directory.

Every name leads to this machine here, and the other origin's certificate is trusted: nothing but nbs keeps a secret
from it, and all that it hears is recorded.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from tests.cloud.conftest import uuid
from tests.cloud.faulty import Behaviour, Faulty, Heard, answer, certificate, tls
from tests.trials.ground import Figure, inside, main, working_in

TRIALS = 20
PASSWORD, TOKEN, TENANT = "Canary-password-5d1", "Canary-token-5d1", "0123456789abcdef0123456789abcdef"
OWN, EVIL = "own.cloud.example", "evil.example"
STATUSES = (300, 301, 302, 303, 307, 308, 399)
VOLUME = {"id": uuid(1), "name": "v", "status": "available", "size": 1, "attachments": []}
COMMANDS = (
    ("volume", "list"),
    ("volume", "show", uuid(1)),
    ("volume", "create", "--size", "1", "--timeout", "2s"),
    ("volume", "delete", uuid(1), "--yes"),
    ("types", "list"),
)


@dataclass
class World:
    """Two clouds: the user's own, whose answers are *plan*, and another one, in TLS and without."""

    own: Faulty
    evil: Faulty
    plain: Faulty
    bundle: Path
    plan: dict[str, Any] = field(default_factory=dict)

    def answers(self, heard: Heard) -> Behaviour:
        """What the own cloud says: the planned redirect, catalog or links, and good answers otherwise."""
        if "redirect" in self.plan and self.plan["where"] in heard.target:
            return answer(self.plan["status"], b"", Location=self.plan["redirect"])
        if heard.target.endswith("/tokens"):
            return answer(200, self.access())
        if "/action" in heard.target:
            image = {"image_id": uuid(2), "status": "uploading"}
            return answer(202, {"os-volume_upload_image": image})
        if "/volumes/detail" in heard.target and "marker" not in heard.target:
            return answer(200, {"volumes": [VOLUME], "volumes_links": self.plan.get("links", [])})
        if "/volumes/detail" in heard.target:
            return answer(200, {"volumes": []})
        if "/types" in heard.target:
            return answer(200, {"volume_types": []})
        return answer(200, {"volume": VOLUME})

    def access(self) -> dict[str, Any]:
        """The answer to a login."""
        storage = self.plan.get("catalog", f"https://{OWN}:{self.own.port}/v2/{TENANT}")
        image = self.plan.get("image", f"https://{OWN}:{self.own.port}/image")
        catalog = [
            {"type": kind, "endpoints": [{"region": "KR1", "publicURL": url}]}
            for kind, url in (("volumev2", storage), ("image", image))
        ]
        token = {"id": TOKEN, "expires": "2999-01-01T00:00:00Z", "tenant": {"id": TENANT}}
        return {"access": {"token": token, "serviceCatalog": catalog}}

    def environ(self) -> dict[str, str]:
        """Credentials of the own cloud."""
        return {
            "NBS_IDENTITY_URL": f"https://{OWN}:{self.own.port}",
            "NBS_TENANT_ID": TENANT,
            "NBS_USERNAME": "ann@own.example",
            "NBS_PASSWORD": PASSWORD,
            "NBS_REGION": "KR1",
            "NBS_CA_BUNDLE": str(self.bundle),
            "NBS_SETTLE": "0.1s",
        }

    def run(self, figure: Figure, label: str, *words: str, env: dict[str, str] | None = None, **plan: Any) -> None:
        """Run a command under *plan*, and count what the other origin heard, and what people were told."""
        self.plan = plan
        ran = inside(*words, env={**self.environ(), **(env or {})})
        heard = [*self.evil.heard, *self.plain.heard]
        figure.count(not heard, f"{label} {' '.join(words)}: {[(one.method, one.target) for one in heard]}")
        shown = [secret for secret in (PASSWORD, TOKEN) if secret in ran.out + ran.err]
        figure.count(not shown and "Traceback" not in ran.err, f"{label} {' '.join(words)}: shown {shown}")
        self.evil.heard.clear()
        self.plain.heard.clear()


@contextlib.contextmanager
def world() -> Iterator[World]:
    """The two clouds, with every name of `.example` leading to this machine."""
    real = socket.getaddrinfo

    def here(host: Any, *more: Any, **most: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if str(name).endswith(".example") else host, *more, **most)

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        own, evil = certificate(folder, OWN), certificate(folder, EVIL)
        bundle = folder / "bundle.pem"
        bundle.write_bytes(own.read_bytes() + evil.read_bytes())
        good: Behaviour = answer(200, {"volumes": []})
        servers = [Faulty([good], tls(own)), Faulty([good], tls(evil)), Faulty([good])]
        for server in servers:
            stack.callback(server.close)
        stack.enter_context(mock.patch.object(socket, "getaddrinfo", here))
        made = World(servers[0], servers[1], servers[2], bundle)
        made.own.script = made.answers
        yield made


def trial(trials: int) -> list[Figure]:
    """Every case *trials* times."""
    with world() as made:
        return [
            repeated("redirects", redirects, made, trials),
            repeated("next links", links, made, trials),
            repeated("catalogs", catalogs, made, trials),
            repeated("proxies", proxies, made, trials),
            repeated("working directory", folders, made, trials),
            heard_at_all(made),
        ]


def repeated(what: str, cases: Callable[[Figure, World], None], made: World, trials: int) -> Figure:
    """One figure for all *cases*."""
    figure = Figure(what)
    for _number in range(trials):
        cases(figure, made)
    figure.note = "requests at the other origin, secrets shown"
    return figure


def redirects(figure: Figure, made: World) -> None:
    """Every status to another host, another port, and to plain http; of the login too."""
    targets = (
        f"https://{EVIL}:{made.evil.port}/v2/",
        f"http://{OWN}:{made.plain.port}/v2/",
        f"//{EVIL}:{made.evil.port}/",
        f"https://{OWN}:{made.own.port}@{EVIL}:{made.evil.port}/",
    )
    for status, (index, words) in zip(STATUSES * 2, enumerate(COMMANDS * 3), strict=False):
        target = targets[(status + index) % len(targets)]
        made.run(figure, f"{status} to {target}", *words, redirect=target, status=status, where=f"/v2/{TENANT}")
    for status in STATUSES:
        made.run(figure, f"{status} login", "volume", "list", redirect=targets[0], status=status, where="/tokens")


def links(figure: Figure, made: World) -> None:
    """Next links to elsewhere."""
    for base in (f"https://{EVIL}:{made.evil.port}", f"http://{OWN}:{made.plain.port}", f"//{EVIL}:{made.evil.port}"):
        href = f"{base}/v2/{TENANT}/volumes/detail?limit=1&marker={uuid(1)}"
        made.run(figure, href, "volume", "list", links=[{"rel": "next", "href": href}])
        made.run(figure, href, "volume", "delete", "v", "--yes", links=[{"rel": "next", "href": href}])


def catalogs(figure: Figure, made: World) -> None:
    """Endpoints that are not of this cloud, of the block storage and of the image service."""
    evil, plain = made.evil.port, made.plain.port
    for url in (
        f"https://{EVIL}:{evil}/v2/{TENANT}",
        f"https://{OWN}.{EVIL}:{evil}/v2/{TENANT}",
        f"https://not-{OWN}:{evil}/v2/{TENANT}",
        f"https://{OWN}@{EVIL}:{evil}/v2/{TENANT}",
        f"https://{OWN}:443@{EVIL}:{evil}/v2/{TENANT}",
        f"https://{EVIL}:{evil}\\@{OWN}/v2/{TENANT}",
        f"https://{EVIL}:{evil}#@{OWN}/v2/{TENANT}",
        f"https://{EVIL}:{evil}?@{OWN}/v2/{TENANT}",
        f"http://{OWN}:{plain}/v2/{TENANT}",
        f"http://127.0.0.1:{plain}/v2/{TENANT}",
        f"https://127.0.0.1:{evil}/v2/{TENANT}",
        f"https://[::ffff:127.0.0.1]:{evil}/v2/{TENANT}",
        f"//{EVIL}:{evil}/v2/{TENANT}",
    ):
        for words in COMMANDS:
            made.run(figure, url, *words, catalog=url)
        upload = ("volume", "upload-image", uuid(1), "--image-name", "i", "--wait", "--timeout", "1s")
        made.run(figure, f"image {url}", *upload, image=url)


def proxies(figure: Figure, made: World) -> None:
    """A proxy of plain http never hears of loopback; one of https is asked for a way and told nothing else."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        with mock.patch.dict(os.environ, {name: f"http://127.0.0.1:{made.plain.port}"}):
            here = {"NBS_TOKEN": TOKEN, "NBS_ENDPOINT": "http://127.0.0.1:1"}
            made.run(figure, name, "volume", "list", "--timeout", "1s", env=here)
    made.plain.script = [answer(403)]
    with mock.patch.dict(os.environ, {"HTTPS_PROXY": f"http://127.0.0.1:{made.plain.port}"}):
        made.plan = {}
        inside("volume", "list", "--timeout", "0.3s", env=made.environ())
    told = [one for one in made.plain.heard if one.method != "CONNECT" or "Canary" in repr(one)]
    figure.count(bool(made.plain.heard) and not told, f"CONNECT: {made.plain.heard!r:.200}")
    made.plain.heard.clear()
    made.plain.script = [answer(200, {"volumes": []})]


FILES = {
    "config.toml": 'profile = "p"\n[profiles.p]\nidentity_url = "{url}"\ntenant_id = "t"\nusername = "u"\n',
    ".config/nbs/config.toml": 'profile = "p"\n[profiles.p]\nidentity_url = "{url}"\nendpoint = "{url}"\n',
    "nbs.toml": 'identity_url = "{url}"\nendpoint = "{url}"\n',
    ".nbs.toml": 'identity_url = "{url}"\nendpoint = "{url}"\n',
    "pyproject.toml": '[tool.nbs]\nidentity_url = "{url}"\nendpoint = "{url}"\n',
    ".env": "NBS_IDENTITY_URL={url}\nNBS_ENDPOINT={url}\nHTTPS_PROXY={url}\n",
    "clouds.yaml": "clouds:\n  c:\n    auth:\n      auth_url: {url}\n",
    ".netrc": "machine {url} login u password p\n",
    "sitecustomize.py": "raise SystemExit('{url}')\n",
}


def folders(figure: Figure, made: World) -> None:
    """Files of a repository that name another cloud."""
    with tempfile.TemporaryDirectory() as folder, working_in(folder):
        for name, text in FILES.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(url=f"https://{EVIL}:{made.evil.port}"), encoding="utf-8")
            made.run(figure, name, "volume", "list")
            nothing = dict.fromkeys(made.environ(), "")
            made.run(figure, f"{name}, no credentials", "volume", "list", env=nothing)
            shutil.rmtree(path.parent) if path.parent != Path(folder) else path.unlink()


def heard_at_all(made: World) -> Figure:
    """The other origin hears when it is asked, or the figures above were worth nothing."""
    figure = Figure("other origin named by the user: asked, with the token")
    env = {**made.environ(), "NBS_ENDPOINT": f"https://{EVIL}:{made.evil.port}"}
    made.plan = {}
    ran = inside("volume", "list", env=env)
    figure.count(ran.code == 0 and TOKEN in repr(made.evil.heard), ran.err)
    return figure


if __name__ == "__main__":
    main(trial, TRIALS)
