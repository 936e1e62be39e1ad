"""Every example of every help page, typed as it is printed: on a real terminal, in bash, and it does what it says.

The profile in use is that of a served cloud which has what the examples name. Words that stand for a value (`ID`, `U`,
`…`) are filled in; whatever asks is answered as a person would.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from nbs_cli.app import tree
from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME
from tests.accounts import config_path, log_in
from tests.conftest import NBS, Ran, Served
from tests.test_house import COMMANDS

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "jq", "curl", "timeout"))), reason="the examples' tools are not all here"
)
CONFIG = """

[profiles.old]
identity_url = "{url}"
region = "KR1"
tenant_id = "{tenant}"
username = "{user}"
store = "command"
password_command = ["pass", "show", "nhn"]

[retention.daily]
keep_daily = 7
"""
# how an example ends that does not end with 0, and why
ENDS = {
    "nbs auth login -p prod --realm gov --region KR1 --tenant-id ID --username ops@example.go.kr": 9,  # no way there
    "nbs volume list --watch": 143,  # it has no end of its own, and is given one
    "nbs snapshot list --watch --status creating": 143,
}
# what has no end by itself gets a signal; PowerShell's part of a line is for PowerShell
MADE = (
    (r"--port 8776$", "--port 0"),  # somebody may have the other
    (r"\bnbs sandbox serve\b", "timeout --preserve-status 2 nbs sandbox serve"),
    (r"^nbs (volume|snapshot) list --watch\b", r"timeout --preserve-status --foreground 2 nbs \1 list --watch"),
    (r" \| Out-String \| Invoke-Expression$", " | grep -q Register-ArgumentCompleter"),
)
ANSWERS = {r"\[y/N\] ": "y", r"API password: ": PASSWORD, r"(?:Tenant ID|Account|Realm|Region)[^\n]*: ": ""}


def examples() -> list[str]:
    """Each line that a page prints as an example, once."""
    root = tree()
    pages = [root, *(root.get_command(None, word) for word in root.list_commands(None)), *COMMANDS.values()]
    lines = [line.strip() for page in pages for line in (page.epilog or "").splitlines()]
    return sorted({line for line in lines if re.search(r"\bnbs\b", line)})


@pytest.fixture
def here(serve: Callable[..., Served], nbs: Callable[..., Ran], home: Path) -> Served:
    """A cloud, a profile for it in use and two more, and all that the examples name."""
    served = serve(delay=0)
    tools = home / "bin"
    tools.mkdir()
    (tools / "pass").write_text(f"#!/bin/sh\necho '{PASSWORD}'\n", encoding="utf-8")
    (tools / "pass").chmod(0o755)
    log_in(nbs, served)
    log_in(nbs, served, "-p", "prod")
    with config_path(home).open("a", encoding="utf-8") as file:
        file.write(CONFIG.format(url=served.url, tenant=TENANT_ID, user=USERNAME))
    for name in ("data-1", "data-2", "origin"):
        assert nbs("volume", "create", "--size", "10", "--name", name, "--type", "ssd").code == 0
    assert nbs("snapshot", "create", "origin", "--name", "before-upgrade").code == 0
    (home / "password.txt").write_text(PASSWORD + "\n", encoding="utf-8")
    (home / "flaky.toml").write_text('[[fault]]\nkind = "status"\n', encoding="utf-8")
    return served


def bring_about(line: str, served: Served, nbs: Callable[..., Ran]) -> None:
    """Have what *line* waits for, clears or detaches."""
    if "--for in-use" in line:
        for name in ("data-1", "data-2"):
            served.cloud.attach(nbs("volume", "list", "--name", name, "-q").out.strip())
    if "--for gone" in line:
        nbs(line.split()[1], "delete", line.split()[3], "--yes")
    if "sandbox fault clear" in line:
        for number in range(4):
            nbs("sandbox", "fault", "add", "status", f"code=50{number}")
    if re.search("sandbox (at|de)tach", line):
        nbs("-p", "sandbox", "volume", "create", "--size", "1", "--name", "data-1")
        nbs("sandbox", "clock", "--advance", "60s")
    if "sandbox detach" in line:
        nbs("sandbox", "attach", "data-1")


def filled(line: str, served: Served, nbs: Callable[..., Ran]) -> str:
    """*line* with its values, and an end where it has none by itself."""
    where = ["-p", "sandbox"] if "nbs sandbox" in line else []
    noun, name = ("snapshot", "before-upgrade") if "nbs snapshot" in line else ("volume", "data-1")
    line = line.replace("--tenant-id ID", f"--tenant-id {TENANT_ID}").replace("--username U", f"--username {USERNAME}")
    line = line.replace("…", f"-sSf {served.url}/v2/{TENANT_ID}/volumes")
    if re.search(r"\bID\b", line):
        line = re.sub(r"\bID\b", nbs(*where, noun, "list", "--name", name, "-q").out.strip(), line)
    for pattern, words in MADE:
        line = re.sub(pattern, words, line)
    return line


@pytest.mark.parametrize("example", examples())
def test_it_runs_as_it_is_printed(here: Served, nbs: Callable[..., Ran], home: Path, example: str) -> None:
    """It ends as it should, and no part of a pipe fails."""
    bring_about(example, here, nbs)
    line = filled(example, here, nbs)
    child = pexpect.spawn(
        "bash",
        ["--norc", "-o", "pipefail", "-c", line],
        env={
            "HOME": str(home),
            "PATH": f"{home / 'bin'}:{Path(NBS).parent}:/usr/local/bin:/usr/bin:/bin",
            "TERM": "xterm",
            "NBS_LANG": "en",
            "LC_ALL": "C.UTF-8",
        },
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 100),
    )
    said = ""
    patterns: list[Any] = [*ANSWERS, pexpect.EOF]
    while (number := child.expect(patterns)) < len(ANSWERS):
        said += str(child.before) + str(child.after)
        child.sendline(list(ANSWERS.values())[number])
    child.close()
    said += str(child.before)
    assert child.exitstatus == ENDS.get(example, 0), f"{line}\n{said}"
    assert "Traceback" not in said


def test_there_are_examples() -> None:
    """The search finds what is known to be there."""
    found = examples()
    assert len(found) > 100
    assert {*ENDS, "nbs usage", "source <(nbs completion bash)"} <= set(found)
