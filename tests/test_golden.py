"""Golden pages: all that every command shows for one small cloud, and every help page, kept in tests/golden.

A page that differs fails with the difference. `GOLDEN=write python -m pytest tests/test_golden.py` writes them anew;
read what changed before it is committed. In a page `|` is stdout, `!` is stderr, `:` is a terminal, where both are one.
"""

from __future__ import annotations

import difflib
import itertools
import os
import re
import shlex
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pexpect
import pytest

from nbs_cli.app import tree
from nbs_cli.local.folders import sandbox_state
from nbs_cli.local.journal import Entry, Journal, Place
from nbs_cli.output.text import width
from nbs_cli.sandbox.cloud import Cloud
from nbs_cli.sandbox.settings import HDD, SSD, TENANT_ID, USERS
from nbs_cli.sandbox.trouble import fault
from tests.aged import aged
from tests.conftest import NBS, Ran, Served

FOLDER = Path(__file__).with_name("golden")
WRITES = os.environ.get("GOLDEN") == "write"
USER_ID = USERS["sandbox"].id
KNOWN = {TENANT_ID, USER_ID, "6cdebe3eb0094910bc41f1d42ebe4cb7"}
MOMENT = 1_772_409_600.0  # 2026-03-02 00:00 UTC, 09:00 in Seoul: where the cloud's clock stands still
FORMATS = ("", "-o json", "-o jsonl", "-o yaml", "-o csv", "-o value", "-q")
SPOKEN = ("", "-o json")  # the formats in which a refusal differs
CONFIG = f"""\
profile = "prod"

[profiles.prod]
realm = "gov"
region = "KR1"
tenant_id = "{TENANT_ID}"
username = "ops@example.go.kr"
store = "file"
read_only = true

[profiles.dev]
realm = "public"
region = "KR2"
tenant_id = "6cdebe3eb0094910bc41f1d42ebe4cb7"
username = "dev@example.com"
store = "file"
output = "json"
"""


def _id(number: int) -> uuid.UUID:
    return uuid.UUID(f"00000000-0000-4000-8000-{number:012}")


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime(moment))


def _volume(served: Served, name: str, size: int, type_id: str, moment: float) -> str:
    """Insert an available volume; gives its ID."""
    with served.cloud.writing() as turn:
        (number,) = turn.db.execute("SELECT COUNT(*) + 1 FROM volumes").fetchone()
        turn.db.execute(
            "INSERT INTO volumes (id, tenant_id, region, user_id, name, description, size, status, zone, type_id, "
            "created_at, updated_at) VALUES (?, ?, 'KR1', ?, ?, NULL, ?, 'available', 'kr-pub-a', ?, ?, ?)",
            (str(_id(number)), TENANT_ID, USER_ID, name, size, type_id, *(_when(moment),) * 2),
        )
    return str(_id(number))


def _snapshot(served: Served, name: str, volume_id: str, size: int, moment: float) -> None:
    """Insert an available snapshot."""
    with served.cloud.writing() as turn:
        turn.db.execute(
            "INSERT INTO snapshots (id, tenant_id, region, user_id, volume_id, name, size, status, created_at, "
            "updated_at) VALUES (?, ?, 'KR1', ?, ?, ?, ?, 'available', ?, ?)",
            (str(_id(5)), TENANT_ID, USER_ID, volume_id, name, size, *(_when(moment),) * 2),
        )


def _config() -> Path:
    return Path.home() / ".config/nbs/config.toml"


@dataclass(frozen=True)
class Page:
    """What is typed after `nbs`, and in which formats.

    `anonymous` leaves the cloud's credentials out of the environment, `environ` adds to it, `before` is done last.
    """

    typed: str
    formats: tuple[str, ...] = FORMATS
    anonymous: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[Served], object] = lambda _served: None


def _deleting(served: Served) -> None:
    with served.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET status = 'deleting', due = ?, upcoming = 'gone' WHERE size = 10", (MOMENT,))


def _failing(served: Served) -> None:
    served.cloud.fail_next("create-error")


def _nightly(served: Served) -> None:
    """Four snapshots of the policy `daily`, whose rules every profile shares."""
    (volume,) = _ids(served, "운영-db")
    for number in range(4):
        aged(
            served.cloud,
            volume,
            24 * number + 5,
            policy="daily",
            name=f"매일-{number}",
            identifier=str(_id(6 + number)),
        )
    _config().write_text(f"{CONFIG}\n[retention.daily]\nkeep_last = 1\nkeep_daily = 3\n", encoding="utf-8")


def _ids(served: Served, name: str) -> list[str]:
    with served.cloud.reading() as turn:
        return [row["id"] for row in turn.db.execute("SELECT id FROM volumes WHERE name = ?", (name,))]


def _ordering(_served: Served) -> None:
    """Two orders in the state of the sandbox profile, and none from another format of the same page."""
    cloud = Cloud(str(sandbox_state()))
    cloud.reset()
    cloud.order(fault("status", code=429, header="Retry-After: 3", method="GET", count=2))
    cloud.order(fault("create-error"))
    cloud.close()


def _open(_served: Served) -> None:
    """A create whose answer was lost at MOMENT."""
    place = Place("nbs -p prod --region KR2", "the profile prod", TENANT_ID, "https://kr2.example/v2", "prod", "KR2")
    entry = Entry("9f1c27", "volume", {"size": 10, "name": "새 디스크"}, place, MOMENT, "Mon, 02 Mar 2026 00:00:00 GMT")
    Journal(lambda: Path.home() / ".local/state/nbs/requests", place).sheet("volume", entry.key).keep(entry)


def _twin(served: Served) -> None:
    _volume(served, "백업-1", 20, HDD.id, MOMENT)


PAGES = {
    "types-list": Page("types list"),
    "types-show": Page("types show ssd"),
    "volume-list": Page("volume list"),
    "volume-list-brief": Page("volume list --brief"),
    "volume-list-filtered": Page("volume list --unattached --type hdd --name '백업-*'"),
    "volume-list-misspelt": Page("volume list --status avialable", SPOKEN),
    "volume-list-empty": Page("volume list", before=lambda served: served.cloud.reset()),
    "volume-show": Page("volume show 운영-db"),
    "volume-show-two": Page("volume show 운영-db 백업-1"),
    "volume-show-tree": Page("volume show 운영-db 백업-1 --with-snapshots"),
    "volume-delete-tree-dry-run": Page("volume delete 백업-1 --with-snapshots --dry-run", before=_nightly),
    "volume-delete-tree": Page("volume delete 백업-1 --with-snapshots --yes --wait", SPOKEN),
    "volume-create": Page("volume create --size 10 --name 새-디스크 --type ssd --zone kr-pub-b --metadata env=prod"),
    "volume-create-wait": Page("volume create --size 10 --name node --count 2 --wait"),
    "volume-create-dry-run": Page("volume create --size 10 --name 새-디스크 --request-key build-4711 --dry-run"),
    "volume-delete": Page("volume delete 백업-1 --yes"),
    "volume-delete-two": Page("volume delete 운영-db 백업-1 --yes --wait"),
    "volume-delete-dry-run": Page("volume delete 운영-db 백업-1 --dry-run"),
    "volume-upload-image": Page("volume upload-image 백업-1 --image-name golden"),
    "volume-upload-image-wait": Page("volume upload-image 백업-1 --image-name golden --wait"),
    "volume-wait": Page("volume wait 백업-1"),
    "volume-wait-gone": Page("volume wait 백업-1 --for gone", before=_deleting),
    "snapshot-list": Page("snapshot list"),
    "snapshot-show": Page("snapshot show 업그레이드-전"),
    "snapshot-create": Page("snapshot create 백업-1 --name 점검-전 --description '정기 점검'"),
    "snapshot-create-wait": Page("snapshot create 백업-1 --name 점검-전 --wait"),
    "snapshot-delete": Page("snapshot delete 업그레이드-전 --yes"),
    "snapshot-wait": Page("snapshot wait 업그레이드-전"),
    "snapshot-prune": Page("snapshot prune --volume 운영-db --policy daily", before=_nightly),
    "snapshot-prune-dry-run": Page("snapshot prune --volume 운영-db --policy daily --dry-run", before=_nightly),
    "snapshot-prune-apply": Page(
        "snapshot prune --volume 운영-db --keep-last 1 --keep-daily 2 --policy daily --apply", before=_nightly
    ),
    "snapshot-rotate": Page("snapshot rotate 백업-1 --policy daily", before=_nightly),
    "snapshot-rotate-two": Page("snapshot rotate 백업-1 운영-db --policy daily --force", before=_nightly),
    "snapshot-timeline": Page("snapshot list --volume 운영-db --timeline", ("",), before=_nightly),
    "snapshot-list-volume": Page("snapshot list --volume 백업-1", before=_nightly),
    "usage": Page("usage"),
    "auth-status": Page("auth status"),
    "auth-status-online": Page("auth status --online"),
    "auth-status-profile": Page("auth status", anonymous=True),
    "auth-token": Page("auth token"),
    "auth-logout": Page("auth logout", anonymous=True),
    "sandbox-reset": Page("sandbox reset"),
    "sandbox-fault-add": Page("sandbox fault add reset when=after --method POST --path */volumes --count 2"),
    "sandbox-fault-list": Page("sandbox fault list", before=_ordering),
    "sandbox-fault-clear": Page("sandbox fault clear", before=_ordering),
    "exit-2-nearest": Page("sandbox fault add truncat", SPOKEN),
    "doctor": Page("doctor"),
    "doctor-password": Page("doctor --online", SPOKEN, environ={"NBS_PASSWORD": "console-password"}),
    "doctor-open": Page("doctor", before=_open),
    "profile-list": Page("profile list", anonymous=True),
    "profile-show": Page("profile show", anonymous=True),
    "profile-use": Page("profile use dev", anonymous=True),
    "profile-set": Page("profile set region KR2", anonymous=True),
    "profile-remove": Page("profile remove dev", anonymous=True),
    "exit-2-usage": Page("volume create --size 10GB", SPOKEN),
    "exit-2-query": Page("volume list --query '[?size > 15].name'", SPOKEN),
    "exit-2-unanswered": Page("volume delete 백업-1", SPOKEN, environ={"CI": "true"}),
    "exit-2-read-only": Page("volume create --size 10", SPOKEN, anonymous=True),
    "exit-3-not-found": Page("volume show 없는-디스크", SPOKEN),
    "exit-3-ambiguous": Page("volume delete 백업-1 --yes", SPOKEN, before=_twin),
    "exit-4-auth": Page("volume list", SPOKEN, environ={"NBS_PASSWORD": "console-password"}),
    "exit-4-not-logged-in": Page("volume list", SPOKEN, anonymous=True),
    "exit-4-no-credentials": Page("volume list", SPOKEN, anonymous=True, before=lambda _served: _config().unlink()),
    "exit-5-conflict": Page("volume delete 운영-db --yes", SPOKEN),
    "exit-6-limit": Page("volume create --size 2049", SPOKEN),
    "exit-7-timeout": Page("volume wait 운영-db --for available --timeout 1s", SPOKEN),
    "exit-8-error-state": Page("volume create --size 10 --name 새-디스크 --wait", SPOKEN, before=_failing),
}


def _commands(group: Any, ctx: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every group and command below *group*, itself first."""
    yield path
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if hasattr(found, "list_commands"):
            yield from _commands(found, ctx, (*path, name))
        else:
            yield (*path, name)


def _all_commands() -> list[tuple[str, ...]]:
    root = tree()
    return list(_commands(root, root.make_context("nbs", [], resilient_parsing=True)))


COMMANDS = _all_commands()


@pytest.fixture
def still(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A cloud whose clock stands still and whose IDs are counted, seen from Korea."""
    served = serve(delay=0.0)
    monkeypatch.setattr(served.cloud, "_now", lambda: MOMENT)
    monkeypatch.setattr("nbs_cli.sandbox.web.uuid", SimpleNamespace(uuid4=lambda: _id(0)))  # the request's ID
    monkeypatch.setenv("TZ", "KST-9")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    time.tzset()
    yield served
    monkeypatch.undo()
    time.tzset()


def prepare(served: Served, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two volumes, the larger attached and with a snapshot; two profiles; then what the page wants besides."""
    numbers = itertools.count(10)
    monkeypatch.setattr("nbs_cli.sandbox.turns.uuid", SimpleNamespace(uuid4=lambda: _id(next(numbers))))
    served.cloud.reset()
    database = _volume(served, "운영-db", 100, SSD.id, MOMENT - 86_400)
    _volume(served, "백업-1", 10, HDD.id, MOMENT - 3_600)
    _snapshot(served, "업그레이드-전", database, 100, MOMENT - 7_200)
    served.cloud.attach(database, str(_id(4)))
    _config().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _config().write_text(CONFIG, encoding="utf-8")
    _config().chmod(0o600)
    page.before(served)


def in_a_terminal(words: list[str], environ: dict[str, str], columns: int = 80) -> Ran:
    """Run the installed command on a terminal of *columns*; stderr is there too, live lines are taken away."""
    env = {**os.environ, **environ, "TERM": "xterm-256color", "NO_COLOR": "1"}
    child = pexpect.spawn(NBS, words, env=env, dimensions=(40, columns), encoding="utf-8", timeout=60)
    shown = re.sub(r"[^\n]*\r\x1b\[2K", "", str(child.read()).replace("\r\n", "\n"))
    child.close()
    return Ran(-1 if child.exitstatus is None else child.exitstatus, shown, "")


def stable(text: str) -> str:
    """Give *text* with what differs from run to run in other words, of the same width where tables show them."""
    new: dict[str, str] = {}
    for found in re.findall(r"\b0{8}-0000-4000-8000-0{10}[1-9]\d\b", text):  # made at once, in any order
        new.setdefault(found, str(_id(11 + len(new))))
    text = re.sub("|".join(new) or r"(?!)", lambda found: new[found[0]], text)
    text = re.sub(r"(127\.0\.0\.1):\d{5}\b", r"\1:50000", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", lambda found: found[0] if found[0] in KNOWN else "f" * 32, text)
    text = re.sub(r"\[nbs:[a-z2-7]{16}\]", f"[nbs:{'k' * 16}]", text)
    text = re.sub(r"\bin \d+ ms\b", "in 0 ms", text)
    text = re.sub(r"\b\d+ ms\b", "0 ms", text)
    return re.sub(r"(\(|after )\d+s\b", r"\g<1>0s", text)


def told(ran: Ran, sign: str = "|") -> str:
    """An outcome as a page shows it."""
    lines = [f"exit {ran.code}"]
    for mark, text in ((sign, ran.out), ("!", ran.err)):
        lines += [f"{mark} {line}" for line in stable(text).splitlines()]
        if text and not text.endswith("\n"):
            lines.append(f"{mark} (no newline at the end)")
    return "\n".join(lines)


def drawn(page: Page, served: Served, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> str:
    """The page: every format with its outcome; formats whose outcomes are the same share it."""
    environ = {**({} if page.anonymous else served.environ), **page.environ}
    outcomes: dict[str, list[str]] = {}
    for form in page.formats:
        words = f"{page.typed} {form}".strip()
        prepare(served, page, monkeypatch)
        outcomes.setdefault(told(nbs(*shlex.split(words), env=environ)), []).append(f"$ nbs {words}")
    prepare(served, page, monkeypatch)
    shown = told(in_a_terminal(shlex.split(page.typed), environ), ":")
    outcomes.setdefault(shown, []).append(f"$ nbs {page.typed}    (on a terminal of 80 columns)")
    return "\n\n".join("\n".join([*commands, outcome]) for outcome, commands in outcomes.items()) + "\n"


def compare(path: Path, today: str) -> None:
    """Fail with the difference from the page that is kept; with GOLDEN=write keep today's."""
    if WRITES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(today, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if kept != today:
        difference = difflib.unified_diff(kept.splitlines(), today.splitlines(), "kept", "today", lineterm="")
        pytest.fail(
            f"{path.name} is another page today (GOLDEN=write keeps it):\n" + "\n".join(difference), pytrace=False
        )


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, still: Served, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command shows in every format, and on a terminal of 80 columns, is what the page shows."""
    compare(FOLDER / f"{name}.txt", drawn(PAGES[name], still, nbs, monkeypatch))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: "-".join(path) or "nbs")
def test_help(
    path: tuple[str, ...],
    nbs: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The help page of every command at 80 columns is the one that is kept, and no line but an example is wider."""
    monkeypatch.setenv("COLUMNS", "80")
    ran = nbs(*path, "--help")  # typer writes help pages to the process's own stdout
    page = ran.out + capsys.readouterr().out

    compare(FOLDER / "help" / f"{'-'.join(path) or 'nbs'}.txt", page)
    assert ran.code == 0
    assert [line for line in page.partition("\nExamples:\n")[0].splitlines() if width(line) > 80] == []


def test_no_page_is_left_over() -> None:
    """Every page that is kept is one that is made."""
    pages = [*FOLDER.glob("*.txt"), *FOLDER.glob("help/*.txt")]  # test_korean.py looks after the others
    kept = {path.relative_to(FOLDER).as_posix() for path in pages}
    made = {f"{name}.txt" for name in PAGES} | {f"help/{'-'.join(path) or 'nbs'}.txt" for path in COMMANDS}

    assert kept - made == set()


def test_the_refusals_show_their_exit_codes() -> None:
    """There is a page for every exit code from 2 to 8, and it shows the one that its name says."""
    pages = list(FOLDER.glob("exit-*.txt"))

    assert {path.stem[5] for path in pages} == set("2345678")
    for path in pages:
        assert set(re.findall(r"^exit (\d+)$", path.read_text(encoding="utf-8"), re.MULTILINE)) == {path.stem[5]}
