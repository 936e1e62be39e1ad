"""The golden pages as data: what is typed at every command of the tree, and the small cloud that it is typed at."""

from __future__ import annotations

import itertools
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from nbs_cli.local.folders import sandbox_state
from nbs_cli.local.journal import Entry, Journal, Place
from nbs_cli.sandbox.cloud import Cloud
from nbs_cli.sandbox.settings import HDD, PASSWORD, SSD, TENANT_ID, USERS
from nbs_cli.sandbox.trouble import fault
from tests.aged import aged
from tests.conftest import Served
from tests.speaking import CTRL_C, MOMENT, TERM, Keys

USER_ID = USERS["sandbox"].id
OTHER_TENANT = "6cdebe3eb0094910bc41f1d42ebe4cb7"
ADDRESS = "http://127.0.0.1:50000"  # stands for the served cloud's, whose port differs from run to run
HELP = ("--help",)
FORMATS = ("", "-o json", "-o jsonl", "-o yaml", "-o csv", "-o value", "-q")
SPOKEN = ("", "-o json")
WORDS = ("",)  # words for people, the same in every format
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
tenant_id = "{OTHER_TENANT}"
username = "dev@example.com"
store = "file"
output = "json"
"""


@dataclass(frozen=True)
class Page:
    """What is typed after `nbs`, and what is added to it in turn; each begins with the same cloud.

    `given` says what else the reader should know. `anonymous` leaves the cloud's credentials out of the environment,
    `environ` adds to it, `before` is done last. `keys` are pressed where the text before them is shown
    (`tests/speaker.py`), `stdin` is what a pipe holds.
    """

    typed: str
    forms: tuple[str, ...] = FORMATS
    given: str = ""
    anonymous: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[Served], object] = lambda _served: None
    keys: Keys = ()
    stdin: str = ""


def identifier(number: int) -> uuid.UUID:
    """The ID of this *number*."""
    return uuid.UUID(f"00000000-0000-4000-8000-{number:012}")


def prepare(served: Served, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two volumes, the larger attached and with a snapshot; two profiles; then what the page wants besides.

    Nothing is left of what was in the home.
    """
    numbers = itertools.count(10)
    monkeypatch.setattr("nbs_cli.sandbox.turns.uuid", SimpleNamespace(uuid4=lambda: identifier(next(numbers))))
    served.cloud.reset()
    _furnish(served.cloud)
    for left in Path.home().iterdir():
        shutil.rmtree(left)
    _config().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _config().write_text(CONFIG, encoding="utf-8")
    _config().chmod(0o600)
    page.before(served)


def _furnish(cloud: Cloud) -> None:
    database = _volume(cloud, "운영-db", 100, SSD.id, MOMENT - 86_400)
    _volume(cloud, "백업-1", 10, HDD.id, MOMENT - 3_600)
    _snapshot(cloud, "업그레이드-전", database, 100, MOMENT - 7_200)
    cloud.attach(database, str(identifier(4)))


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime(moment))


def _volume(cloud: Cloud, name: str, size: int, type_id: str, moment: float) -> str:
    """Insert an available volume; gives its ID."""
    with cloud.writing() as turn:
        (number,) = turn.db.execute("SELECT COUNT(*) + 1 FROM volumes").fetchone()
        turn.db.execute(
            "INSERT INTO volumes (id, tenant_id, region, user_id, name, description, size, status, zone, type_id, "
            "created_at, updated_at) VALUES (?, ?, 'KR1', ?, ?, NULL, ?, 'available', 'kr-pub-a', ?, ?, ?)",
            (str(identifier(number)), TENANT_ID, USER_ID, name, size, type_id, *(_when(moment),) * 2),
        )
    return str(identifier(number))


def _snapshot(cloud: Cloud, name: str, volume_id: str, size: int, moment: float) -> None:
    """Insert an available snapshot."""
    with cloud.writing() as turn:
        turn.db.execute(
            "INSERT INTO snapshots (id, tenant_id, region, user_id, volume_id, name, size, status, created_at, "
            "updated_at) VALUES (?, ?, 'KR1', ?, ?, ?, ?, 'available', ?, ?)",
            (str(identifier(5)), TENANT_ID, USER_ID, volume_id, name, size, *(_when(moment),) * 2),
        )


def _config() -> Path:
    return Path.home() / ".config/nbs/config.toml"


def _nobody(_served: Served) -> None:
    _config().unlink()


def _everywhere(served: Served) -> None:
    """Profiles of which the first has the right password, and the second a wrong one."""
    words = f'tenant_id = "{TENANT_ID}"\nusername = "sandbox"\nregion = "KR1"\nstore = "command"\n'
    words += f'identity_url = "{served.url}"\npassword_command = ["echo", '
    profiles = (f'[profiles.{name}]\n{words}"{word}"]\n' for name, word in (("main", PASSWORD), ("dr", "console")))
    _config().write_text("\n".join(profiles), encoding="utf-8")


def _deleting(served: Served) -> None:
    with served.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET status = 'deleting', due = ?, upcoming = 'gone' WHERE size = 10", (MOMENT,))


def _leaving(served: Served) -> None:
    with served.cloud.writing() as turn:
        turn.db.execute("UPDATE snapshots SET status = 'deleting', due = ?, upcoming = 'gone'", (MOMENT,))


def _failing(served: Served) -> None:
    served.cloud.fail_next("create-error")


def _losing(served: Served) -> None:
    """The answer to a create is lost, and no list shows what was made."""
    served.cloud.order(fault("reset", when="after", method="POST", path="*/volumes"))
    served.cloud.order(fault("lag", seconds=3600, count=0))


def _broken(served: Served) -> None:
    served.cloud.order(fault("status", code=500, method="GET", count=0))


def _nightly(served: Served) -> None:
    """Four snapshots of the policy `daily`, whose rules every profile shares."""
    (volume,) = _ids(served.cloud, "운영-db")
    for number in range(4):
        aged(
            served.cloud,
            volume,
            24 * number + 5,
            policy="daily",
            name=f"매일-{number}",
            identifier=str(identifier(6 + number)),
        )
    _config().write_text(f"{CONFIG}\n[retention.daily]\nkeep_last = 1\nkeep_daily = 3\n", encoding="utf-8")


def _free(served: Served) -> None:
    """The larger volume with its snapshots, attached to nothing."""
    _nightly(served)
    for volume in _ids(served.cloud, "운영-db"):
        served.cloud.detach(volume)


def _ids(cloud: Cloud, name: str) -> list[str]:
    with cloud.reading() as turn:
        return [row["id"] for row in turn.db.execute("SELECT id FROM volumes WHERE name = ?", (name,))]


def _long(served: Served) -> None:
    """Names that are too long for a table on a terminal."""
    for name in ("데이터베이스 서버의 아주 긴 이름을 가진 디스크 하나", "a-long-name-of-letters-that-are-narrow"):
        _volume(served.cloud, name, 2000, HDD.id, MOMENT - 60)


def _in_the_box(_served: Served) -> None:
    """The same two volumes in the state of the sandbox profile, with two orders of faults."""
    cloud = Cloud(str(sandbox_state()), now=lambda: MOMENT)
    _furnish(cloud)
    cloud.order(fault("status", code=429, header="Retry-After: 3", method="GET", count=2))
    cloud.order(fault("create-error"))
    cloud.close()


def _open(_served: Served) -> None:
    """A create whose answer was lost at MOMENT."""
    place = Place("nbs -p prod --region KR2", "the profile prod", TENANT_ID, "https://kr2.example/v2", "prod", "KR2")
    entry = Entry("9f1c27", "volume", {"size": 10, "name": "새 디스크"}, place, MOMENT, "Mon, 02 Mar 2026 00:00:00 GMT")
    Journal(lambda: Path.home() / ".local/state/nbs/requests", place).sheet("volume", entry.key).keep(entry)


def _twin(served: Served) -> None:
    _volume(served.cloud, "백업-1", 20, HDD.id, MOMENT)


_LOGIN = f"auth login -p new --identity-url {ADDRESS} --store file"
_WRONG = {"NBS_PASSWORD": "console-password"}
_YES, _NO = (("[y/N] ", "y\r"),), (("[y/N] ", "n\r"),)
_WATCH = (("백업-1", CTRL_C),)

PAGES = (
    Page("", ("", *HELP, "--version")),
    Page("volum list", SPOKEN),
    Page("volume list --colour", SPOKEN),
    Page("volume list -o tabel", SPOKEN),
    Page("types", ("", *HELP)),
    Page("types list", HELP),
    Page("types list"),
    Page("types show", HELP),
    Page("types show ssd"),
    Page("types show nvme", SPOKEN),
    Page("volume", ("", *HELP)),
    Page("volume list", HELP),
    Page("volume list"),
    Page("volume list", WORDS, before=_long, given="names that are too long for a terminal"),
    Page("volume list --brief"),
    Page("volume list --unattached --type hdd --name '백업-*'"),
    Page("volume list -c name,size,age", SPOKEN),
    Page("volume list --sort size:desc --limit 1 -c name,size,metadata --no-header", ("", "-o json", "-o csv")),
    Page("volume list --query '[].[name, size]'", ("", "-o json", "-o value")),
    Page("volume list --status avialable", SPOKEN),
    Page("volume list", before=lambda served: served.cloud.reset(), given="there are none"),
    Page(
        "volume list --all-profiles",
        anonymous=True,
        before=_everywhere,
        given="two profiles, one with a wrong password",
    ),
    Page("volume list --watch", ("", "-o jsonl", "-o json"), keys=_WATCH, given="ended with Ctrl-C"),
    Page("volume list", SPOKEN, environ=_WRONG, given="a wrong password"),
    Page("volume list", SPOKEN, anonymous=True, given="a profile that nobody logged in to"),
    Page("volume list", SPOKEN, anonymous=True, before=_nobody, given="no credentials at all"),
    Page(
        "volume list --timeout 1s",
        SPOKEN,
        environ={"NBS_IDENTITY_URL": "http://127.0.0.1:1"},
        given="the server is not there",
    ),
    Page("volume list", SPOKEN, before=_broken, given="the server answers 500"),
    Page("volume show", HELP),
    Page("volume show 운영-db"),
    Page("volume show 운영-db 백업-1"),
    Page("volume show 운영-db 백업-1 --with-snapshots"),
    Page("volume show 없는-디스크", SPOKEN),
    Page("volume show 백업-1", SPOKEN, before=_twin, given="two volumes of that name"),
    Page("volume create", HELP),
    Page("volume create --size 10 --name 새-디스크 --type ssd --zone kr-pub-b --metadata env=prod"),
    Page("volume create --size 10 --name node --count 2 --wait"),
    Page("volume create --snapshot 업그레이드-전 --name 복사본", SPOKEN),
    Page("volume create --size 10 --name 새-디스크 --request-key build-4711 --dry-run"),
    Page("volume create --size 10 --name 백업-1 --if-not-exists", SPOKEN),
    Page("volume create --size 20 --name 백업-1 --if-not-exists", SPOKEN),
    Page("volume create --size 10GB", SPOKEN),
    Page("volume create --size 10", SPOKEN, anonymous=True, given="a read-only profile"),
    Page("volume create --size 2049", SPOKEN),
    Page("volume create --size 10 --name 새-디스크 --wait", SPOKEN, before=_failing, given="the storage fails"),
    Page(
        "volume create --size 10 --name 새-디스크 --request-key build-4711",
        SPOKEN,
        given="the answer is lost",
        environ={"NBS_SETTLE": "0.2"},
        before=_losing,
    ),
    Page("volume delete", HELP),
    Page("volume delete 백업-1 --yes"),
    Page("volume delete 백업-1", WORDS, keys=_YES, given="y at the terminal"),
    Page("volume delete 백업-1", WORDS, keys=_NO, given="n at the terminal"),
    Page("volume delete 백업-1", SPOKEN, environ={"CI": "true"}, given="CI is set"),
    Page("volume delete 운영-db 백업-1 --yes --wait"),
    Page("volume delete 운영-db 백업-1 --dry-run"),
    Page("volume delete 운영-db --with-snapshots --dry-run", given="attached to nothing", before=_free),
    Page("volume delete 운영-db --with-snapshots --yes --wait", SPOKEN, given="attached to nothing", before=_free),
    Page(
        "volume delete 운영-db 백업-1 --with-snapshots",
        WORDS,
        given="n at the terminal",
        before=_nightly,
        keys=_NO,
    ),
    Page(
        "volume delete 운영-db --with-snapshots",
        WORDS,
        given="attached to nothing, and y at the terminal",
        before=_free,
        keys=_YES,
    ),
    Page("volume delete 운영-db --with-snapshots", WORDS),
    Page("volume delete 백업-1 --yes", SPOKEN, before=_twin, given="two volumes of that name"),
    Page("volume delete 운영-db --yes", SPOKEN),
    Page("volume upload-image", HELP),
    Page("volume upload-image 백업-1 --image-name golden"),
    Page("volume upload-image 백업-1 --image-name golden --wait"),
    Page("volume upload-image 백업-1 --image-name golden --dry-run", SPOKEN),
    Page("volume upload-image 운영-db --image-name golden", SPOKEN),
    Page("volume wait", HELP),
    Page("volume wait 백업-1"),
    Page("volume wait 백업-1 --for gone", before=_deleting, given="a delete is on its way"),
    Page("volume wait 운영-db --for available --timeout 1s", SPOKEN),
    Page("snapshot", ("", *HELP)),
    Page("snapshot list", HELP),
    Page("snapshot list"),
    Page("snapshot list --volume 백업-1", before=_nightly),
    Page("snapshot list --volume 운영-db --timeline", WORDS, before=_nightly),
    Page(
        "snapshot list --all-profiles",
        SPOKEN,
        anonymous=True,
        before=_everywhere,
        given="two profiles, one with a wrong password",
    ),
    Page("snapshot list --watch", ("", "-o jsonl"), keys=(("업그레이드-", CTRL_C),), given="ended with Ctrl-C"),
    Page("snapshot show", HELP),
    Page("snapshot show 업그레이드-전"),
    Page("snapshot show 없는-스냅숏", SPOKEN),
    Page("snapshot create", HELP),
    Page("snapshot create 백업-1 --name 점검-전 --description '정기 점검'"),
    Page("snapshot create 백업-1 --name 점검-전 --wait"),
    Page("snapshot create 운영-db --name 점검-전 --force --dry-run", SPOKEN),
    Page("snapshot create 운영-db --name 점검-전", SPOKEN),
    Page("snapshot delete", HELP),
    Page("snapshot delete 업그레이드-전 --yes"),
    Page("snapshot delete 업그레이드-전", WORDS, keys=_YES, given="y at the terminal"),
    Page("snapshot delete 업그레이드-전 --dry-run", SPOKEN),
    Page("snapshot wait", HELP),
    Page("snapshot wait 업그레이드-전"),
    Page("snapshot wait 업그레이드-전 --for gone", SPOKEN, before=_leaving, given="a delete is on its way"),
    Page("snapshot prune", HELP),
    Page("snapshot prune --volume 운영-db --policy daily", before=_nightly),
    Page("snapshot prune --volume 운영-db --keep-last 1 --keep-daily 2 --policy daily --apply", before=_nightly),
    Page("snapshot prune --volume 운영-db --policy weekly", SPOKEN, before=_nightly),
    Page("snapshot rotate", HELP),
    Page("snapshot rotate 백업-1 --policy daily", before=_nightly),
    Page("snapshot rotate 백업-1 운영-db --policy daily --force", before=_nightly),
    Page("usage", HELP),
    Page("usage"),
    Page("usage", SPOKEN, before=lambda served: served.cloud.reset(), given="there is nothing"),
    Page("auth", ("", *HELP)),
    Page("auth login", HELP),
    Page(
        _LOGIN,
        WORDS,
        anonymous=True,
        given="answered at the terminal",
        keys=((": ", f"{TENANT_ID}\r"), (": ", "sandbox\r"), (": ", f"{PASSWORD}\r"), (": ", "KR2\r")),
    ),
    Page(
        f"{_LOGIN} --region KR1 --tenant-id {TENANT_ID} --username sandbox",
        ("--password-stdin",),
        anonymous=True,
        stdin=f"{PASSWORD}\n",
    ),
    Page(
        f"{_LOGIN} --region KR1 --tenant-id {TENANT_ID} --username sandbox",
        SPOKEN,
        anonymous=True,
        given="a wrong password",
        keys=((": ", "console-password\r"),),
    ),
    Page("auth login -p new --store file", SPOKEN, anonymous=True, keys=(("]: ", "moon\r"),)),
    Page("auth logout", HELP),
    Page("auth logout", SPOKEN, anonymous=True, given="a profile"),
    Page("auth status", HELP),
    Page("auth status"),
    Page("auth status --online"),
    Page("auth status", anonymous=True, given="a profile"),
    Page("auth token", HELP),
    Page("auth token", SPOKEN),
    Page("profile", ("", *HELP)),
    Page("profile list", HELP),
    Page("profile list", anonymous=True),
    Page("profile show", HELP),
    Page("profile show", anonymous=True),
    Page("profile show stage", SPOKEN, anonymous=True),
    Page("profile use", HELP),
    Page("profile use dev", SPOKEN, anonymous=True),
    Page("profile set", HELP),
    Page("profile set region KR2", SPOKEN, anonymous=True),
    Page("profile set regoin KR2", SPOKEN, anonymous=True),
    Page("profile remove", HELP),
    Page("profile remove dev", SPOKEN, anonymous=True, keys=_YES),
    Page("sandbox", ("", *HELP)),
    Page("sandbox serve", HELP),
    Page("sandbox serve --state :memory:", SPOKEN, keys=(("# ", TERM),), given="ended with SIGTERM"),
    Page("sandbox reset", HELP),
    Page("sandbox reset", SPOKEN, before=_in_the_box),
    Page("sandbox seed", HELP),
    Page("sandbox seed 50 --snapshots 500", SPOKEN, before=_in_the_box),
    Page("sandbox seed many", SPOKEN),
    Page("sandbox clock", HELP),
    Page("sandbox clock", before=_in_the_box),
    Page("sandbox clock --advance 30d", SPOKEN, before=_in_the_box),
    Page("sandbox attach", HELP),
    Page("sandbox attach 백업-1", SPOKEN, before=_in_the_box),
    Page("sandbox attach 운영-db", SPOKEN, before=_in_the_box),
    Page("sandbox detach", HELP),
    Page("sandbox detach 운영-db", SPOKEN, before=_in_the_box),
    Page("sandbox fault", ("", *HELP)),
    Page("sandbox fault add", HELP),
    Page("sandbox fault add reset when=after --method POST --path */volumes --count 2"),
    Page("sandbox fault add truncat", SPOKEN),
    Page("sandbox fault list", HELP),
    Page("sandbox fault list", before=_in_the_box),
    Page("sandbox fault clear", HELP),
    Page("sandbox fault clear", SPOKEN, before=_in_the_box),
    Page("api", HELP),
    Page("api GET /types"),
    Page("api GET /volumes/detail --paginate --query 'volumes[].[name, status]'", ("", "-o json", "-o csv")),
    Page(f"api DELETE /volumes/{identifier(2)}", SPOKEN, keys=_YES),
    Page("""api POST /volumes --data '{"volume": {"size": 10, "name": "새 디스크"}}' --dry-run""", SPOKEN),
    Page("api GET /snapshots/none", SPOKEN),
    Page("doctor", HELP),
    Page("doctor"),
    Page("doctor --online", SPOKEN),
    Page("doctor --online", SPOKEN, environ=_WRONG, given="a wrong password"),
    Page("doctor", before=_open, given="a create whose answer was lost"),
    Page("schema", HELP),
    Page("schema outcome", ("", "-o json", "-o yaml")),
    Page("schema outcom", SPOKEN),
    Page("commands", HELP),
    Page("commands", ("", "-q")),
    Page("""commands --query "[?command=='nbs types show'] | [0]" """.strip(), SPOKEN),
    Page("help", HELP),
    Page("help", SPOKEN),
    *(Page(f"help {topic}", WORDS) for topic in ("exit-codes", "environment", "output", "statuses")),
    *(Page(f"help {topic}", WORDS) for topic in ("waiting", "retention", "ci", "air-gap")),
    Page("help exit-code", SPOKEN),
    Page("completion", HELP),
    Page("completion bash", WORDS),
    Page("completion bash --install", WORDS),
    Page("completion zsh --install", WORDS),
    Page("completion tcsh", SPOKEN),
)
