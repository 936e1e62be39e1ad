"""The doctor: what is open, how it is settled, in every format; what is well is said too."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.local.journal import Entry, Journal, Place
from tests.conftest import Ran

PROD = Place("nbs -p prod --region KR2", "the profile prod", "t1", "https://kr2.example/v2/t1", "prod", "KR2")
ENVIRONMENT = Place("nbs", "the environment (NBS_TOKEN)", "t2", "https://kr1.example/v2/t2", None, "KR1")
SENT = 1_772_409_600.0  # 2026-03-02 00:00 UTC
VOLUME = Entry("k-1", "volume", {"size": 10, "name": "데이터 1"}, PROD, SENT, "Mon, 02 Mar 2026 00:00:00 GMT")
SNAPSHOT = Entry("k-2", "snapshot", {"volume_id": "id-1", "description": "-"}, ENVIRONMENT, SENT)


@pytest.fixture
def requests(home: Path) -> Path:
    """The folder of the journal."""
    return home / ".local/state/nbs/requests"


@pytest.fixture
def keep(requests: Path) -> Callable[[Entry], None]:
    """Put an entry into the journal."""

    def put(entry: Entry) -> None:
        Journal(lambda: requests, entry.place).sheet(entry.resource, entry.key).keep(entry)

    return put


HEALTHY = """\
ok       there is no config file, and none is needed
ok       nobody else can read or change what nbs keeps
ok       every variable of the environment that is for nbs can be used
ok       no profile keeps its secret in a keyring
ok       there are no credentials yet: `nbs auth login` keeps some
ok       the outcome of every create is known
"""


@pytest.mark.parametrize("options", [[], ["-o", "json"], ["-q"]])
def test_a_healthy_one_has_lines(nbs: Callable[..., Ran], options: list[str]) -> None:
    """Exit 0; nothing is asked, so it works without credentials, and with -q there is nothing to run."""
    ran = nbs("doctor", *options)
    assert (ran.code, ran.err) == (0, "")
    if not options:
        assert ran.out == HEALTHY
    if "json" in options:
        found = json.loads(ran.out)
        assert [one["check"] for one in found] == [
            "config",
            "files",
            "environment",
            "keyring",
            "credentials",
            "requests",
        ]
        assert {(one["status"], one["fix"]) for one in found} == {("ok", None)}
        assert "request" not in found[-1]
    if "-q" in options:
        assert ran.out == ""


def test_what_is_open_is_told_with_its_command(nbs: Callable[..., Ran], keep: Callable[[Entry], None]) -> None:
    """What, when, where, and below it the command, ready for a shell; exit 1."""
    keep(VOLUME)
    keep(SNAPSHOT)
    ran = nbs("doctor")
    assert ran.code == 1
    unknown = "nobody knows whether it was created"
    assert ran.out.splitlines()[5:] == [
        f"problem  snapshot id-1, sent 2026-03-02 00:00:00 to the environment (NBS_TOKEN), KR1: {unknown}",
        "         nbs snapshot create id-1 --description=- --request-key k-2",
        f"problem  volume 데이터 1 (10 GB), sent 2026-03-02 00:00:00 to the profile prod, KR2: {unknown}",
        "         nbs -p prod --region KR2 volume create --size 10 --name '데이터 1' --request-key k-1",
    ]
    assert ran.err == "nbs: there are 2 things to mend\n"


def test_programs_get_the_request(nbs: Callable[..., Ran], keep: Callable[[Entry], None]) -> None:
    """As fields; the failure is JSON on stderr too."""
    keep(VOLUME)
    ran = nbs("doctor", "-o", "json")
    *_others, finding = json.loads(ran.out)
    assert list(finding) == ["check", "status", "message", "fix", "request"]
    assert finding["request"] == {
        "key": "k-1",
        "resource": "volume",
        "parameters": {"size": 10, "name": "데이터 1"},
        "state": "sent",
        "sent_at": "2026-03-02T00:00:00",
        "server_time": "Mon, 02 Mar 2026 00:00:00 GMT",
        "profile": "prod",
        "region": "KR2",
        "tenant_id": "t1",
        "endpoint": "https://kr2.example/v2/t1",
    }
    assert json.loads(ran.err)["error"]["exit"] == ran.code == 1
    assert nbs("doctor", "-o", "value", "-c", "status,fix").out.splitlines()[-1].split("\t")[0] == "problem"


def test_quiet_gives_the_commands(nbs: Callable[..., Ran], keep: Callable[[Entry], None]) -> None:
    """One a line, for `sh`."""
    keep(VOLUME)
    keep(SNAPSHOT)
    ran = nbs("doctor", "-q")
    assert [shlex.split(line)[-1] for line in ran.out.splitlines()] == ["k-2", "k-1"]


def test_what_is_settled_is_no_finding(nbs: Callable[..., Ran], requests: Path, keep: Callable[[Entry], None]) -> None:
    """A given key whose volume is known is kept for a re-run, and nothing is wrong with it."""
    keep(VOLUME)
    (path,) = requests.iterdir()
    path.write_text(path.read_text().replace('"id": null', '"id": "id-9"'))
    assert nbs("doctor").code == 0


@pytest.mark.parametrize("text", ["", "{}", "\x1b[2J", '{"key": 5}'])
def test_a_damaged_record_is_a_finding(nbs: Callable[..., Ran], requests: Path, text: str) -> None:
    """It is named, with what to do; the others are told all the same."""
    requests.mkdir(parents=True)
    (requests / "volume-x.json").write_text(text)
    ran = nbs("doctor")
    assert ran.code == 1
    assert "volume-x.json is no record of a request" in ran.out
    assert f"rm {requests / 'volume-x.json'}" in ran.out


def test_nothing_of_a_name_is_obeyed(nbs: Callable[..., Ran], keep: Callable[[Entry], None]) -> None:
    """A name that a terminal would obey is shown escaped."""
    parameters: dict[str, Any] = {"size": 1, "name": "a\x1b]0;x\x07\u202e"}
    keep(Entry("k", "volume", parameters, PROD, SENT))
    out = nbs("doctor").out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


def test_a_profile_that_moved(nbs: Callable[..., Ran], home: Path, keep: Callable[[Entry], None]) -> None:
    """The command names the region that the create went to where the profile has another by now."""
    config = home / ".config/nbs/config.toml"
    config.parent.mkdir(parents=True)
    place = Place("nbs -p prod", "the profile prod", "t1", "https://kr1.example/v2/t1", "prod", "KR1")
    keep(Entry("k-3", "volume", {"size": 10}, place, SENT))
    for region, begin in {"kr1": "nbs -p prod volume", "KR2": "nbs -p prod --region KR1 volume"}.items():
        config.write_text(f'[profiles.prod]\nregion = "{region}"\nstore = "file"\n', encoding="utf-8")
        assert nbs("doctor", "-q").out.startswith(f"{begin} create --size 10 ")
