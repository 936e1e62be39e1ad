"""Nothing ever calls home: every address that a process looks up or connects to, heard by the interpreter itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from nbs_cli.grammar import Grammar
from tests.conftest import Served

# an audit hook hears what any library does; what is heard goes to stderr, line by line
HEARING = """\
import sys
def hear(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}:
        sys.__stderr__.write(f"HEARD {event} {args[-1] if event == 'socket.connect' else args[:2]}\\n")
    if event == "subprocess.Popen":
        sys.__stderr__.write(f"HEARD {event} {args[0]}\\n")
sys.addaudithook(hear)
from nbs_cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
LOCAL = (
    "--version",
    "--help",
    "commands -o json",
    "schema volume",
    "help air-gap",
    "completion bash",
    "profile list",
    "profile show",
    "auth status",
    "auth logout",
    "doctor",
    "sandbox clock",
    "sandbox seed 2",
    "sandbox reset",
    "sandbox fault list",
    "-p sandbox volume list",
    "-p sandbox volume create --size 1 --name web --wait",
    "-p sandbox volume delete web --yes --wait",
    "-p sandbox auth token",
    "-p sandbox usage",
    "-p sandbox api GET /limits",
    "volume list --query [",
    "volum list",
)
REMOTE = (
    "types list",
    "volume list",
    "volume create --size 1 --name web --wait",
    "snapshot create web --name before --wait",
    "snapshot rotate web --keep-last 2",
    "volume upload-image web --image-name golden --wait",
    "volume show web --with-snapshots",
    "volume delete web --with-snapshots --yes --wait",
    "usage",
    "api GET /limits",
    "auth token",
    "auth status --online",
    "doctor --online",
    "volume show none",
)


def heard(typed: str, environ: dict[str, str]) -> set[str]:
    """What the interpreter heard while it ran the command."""
    words = [sys.executable, "-c", HEARING, *typed.split()]
    done = subprocess.run(words, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return {line for line in done.stderr.splitlines() if line.startswith("HEARD ")}


@pytest.mark.parametrize("typed", LOCAL)
@pytest.mark.usefixtures("home")
def test_what_needs_no_server_asks_nobody(typed: str) -> None:
    """No name is looked up, no connection made, no other program run."""
    assert heard(typed, {}) == set()


def test_what_needs_a_server_asks_that_one(serve: Callable[..., Served]) -> None:
    """Identity service and endpoint of the environment, and nothing else, whatever the command."""
    served = serve(delay=0)
    there = urlsplit(served.url)
    for typed in REMOTE:
        events = heard(typed, served.environ)
        assert events, typed
        assert [one for one in events if str(there.port) not in one or str(there.hostname) not in one] == [], typed


def test_no_command_is_left_out() -> None:
    """Each command is among those that are listened to, but for a login, a server, and a few that are like others."""
    typed = " / ".join((*LOCAL, *REMOTE))
    left = {path for path, node in Grammar().nodes.items() if path and not node.commands and path not in typed}
    assert left == {
        "auth login",
        "profile use",
        "profile set",
        "profile remove",
        "sandbox serve",
        "sandbox attach",
        "sandbox detach",
        "sandbox fault add",
        "sandbox fault clear",
        "types show",
        "volume wait",
        "snapshot list",
        "snapshot show",
        "snapshot delete",
        "snapshot wait",
        "snapshot prune",
    }
