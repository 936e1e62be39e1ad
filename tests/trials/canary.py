"""No secret is shown or left anywhere: every command, ending well, badly, in a crash and by a signal.

The server repeats password and token in every failure and header; what is searched is stdout, stderr, every file that
was written, and the arguments of every process that ran meanwhile.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbs_cli.grammar import PRINTS
from tests.cloud.conftest import uuid
from tests.cloud.faulty import Behaviour, Faulty, Heard, answer, mute
from tests.trials.ground import Figure, inside, main, private

TRIALS = 2  # signals for each command
PASSWORD, TOKEN = "Canary-8f3!päss 값", "Canary-token-4c7e1b"
TENANT = "0123456789abcdef0123456789abcdef"
VOLUME = {"id": uuid(1), "name": "v", "status": "available", "size": 1, "attachments": []}
SNAPSHOT = {"id": uuid(2), "name": "s", "status": "available", "size": 1, "volume_id": uuid(1)}
TYPE = {"id": uuid(3), "name": "General HDD"}
IMAGE = {"image_id": uuid(4), "image_name": "i", "status": "uploading"}
ACTION = "os-volume_upload_image"
NEEDLES = [
    needle.encode("utf-8", "surrogateescape")
    for secret in (PASSWORD, TOKEN)
    for needle in {
        *(secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]),
        *(base64.b64encode(secret.encode()).decode().rstrip("=")[:-1], secret.encode().hex()),
    }
]
LINES: dict[str, tuple[str, ...]] = {
    "types list": (),
    "types show": ("General HDD",),
    "volume list": ("--limit", "1"),
    "volume show": (uuid(1),),
    "volume create": ("--size", "1", "--name", "v", "--timeout", "3s"),
    "volume delete": (uuid(1), "--yes"),
    "volume upload-image": (uuid(1), "--image-name", "i"),
    "volume wait": (uuid(1), "--for", "available", "--timeout", "3s"),
    "snapshot list": ("--limit", "1"),
    "snapshot show": (uuid(2),),
    "snapshot create": (uuid(1), "--name", "s", "--timeout", "3s"),
    "snapshot delete": (uuid(2), "--yes"),
    "snapshot wait": (uuid(2), "--for", "available", "--timeout", "3s"),
    "snapshot prune": ("--all-volumes", "--keep-last", "1", "--apply"),
    "snapshot rotate": (uuid(1), "--keep-last", "1", "--timeout", "3s"),
    "auth login": (),  # the words depend on the server
    "auth logout": (),
    "auth status": ("--online",),
    "auth token": (),
    "profile list": (),
    "profile show": ("default",),
    "profile use": ("default",),
    "profile set": ("output", "json"),
    "profile remove": ("default",),
    "sandbox reset": ("--yes",),
    "sandbox seed": ("1",),
    "sandbox clock": ("--advance", "1s"),
    "sandbox fault add": ("hang",),
    "sandbox fault list": (),
    "sandbox fault clear": (),
    "sandbox attach": ("v",),
    "sandbox detach": ("v",),
    "doctor": (),
    "completion": ("bash",),
}
UNTRIED = {"sandbox serve"}  # it has credentials of its own and asks nobody
CRASH = """
import sys
from nbs_cli.cloud import client
from nbs_cli.local import credentials
from nbs_cli.__main__ import main

def crash(*args, **more):
    raise RuntimeError(repr(args) + repr([getattr(one, "__dict__", None) for one in args]))

PLACE = crash
sys.exit(main(sys.argv[1:]))
"""
PLACES = ("client.Client._once", "credentials.find")


def good(heard: Heard) -> Behaviour:
    """Well-formed answers whose headers repeat the secrets."""
    if heard.target.endswith("/tokens"):
        endpoint = {"region": "KR1", "publicURL": f"http://{heard.headers['host']}/v2/{TENANT}"}
        token = {"id": TOKEN, "expires": "2999-01-01T00:00:00Z", "tenant": {"id": TENANT}}
        catalog = [{"type": "volumev2", "endpoints": [endpoint]}]
        return answer(200, {"access": {"token": token, "serviceCatalog": catalog}}, X_Echo=TOKEN)
    if heard.method == "DELETE":
        return answer(202)
    bodies: dict[str, Any] = {
        "/action": {ACTION: IMAGE},
        "/types": {"volume_types": [TYPE]},
        "/volumes/detail": {"volumes": [VOLUME]},
        "/snapshots/detail": {"snapshots": [SNAPSHOT]},
        "/volumes": {"volume": VOLUME},
        "/snapshots": {"snapshot": SNAPSHOT},
    }
    return answer(200, next(body for path, body in bodies.items() if path in heard.target), X_Echo=TOKEN)


def bad(heard: Heard) -> Behaviour:
    """Refusals that repeat the secrets, after a login that works."""
    if heard.target.endswith("/tokens"):
        return good(heard)
    words = f"no: {PASSWORD} {TOKEN} {json.dumps(PASSWORD)} {heard.headers.get('x-auth-token')}"
    return answer(400, {"error": {"code": 400, "message": words}}, X_Openstack_Request_Id=TOKEN)


def shut(heard: Heard) -> Behaviour:
    """A login that is refused in words that repeat what was sent."""
    words = f"no: {PASSWORD} {json.dumps(PASSWORD)} {heard.body.decode()}"
    return answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": words}})


def trial(trials: int) -> list[Figure]:
    """Every command in every ending, with credentials of the environment and of a profile."""
    figures = []
    with watched() as seen:
        for name, script, more in (
            ("ok", good, ()),
            ("error", bad, ()),
            ("ok, --debug", good, ("--debug",)),
            ("error, --debug", bad, ("--debug",)),
            ("login refused", shut, ()),
            ("login refused, --debug", shut, ("--debug",)),
        ):
            with contextlib.closing(Faulty(script)) as server:
                figures.append(each(name, server, lambda line: [sys.executable, "-m", "nbs_cli", *line], more))
        for place in PLACES:
            words = CRASH.replace("PLACE", place)
            with contextlib.closing(Faulty(good)) as server:
                figures.append(
                    each(f"crash in {place}", server, lambda line, w=words: [sys.executable, "-c", w, *line])
                )
                command = lambda line, w=words: [sys.executable, "-c", w, *line]  # noqa: E731 as above
                figures.append(each(f"crash in {place}, --debug", server, command, ("--debug",)))
        figures.append(signals(trials))
    figures.append(argv(seen))
    return figures


def argv(seen: Sequence[str]) -> Figure:
    """The arguments of every process that was seen."""
    figure = Figure("arguments of processes", note="command lines looked at")
    for line in seen:
        figure.count(not leaks(line.encode("utf-8", "surrogateescape")), line)
    return figure


def each(name: str, server: Faulty, command: Any, more: tuple[str, ...] = ()) -> Figure:
    """Every command once, with either credentials."""
    figure = Figure(name)
    for path in PRINTS:
        if path in UNTRIED:
            continue
        for kept in (False, True):
            with private() as home:
                env = prepare(server, home, kept=kept)
                line = [*more, *path.split(" "), *words_of(path, server)]
                done = subprocess.run(
                    command(line), env=env, input=f"{PASSWORD}\n".encode(), capture_output=True, timeout=60, check=False
                )
                judge(figure, path, done.stdout, done.stderr, home)
    return figure


def words_of(path: str, server: Faulty) -> tuple[str, ...]:
    """What follows the command."""
    if path != "auth login":
        return LINES[path]
    where = ("--identity-url", server.url, "--tenant-id", TENANT, "--username", "ann", "--region", "KR1")
    return (*where, "--store", "file", "--password-stdin")


def prepare(server: Faulty, home: Path, *, kept: bool) -> dict[str, str]:
    """Credentials in the environment, or in a profile with its secret in a file as a login would write it."""
    if not kept:
        login = {"NBS_USERNAME": "ann", "NBS_PASSWORD": PASSWORD, "NBS_TENANT_ID": TENANT, "NBS_REGION": "KR1"}
        return {**os.environ, **login, "NBS_IDENTITY_URL": server.url}
    script, server.script = server.script, good
    entered = inside("-q", "auth", "login", *words_of("auth login", server), stdin=PASSWORD + "\n")
    if entered.code:
        raise RuntimeError(entered.err)
    server.script = script
    (file,) = home.rglob("secrets/*.json")
    held = json.loads(file.read_text(encoding="utf-8"))
    held["access"]["received"] = 0.0  # too old: the next command logs in
    del held["sum"]
    file.write_text(json.dumps(held), encoding="utf-8")
    return dict(os.environ)


def judge(figure: Figure, path: str, out: bytes, err: bytes, home: Path) -> None:
    """No secret in what was said (`auth token` is asked for one), nor in a file but the private one."""
    said = err if path == "auth token" else out + b"\n" + err
    figure.count(not leaks(said), f"{path}: {said!r:.300}")
    for file in home.rglob("*"):
        if file.is_file() and leaks(file.read_bytes()):
            private_ = file.parent.name == "secrets" and file.stat().st_mode & 0o077 == 0
            figure.count(private_, f"{path}: left in {file.relative_to(home)}, mode {file.stat().st_mode:o}")


def leaks(text: bytes) -> bool:
    """Whether one of the secrets stands there, in any spelling."""
    return any(needle in text for needle in NEEDLES)


def signals(trials: int) -> Figure:
    """Commands that wait for an answer, ended by a signal at some moment, `--debug` included."""
    figure, lot = Figure("signals"), random.Random(5)
    asking = [path for path in PRINTS if path.partition(" ")[0] in {"types", "volume", "snapshot"}] + ["auth login"]

    def slowly(heard: Heard) -> Behaviour:
        return good(heard) if heard.target.endswith("/tokens") and lot.random() < 0.7 else mute

    with contextlib.closing(Faulty(slowly)) as server:
        for number, path in enumerate(asking * trials):
            with private() as home:
                env = prepare(server, home, kept=bool(number % 2))
                words = [*(["--debug"] if number % 3 else []), *path.split(" "), *words_of(path, server)]
                with subprocess.Popen(
                    [sys.executable, "-m", "nbs_cli", *words],
                    env=env,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                ) as process:
                    time.sleep(lot.uniform(0.05, 0.8))
                    process.send_signal(lot.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
                    out, err = process.communicate(f"{PASSWORD}\n".encode())
                judge(figure, path, out, err, home)
    return figure


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """The command lines of all processes of this machine, looked at over and over."""
    over, seen = threading.Event(), dict[str, None]()

    def look() -> None:
        while not over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen[path.read_bytes().decode("utf-8", "surrogateescape")] = None

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    lines: list[str] = []
    try:
        yield lines
    finally:
        over.set()
        thread.join()
        lines += seen


if __name__ == "__main__":
    main(trial, TRIALS)
