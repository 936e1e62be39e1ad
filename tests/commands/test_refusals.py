"""Everything that is refused: with what exit code, in what words, with what next step, after how many requests."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.commands.conftest import TENANT, World, errors
from tests.conftest import Ran

GONE = "00000000-0000-4000-8000-000000000000"
LOGIN, LIST, GET, POST, DELETE = 1, 2, 1, 1, 1  # requests: a list is asked for until a page is empty
LOCAL = 0
ERROR_KEYS = {"code", "exit", "message", "http_status", "request_id", "hint", "retryable", "resource"}


@dataclass(frozen=True)
class Refused:
    """A command line that is refused: exit code, fragments of message and hint, and how many requests arrived."""

    line: str
    code: int
    message: str
    hint: str
    requests: int
    env: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()  # arguments that hold what a line cannot

    @property
    def args(self) -> list[str]:
        """The arguments of the command."""
        return [*self.line.split(), *self.words]

    @property
    def id(self) -> str:
        """What the test is called."""
        shown = [word if len(word) < 40 else f"{word[:10]}…" for word in self.args]
        return " ".join([*shown, *(f"{name}={value}" for name, value in self.env.items())])


CREATE = "volume create --size 10"
NAMES = [
    Refused("volume show nobody", 3, "there is no volume nobody", "volume list", LOGIN + LIST),
    Refused("snapshot show nobody", 3, "there is no snapshot nobody", "snapshot list", LOGIN + LIST),
    Refused("volume delete nobody --yes", 3, "there is no volume nobody", "volume list", LOGIN + LIST),
    Refused("volume wait nobody", 3, "there is no volume nobody", "volume list", LOGIN + LIST),
    Refused("volume upload-image nobody --image-name x", 3, "no volume nobody", "volume list", LOGIN + LIST),
    Refused("snapshot create nobody", 3, "there is no volume nobody", "volume list", LOGIN + LIST),
    Refused("volume create --snapshot nobody", 3, "there is no snapshot nobody", "snapshot list", LOGIN + LIST),
    Refused(f"volume show {GONE}", 3, f"there is no volume {GONE}", "volume list", LOGIN + GET),
    Refused(f"volume show id:{GONE}", 3, f"there is no volume id:{GONE}", "volume list", LOGIN + GET),
    Refused("volume show data nobody", 3, "there is no volume nobody", "volume list", LOGIN + LIST),
    Refused("volume show twin", 3, "2 volumes are called twin", "ID", LOGIN + LIST),
    Refused("volume delete twin --yes", 3, "2 volumes are called twin", "ID", LOGIN + LIST),
    Refused("snapshot create twin", 3, "2 volumes are called twin", "ID", LOGIN + LIST),
    Refused("volume show DATA", 3, "there is no volume DATA", "volume list", LOGIN + LIST),
    Refused("volume show id:data", 2, "UUID", "name:", LOCAL),
    Refused("volume show id:", 2, "UUID", "name:", LOCAL),
    Refused("volume delete id:data --yes", 2, "UUID", "name:", LOCAL),
    Refused("volume show name:", 2, "empty", "name", LOCAL),
    Refused("volume show", 2, "empty", "name or an ID", LOCAL, words=("",)),
    Refused("volume show", 2, "control characters", "name or an ID", LOCAL, words=("a\nb",)),
    Refused("volume show", 2, "control characters", "name or an ID", LOCAL, words=("a\x00b",)),
    Refused("volume show", 2, "control characters", "name or an ID", LOCAL, words=("\x1b[31mred",)),
    Refused("volume show", 2, "control characters", "name or an ID", LOCAL, words=("a\x9bb",)),
    Refused("volume show", 2, "control characters", "name or an ID", LOCAL, words=("a\udcffb",)),
    Refused("volume delete --yes data", 2, "control characters", "name or an ID", LOCAL, words=("a\tb",)),
    Refused("volume create --snapshot", 2, "control characters", "name or an ID", LOCAL, words=("a\tb",)),
]
STATES = [
    Refused("volume delete busy --yes", 5, "attached to", "detach", LOGIN + LIST + GET + DELETE + GET),
    Refused(
        "volume delete backed --yes",
        5,
        "it has 2 snapshots",
        "snapshot delete",
        LOGIN + LIST + GET + DELETE + GET + LIST,
    ),
    Refused("snapshot create busy", 5, "in-use", "--force", LOGIN + LIST + POST),
    Refused("volume upload-image busy --image-name x", 5, "available", "--force", LOGIN + LIST + POST),
    Refused("volume create --size 90", 6, "quota", "delete what is not needed", LOGIN + POST),
    Refused("volume create --size 4096", 6, "4096", "", LOGIN + POST),
    Refused("snapshot create backed", 6, "SnapshotLimitExceeded", "delete what is not needed", LOGIN + LIST + POST),
]
PLACES = [
    Refused("volume list", 4, "refused the login", "API password", LOGIN, {"NBS_PASSWORD": "wrong"}),
    Refused("volume list", 4, "refused the login", "tenant ID", LOGIN, {"NBS_TENANT_ID": "0" * 32}),
    Refused("volume list", 4, "refused the login", "user name", LOGIN, {"NBS_USERNAME": "nobody"}),
    Refused("volume list", 4, "NBS_PASSWORD", "NBS_PASSWORD", LOCAL, {"NBS_PASSWORD": ""}),
    Refused("volume list", 4, "NBS_TENANT_ID", "NBS_TENANT_ID", LOCAL, {"NBS_TENANT_ID": ""}),
    Refused("volume list", 2, "tenant ID", "32", LOCAL, {"NBS_TENANT_ID": "../x"}),
    Refused("volume list --region KR9", 3, "there is no region KR9", "KR1, KR2", LOGIN),
    Refused("volume list", 3, "there is no region KR9", "KR1, KR2", LOGIN, {"NBS_REGION": "KR9"}),
    Refused("volume list", 2, "no region is chosen", "--region", LOGIN, {"NBS_REGION": ""}),
    Refused("volume list -p nobody", 3, "there is no profile nobody", "sandbox", LOCAL),
    Refused("volume list", 9, "cannot reach 127.0.0.1:{closed}", "network", LOCAL, {"NBS_IDENTITY_URL": "{down}"}),
    Refused(
        "volume list", 9, "cannot reach nbs.invalid", "network", LOCAL, {"NBS_IDENTITY_URL": "https://nbs.invalid"}
    ),
    Refused("volume list", 2, "plain http", "https", LOCAL, {"NBS_IDENTITY_URL": "http://nbs.invalid"}),
    Refused("volume list", 2, "nonsense", "", LOCAL, {"NBS_IDENTITY_URL": "nonsense"}),
    Refused("volume list", 4, "no credentials", "-p sandbox", LOCAL, {"NBS_USERNAME": "", "NBS_PASSWORD": ""}),
]
SIZES = [
    Refused("volume create --size", 2, "whole number of GB", "--size 10", LOCAL, words=(size,))
    for size in ("0", "ten", "10.5", "-1", "10GB", "100000000000000000000", "٣", "", " 10", "1e3")
]
WORDS = [
    Refused("volume create", 2, "size", "--size 10", LOCAL),
    Refused("volume create --name x", 2, "size is missing", "--snapshot", LOCAL),
    Refused(CREATE + " --name", 2, "256 characters", "", LOCAL, words=("x" * 256,)),
    Refused(CREATE + " --name", 2, "256 characters", "", LOCAL, words=("가" * 256,)),
    Refused(CREATE + " --name", 2, "control characters", "", LOCAL, words=("a\nb",)),
    Refused(CREATE + " --name", 2, "control characters", "", LOCAL, words=("a\udcffb",)),
    Refused(CREATE + " --description", 2, "256 characters", "", LOCAL, words=("x" * 256,)),
    Refused(CREATE + " --description", 2, "control characters", "", LOCAL, words=("a\x1bb",)),
    Refused("snapshot create data --name", 2, "256 characters", "", LOCAL, words=("x" * 256,)),
    Refused(CREATE + " --metadata env", 2, "KEY=VALUE", "--metadata env=prod", LOCAL),
    Refused(CREATE + " --metadata =prod", 2, "KEY=VALUE", "--metadata env=prod", LOCAL),
    Refused(CREATE + " --metadata a=1 --metadata a=2", 2, "given twice", "", LOCAL),
    Refused(CREATE + " --metadata nbs:request=x", 2, "nbs:", "", LOCAL),
    Refused(CREATE + " --metadata", 2, "256 characters", "", LOCAL, words=("x" * 256 + "=1",)),
    Refused(CREATE + " --metadata", 2, "256 characters", "", LOCAL, words=("a=" + "x" * 256,)),
    Refused(CREATE + " --metadata 이름=값", 2, "metadata", "", LOGIN + POST),
    Refused(CREATE + " --type sdd", 3, "there is no volume type sdd", "General SSD", LOGIN + GET),
    Refused(CREATE + " --zone kr-pub-c", 3, "kr-pub-c", "--zone", LOGIN + POST),
    Refused(CREATE + " --zone", 2, "empty", "--zone", LOCAL, words=("",)),
    Refused("volume create --size 5 --snapshot first", 2, "below the snapshot's 10 GB", "--size 10", LOGIN + LIST),
    Refused(CREATE + " --count 0", 2, "--count", "", LOCAL),
    Refused("volume list --limit none", 2, "--limit", "", LOCAL),
    Refused("volume list --page-size 1001", 2, "1000", "--limit", LOCAL),
    Refused("volume list --offset -1", 2, "--offset", "", LOCAL),
    Refused("volume delete data", 2, "nobody is there to answer", "--yes", LOCAL),
    Refused("snapshot delete first", 2, "nobody is there to answer", "--yes", LOCAL),
]
TYPING = [
    Refused("volum list", 2, "no command `nbs volum`", "did you mean `nbs volume`?", LOCAL),
    Refused("volume creat", 2, "no command `nbs volume creat`", "did you mean `nbs volume create`?", LOCAL),
    Refused("volume xyzzy", 2, "no command `nbs volume xyzzy`", "nbs volume --help", LOCAL),
    Refused("snapshot upload-image x", 2, "no command `nbs snapshot upload-image`", "snapshot --help", LOCAL),
    Refused("volume create --siz 10", 2, "--siz", "did you mean --size?", LOCAL),
    Refused("volume list --outptu json", 2, "--outptu", "did you mean --output?", LOCAL),
    Refused("--profle sandbox volume list", 2, "--profle", "did you mean --profile?", LOCAL),
    Refused("volume list -x", 2, "-x", "volume list --help", LOCAL),
    Refused("volume show", 2, "REF", "volume show --help", LOCAL),
    Refused("volume list data", 2, "data", "volume list --help", LOCAL),
    Refused("volume create --size", 2, "--size", "volume create --help", LOCAL),
    Refused("volume list -c nmae", 2, "no column 'nmae'", "did you mean name?", LOCAL),
    Refused("volume list -c id,xyzzy", 2, "no column 'xyzzy'", "zone", LOCAL),
    Refused("volume list -c nhn_internal", 2, "no column 'nhn_internal'", "", LOCAL),
    Refused("volume list --brief -c size", 2, "no column 'size'", "links", LOCAL),
    Refused("volume show data -c nmae", 2, "no column 'nmae'", "did you mean name?", LOCAL),
    Refused(CREATE + " -c nmae", 2, "no column 'nmae'", "name", LOCAL),
    Refused("snapshot list -c type", 2, "no column 'type'", "", LOCAL),
    Refused("volume list -o jsn", 2, "no output format 'jsn'", "did you mean json?", LOCAL),
    Refused("volume list -o JSON", 2, "no output format 'JSON'", "json", LOCAL),
    Refused("volume list", 2, "no output format 'xml'", "table", LOCAL, {"NBS_OUTPUT": "xml"}),
    Refused("volume wait data --for availabel", 2, "no status 'availabel'", "did you mean available?", LOCAL),
    Refused("volume wait data --for xyzzy", 2, "no status 'xyzzy'", "in-use", LOCAL),
    Refused("volume wait data --for AVAILABLE", 2, "no status 'AVAILABLE'", "available", LOCAL),
    Refused("snapshot wait first --for in-use", 2, "no status 'in-use'", "available", LOCAL),
    Refused("volume list --sort siz", 2, "cannot sort by 'siz'", "did you mean size?", LOCAL),
    Refused("volume list --sort name:up", 2, "'up': it is asc or desc", "", LOCAL),
    Refused("volume list --sort", 2, "sort", "", LOCAL, words=("",)),
    Refused("volume list --timeout soon", 2, "'soon'", "90s, 10m", LOCAL),
    Refused("volume list --timeout 0", 2, "'0'", "90s, 10m", LOCAL),
    Refused("volume list", 2, "'soon'", "90s, 10m", LOCAL, {"NBS_TIMEOUT": "soon"}),
    Refused("volume list --color red", 2, "'red'", "", LOCAL),
]
ALL = [*NAMES, *STATES, *PLACES, *SIZES, *WORDS, *TYPING]


@pytest.fixture
def crowded(build: Callable[..., World]) -> World:
    """Volumes data, busy (attached), backed (10 GB, with as many snapshots as it may have), twin and twin; 100 GB."""
    world = build(gigabytes=100, snapshots_per_volume=2)
    for name in ("data", "twin", "twin"):
        world.volume(name)
    world.cloud.attach(world.volume("busy"))
    backed = world.volume("backed", 10)
    for name in ("first", "second"):
        world.snapshot(backed, name)
    return world


@pytest.fixture
def closed() -> Iterator[int]:
    """A port of this machine where nobody listens, and nobody can begin to while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("refused", ALL, ids=lambda refused: refused.id)
def test_it_is_refused(crowded: World, closed: int, refused: Refused) -> None:
    """Nothing on stdout, the promised code, what happened and the next step on stderr, no request too many.

    With `-o json` the same is one JSON object on one line, with the exit code inside.
    """
    env = {name: value.format(down=f"http://127.0.0.1:{closed}") for name, value in refused.env.items()}
    message = refused.message.format(closed=closed)
    ran = crowded(*refused.args, env=env)
    first, _newline, rest = ran.err.partition("\n")
    assert (ran.code, ran.out) == (refused.code, ""), ran.err
    assert first.startswith("nbs: ")
    assert message in first
    assert refused.hint in rest
    assert len(crowded.served.calls) == refused.requests
    assert not {"Traceback", "BadParameter", "None"} & set(ran.err.split())
    if "output format" not in message:
        told = crowded("-o", "json", *refused.args, env=env)
        (error,) = errors(told)
        assert told.err.count("\n") == 1
        assert told.out == "" or json.loads(told.out)[0]["outcome"] == "failed"  # a delete tells what became of each
        assert error.keys() - {"candidates"} == ERROR_KEYS
        assert error["exit"] == told.code == refused.code
        assert message in error["message"]
        assert refused.hint in (error["hint"] or "")


HOSTILE = [
    *("../snapshots/X", "../snapshots/{snapshot}", "a?x", "a#b", ".", "..", "../..", "/", "//", "detail", "a/b"),
    *("%2e%2e", "%2f", "*", "?", "#", ";", "&limit=1", "a%00b", "~", "\\", "{busy}/action", "{busy}?x", "{busy}#"),
    *("{busy} ", " {busy}", "-x", "--", "null", "None", "0", "１２３", "💾", "name:.", "name:../x", "@", ":"),
]


@pytest.mark.parametrize("line", ["volume show", "volume delete --yes", "snapshot create", "volume create --snapshot"])
def test_a_ref_is_never_part_of_a_path(crowded: World, line: str) -> None:
    """Whatever is no UUID is a name: it is looked up in the list, not found, and no other path is ever asked for."""
    ids = {
        "busy": crowded.json("volume", "show", "busy")["id"],
        "snapshot": crowded.json("snapshot", "show", "first")["id"],
    }
    noun = "snapshots" if "--snapshot" in line else "volumes"
    for ref in HOSTILE:
        crowded.served.calls.clear()
        ran = crowded(*line.split(), *([] if line.endswith("--snapshot") else ["--"]), ref.format(**ids))
        asked = {(call.method, call.path) for call in crowded.served.asked()}
        assert (ref, ran.code) == (ref, 3), ran.err
        assert (ref, asked) == (ref, {("GET", f"{TENANT}/{noun}/detail")})


def test_candidates_are_shown_with_what_tells_them_apart(crowded: World) -> None:
    """An ambiguous name is answered with a small table: IDs first, status, size, when."""
    ids = [row["id"] for row in crowded.json("volume", "list") if row["name"] == "twin"]
    lines = crowded("volume", "show", "twin").err.splitlines()
    assert lines[1].split() == ["ID", "NAME", "STATUS", "SIZE", "CREATED"]
    assert [line.split()[0] for line in lines[2:4]] == ids


def test_snapshots_in_the_way_are_named(crowded: World) -> None:
    """A volume with snapshots is not deleted; they are named, and the hint's command takes them by their IDs."""
    ran = crowded("volume", "delete", "backed", "--yes")
    assert "first" in ran.err
    assert "second" in ran.err
    ids = [row["id"] for row in crowded.json("snapshot", "list")]
    assert all(identifier in ran.err.partition("snapshot delete ")[2] for identifier in ids)


def test_programs_get_the_candidates(crowded: World) -> None:
    """In JSON the candidates are records, so that a program can choose."""
    ids = [row["id"] for row in crowded.json("volume", "list") if row["name"] == "twin"]
    (error,) = errors(crowded("volume", "show", "twin", "-o", "json"))
    assert [row["id"] for row in error["candidates"]] == ids


def test_the_request_id_is_told(crowded: World) -> None:
    """A refusal by the server carries the ID that support asks for, in words and in JSON."""
    ran = crowded("volume", "create", "--size", "90")
    assert ran.err.splitlines()[-1].startswith("request id: req-")
    (error,) = errors(crowded("volume", "create", "--size", "90", "-o", "json"))
    assert error["request_id"].startswith("req-")
    assert (error["http_status"], error["code"], error["retryable"]) == (413, "limit", False)


def test_without_credentials_two_ways_on_are_named(nbs: Callable[..., Ran]) -> None:
    """No credentials: how to log in, and how to try the sandbox, which works as it is printed."""
    ran = nbs("volume", "list")
    assert "export NBS_" in ran.err
    (line,) = [line for line in ran.err.splitlines() if "-p sandbox" in line]
    assert nbs(*line.split()[1:], "--dry-run").code == 0
