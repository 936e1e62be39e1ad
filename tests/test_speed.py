"""What is deterministic of speed: requests a command makes, memory of a long list, instructions that a start takes.

Wall time is measured by hand: `python -m tests.benchmarks`. The long trials run with NBS_LONG_TESTS=1.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.benchmarks.pages import PAGE, volume_id
from tests.benchmarks.runs import Spawner
from tests.cloud.faulty import certificate
from tests.conftest import NBS, Ran, Served

long = pytest.mark.skipif(not os.environ.get("NBS_LONG_TESTS"), reason="takes a minute: NBS_LONG_TESTS=1 runs it")
FLAT = 1.35  # how much more memory a list ten times as long may take: the IDs that were seen are kept


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["--help"], []),
        (["volume", "create", "--help"], []),
        (["__complete", "words", "+volume", "+show", "+"], []),
        (["volume", "list", "--limit", "2"], ["GET detail"]),
        (["volume", "list"], ["GET detail", "GET detail"]),  # a short page proves nothing
        (["types", "list"], ["GET types"]),
        (["volume", "show", "ID"], ["GET ID"]),
        (["volume", "show", "one"], ["GET detail", "GET detail"]),
        (["volume", "show", "one", "two"], ["GET detail", "GET detail"]),
        (["volume", "wait", "ID"], ["GET ID", "GET ID"]),
        (["volume", "create", "--size", "1"], ["POST volumes"]),
        (["snapshot", "create", "ID"], ["GET ID", "POST snapshots"]),
        (["volume", "delete", "ID", "--yes"], ["GET ID", "DELETE ID"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_requests_of_a_command(
    served: Served, nbs: Callable[..., Ran], installed: Callable[..., Ran], words: list[str], asked: list[str]
) -> None:
    """No command asks more than it has to, and logs in at most once; help and a TAB ask nothing."""
    for name in ("one", "two"):
        nbs("volume", "create", "--size", "1", "--name", name, "--wait", env=served.environ)
    identifier = nbs("volume", "show", "one", "-q", env=served.environ).out.strip()
    served.calls.clear()

    run = installed if words[0] == "__complete" else nbs
    assert run(*(identifier if word == "ID" else word for word in words), env=served.environ).code == 0

    made = [f"{call.method} {call.path.rpartition('/')[2]}".replace(identifier, "ID") for call in served.asked()]
    assert made == asked
    assert len(served.logins()) == (1 if asked else 0)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The benchmark's page server in a process of its own: its addresses, its tenant's root, a token."""
    words = [sys.executable, "-m", "tests.benchmarks.pages", str(certificate(tmp_path, "127.0.0.1"))]
    root = Path(__file__).parent.parent
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.kill()


def peak(pages: dict[str, str], rows: int, form: str) -> float:
    """The most memory, in MiB, that a list of so many rows takes: the operating system's word, of the child alone."""
    with urlopen(f"{pages['http']}/_begin?rows={rows}"):
        pass
    token = {
        "NBS_TOKEN": pages["token"],
        "NBS_TENANT_ID": pages["root"].rpartition("/")[2],
        "NBS_ENDPOINT": pages["http"] + pages["root"],
    }
    spawner = Spawner()
    told: dict[str, Any] = spawner.run([NBS, "volume", "list", "-o", form], {**os.environ, **token})
    spawner.close()
    assert told["code"] == 0
    print(f"{rows:,} rows as {form}: {told['peak']:.1f} MiB")
    peaked: float = told["peak"]
    return peaked


def test_memory_is_flat(pages: dict[str, str]) -> None:
    """A table of 20 pages takes hardly more memory than one of two."""
    few, many = peak(pages, 2 * PAGE, "table"), peak(pages, 20 * PAGE, "table")
    assert many < FLAT * few
    assert many < 60


@pytest.mark.parametrize(
    "form", ["json", *(pytest.param(form, marks=long) for form in ("jsonl", "csv", "value", "table"))]
)
def test_a_hundred_thousand_rows(pages: dict[str, str], form: str) -> None:
    """A list of 100,000 takes about as much memory as one of 10,000, in every format that streams."""
    few, many = peak(pages, 10_000, form), peak(pages, 100_000, form)
    assert many < FLAT * few
    assert few < 60


def test_the_page_server_counts_as_the_pages_do(pages: dict[str, str]) -> None:
    """Every row of a list comes once, in order, whatever the page: what is measured is a list like any other."""
    with urlopen(f"{pages['http']}/_begin?rows=2500"):
        pass
    url, seen = f"{pages['http']}{pages['root']}/volumes/detail?limit=700", []
    while url:
        with urlopen(url) as answer:
            body = json.load(answer)
        seen += [row["id"] for row in body["volumes"]]
        url = next((link["href"] for link in body.get("volumes_links", [])), "")
    assert seen == [volume_id(number) for number in range(2500)]


_ENTER = "from nbs_cli.__main__ import entry; entry()"  # as an installer's script does that imports nothing else
INSTRUCTIONS = {"--version": 1.1, "--help": 7.0, "volume --help": 7.8, "volume create --help": 8.2, "volume x": 9.0}


def instructions(*words: str) -> int:
    """How many instructions of the processor a command takes, as valgrind counts them."""
    counting = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *words]
    done = subprocess.run(counting, capture_output=True, text=True, check=False)
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


@long
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_of_a_start() -> None:
    """What needs no server takes no more than so many times the instructions of `python -c pass`."""
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([NBS, "volume", "create", "--help"], env={**os.environ, **compiled}, capture_output=True, check=True)
    floor = instructions(sys.executable, "-c", "pass")
    for words, most in INSTRUCTIONS.items():
        ratio = instructions(sys.executable, "-c", _ENTER, *words.split()) / floor
        print(f"nbs {words}: {ratio:.2f} times the instructions of python -c pass")
        assert ratio <= most, words
