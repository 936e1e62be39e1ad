"""`nbs profile`: what is shown, what is changed, and what a profile keeps others from doing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.commands.particulars import PROFILE
from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID
from tests.accounts import LIST, config_path, holding, log_in, secret_path, trap
from tests.conftest import Ran, Served

Run = Callable[..., Ran]
TWO = """\
# our clouds
profile = "prod"  # the one that counts

[profiles.prod]  # production
realm = "gov"
region = "KR1"
tenant_id = "6cdebe3eb0094910bc41f1d42ebe4cb7"
username = "ops@example.go.kr"  # not a person
store = "file"
read_only = true

# for trying
[profiles.test]
realm = "public"
region = "KR2"
tenant_id = "00000000000000000000000000000000"
username = "한국@example.com"
store = "command"
password_command = ["pass", "show", "nhn test"]
output = "json"
"""


@pytest.fixture
def two(home: Path) -> Path:
    """A config file with two profiles, `prod` in use."""
    path = config_path(home)
    path.parent.mkdir(parents=True)
    path.write_text(TWO, encoding="utf-8")
    return path


def test_list(nbs: Run, two: Path) -> None:
    """The table names every profile once, the one in use, and the sandbox last."""
    done = nbs("profile", "list")

    rows = [line.split() for line in done.out.splitlines()]
    assert done.code == 0
    assert [row[0] for row in rows] == ["NAME", "prod", "test", "sandbox"]
    assert rows[1][1:4] == ["yes", "gov", "KR1"]
    assert rows[2][1] == "no"


def test_list_as_json(nbs: Run, two: Path) -> None:
    """JSON has the documented keys and values as the file holds them."""
    rows = json.loads(nbs("profile", "list", "-o", "json").out)

    assert [list(row) for row in rows] == [[field.wire for field in PROFILE.fields]] * 3
    assert [row["name"] for row in rows] == ["prod", "test", "sandbox"]
    assert [row["in_use"] for row in rows] == [True, False, False]
    assert rows[0]["read_only"] is True
    assert rows[1]["username"] == "한국@example.com"
    assert rows[1]["password_command"] == ["pass", "show", "nhn test"]
    assert rows[0]["password_command"] is None


def test_list_of_nothing(nbs: Run, home: Path) -> None:
    """On a fresh machine there is the sandbox, and listing makes no file."""
    assert nbs("profile", "list", "-q").out == "sandbox\n"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("cause", ["in use", "NBS_PROFILE"])
def test_list_with_a_dangling_name(cause: str, nbs: Run, two: Path) -> None:
    """Profiles can be listed when the chosen one is gone: that is how one finds the right name."""
    if cause == "in use":
        two.write_text(TWO.replace('profile = "prod"', 'profile = "gone"'))
    done = nbs("profile", "list", "-q", env={"NBS_PROFILE": "gone"} if cause == "NBS_PROFILE" else {})

    assert done.code == 0, done.err
    assert done.out.split() == ["prod", "test", "sandbox"]


def test_dangling_name_is_told(nbs: Run, two: Path) -> None:
    """A command with a profile that is gone is exit 3 and names the nearest that there is."""
    done = nbs("volume", "list", "-p", "prd")

    assert done.code == 3
    assert "there is no profile prd" in done.err
    assert "did you mean prod?" in done.err


@pytest.mark.parametrize(("name", "shown"), [(None, "prod"), ("test", "test")])
def test_show(name: str | None, shown: str, nbs: Run, two: Path) -> None:
    """The profile in use, or a named one, every value on a line of its own, or as one JSON object."""
    words = ("profile", "show") if name is None else ("profile", "show", name)

    assert nbs(*words).out.splitlines()[0].split() == ["name", shown]
    assert json.loads(nbs(*words, "-o", "json").out)["name"] == shown


def test_show_what_is_listed(nbs: Run, two: Path) -> None:
    """Every profile of the list can be shown, the sandbox too."""
    for name in nbs("profile", "list", "-q").out.split():
        done = nbs("profile", "show", name, "-o", "json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["name"] == name


def test_show_nothing(nbs: Run) -> None:
    """Without a profile in use there is nothing to show: exit 2 with the next step."""
    done = nbs("profile", "show")

    assert done.code == 2
    assert "nbs profile use NAME" in done.err


def test_use(nbs: Run, two: Path) -> None:
    """`use` changes one word of the file."""
    done = nbs("profile", "use", "test")

    assert done.code == 0
    assert "test" in done.err
    assert two.read_text() == TWO.replace('profile = "prod"', 'profile = "test"')


def test_use_where_nothing_was(nbs: Run, two: Path) -> None:
    """The key goes to the top, where TOML wants it, and no comment is lost."""
    before = TWO.replace('profile = "prod"  # the one that counts\n', "")
    two.write_text(before)

    assert nbs("profile", "use", "test").code == 0

    after = two.read_text()
    assert [line for line in after.splitlines() if line and not line.startswith("profile =")] == [
        line for line in before.splitlines() if line
    ]
    assert json.loads(nbs("profile", "show", "-o", "json").out)["name"] == "test"


def test_use_the_sandbox(nbs: Run, home: Path) -> None:
    """The sandbox can be put in use on a fresh machine; then no command needs `-p`."""
    assert nbs("profile", "use", "sandbox").code == 0
    assert nbs(*LIST).out == "[]\n"
    assert nbs("profile", "list", "-o", "json").out.count('"in_use": true') == 1


def test_use_what_is_not_there(nbs: Run, two: Path) -> None:
    """An unknown name is exit 3, and the file stays as it is."""
    assert nbs("profile", "use", "tset").code == 3
    assert two.read_text() == TWO


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("region", "KR2", 'region = "KR2"'),
        ("read_only", "false", "read_only = false"),
        ("output", "yaml", 'output = "yaml"'),
        ("username", "김철수@example.go.kr", 'username = "김철수@example.go.kr"  # not a person'),
        ("password_command", "pass show 'my nhn'", 'password_command = ["pass", "show", "my nhn"]'),
        ("endpoint", "https://x.example", 'endpoint = "https://x.example"'),
        ("realm", "ngsc", 'realm = "ngsc"'),
    ],
)
def test_set(key: str, value: str, line: str, nbs: Run, two: Path) -> None:
    """`set` changes or adds one line of the profile in use; every other line, comments too, stays where it was."""
    done = nbs("profile", "set", key, value)

    assert done.code == 0, done.err
    assert f"prod: {key} is {value}" in done.err
    after = two.read_text().splitlines()
    assert line in after
    kept = [text for text in TWO.splitlines() if not text.startswith(f"{key} =")]
    assert [text for text in after if text in kept] == [text for text in TWO.splitlines() if text in kept]
    assert after.index(line) < after.index("[profiles.test]")


def test_set_of_another(nbs: Run, two: Path) -> None:
    """`-p` and NBS_PROFILE name the profile to change."""
    nbs("profile", "set", "region", "KR1", "-p", "test")
    nbs("profile", "set", "output", "csv", env={"NBS_PROFILE": "test"})

    assert two.read_text() == TWO.replace('"KR2"', '"KR1"').replace('"json"', '"csv"')


def test_set_to_nothing(nbs: Run, two: Path) -> None:
    """An empty value takes the key out."""
    assert nbs("profile", "set", "read_only", "").code == 0
    assert two.read_text() == TWO.replace("read_only = true\n", "")


def test_set_keeps_the_secret(nbs: Run, served: Served) -> None:
    """A change that has nothing to do with whose the secret is does not ask for a new login."""
    log_in(nbs, served)
    nbs("profile", "set", "region", "KR2")

    assert nbs(*LIST).code == 0
    assert served.logins() == []


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("regoin", "KR2", "did you mean region?"),
        ("colour", "red", "the keys are"),
        ("read_only", "maybe", "read_only is true or false"),
        ("realm", "gvo", "did you mean gov?"),
        ("store", "cloud", "keyring, file, command"),
        ("output", "xml", "table, json"),
        ("password", "secret-1234", "secrets do not belong"),
        ("token", "secret-1234", "secrets do not belong"),
        ("password_command", "pass 'nhn", "quotation"),
        ("tenant_id", "../x", "32 hexadecimal digits"),
        ("identity_url", "nonsense", "nonsense"),
    ],
)
def test_set_refuses(key: str, value: str, told: str, nbs: Run, two: Path) -> None:
    """An unknown key, a secret, a value that cannot be: exit 2, told why, the file as it was, no secret repeated."""
    done = nbs("profile", "set", key, value)

    assert done.code == 2, done.err
    assert told in done.err
    assert "secret-1234" not in done.err
    assert "a mistake in nbs" not in done.err
    assert two.read_text() == TWO


def test_set_of_nothing(nbs: Run, home: Path) -> None:
    """Without a profile there is nothing to set, the sandbox has no values, and no file is made."""
    assert nbs("profile", "set", "region", "KR2").code == 2
    assert nbs("profile", "set", "region", "KR2", "-p", "sandbox").code == 2
    assert nbs("profile", "set", "region", "KR2", "-p", "gone").code == 3
    assert not config_path(home).exists()


def test_remove(nbs: Run, served: Served, home: Path) -> None:
    """Removing a profile removes its secret; one that was in use is no more."""
    log_in(nbs, served, "-p", "one")
    log_in(nbs, served, "-p", "two")
    done = nbs("profile", "remove", "one")

    assert done.code == 0
    assert secret_path(home).name.startswith("two-")
    assert nbs("profile", "list", "-q").out.split() == ["two", "sandbox"]
    assert nbs(*LIST).code == 4
    nbs("profile", "remove", "two")
    assert holding(home, PASSWORD) == []


def test_remove_keeps_the_rest(nbs: Run, two: Path) -> None:
    """The other profile, and its comment, stay as they were."""
    assert nbs("profile", "remove", "prod").code == 0
    assert TWO[TWO.index("[profiles.test]") :] in two.read_text()
    assert "ops@example.go.kr" not in two.read_text()
    assert "profile =" not in two.read_text()


def test_remove_a_broken_one(nbs: Run, two: Path) -> None:
    """A profile whose values cannot be can be removed all the same."""
    two.write_text(TWO.replace("6cdebe3eb0094910bc41f1d42ebe4cb7", "6c de"))

    done = nbs("profile", "remove", "prod")

    assert done.code == 0, done.err
    assert nbs("profile", "list", "-q").out.split() == ["test", "sandbox"]


@pytest.mark.parametrize(("name", "code"), [("gone", 3), ("sandbox", 2)])
def test_remove_what_cannot_be(name: str, code: int, nbs: Run, two: Path) -> None:
    """An unknown profile is exit 3; the sandbox cannot be removed, and nothing suggests to make it."""
    done = nbs("profile", "remove", name)

    assert done.code == code, done.err
    assert "nbs auth login -p sandbox" not in done.err
    assert two.read_text() == TWO


def test_remove_without_keyring(installed: Run, two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the keyring is out of reach the profile stays, for its password may lie there still; it says both."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    two.write_text(TWO.replace('"file"', '"keyring"'))

    done = installed("profile", "remove", "prod")

    assert done.code == 4
    assert "keyring" in done.err
    assert "nbs auth login --store file" not in done.err
    assert two.read_text() == TWO.replace('"file"', '"keyring"')


# what a profile does


WRITES = (
    ("volume", "create", "--size", "1"),
    ("volume", "create", "--size", "1", "--dry-run"),
    ("volume", "delete", "x", "--yes"),
    ("volume", "upload-image", "x", "--image-name", "i"),
    ("snapshot", "create", "x"),
    ("snapshot", "delete", "x", "--yes"),
    ("snapshot", "prune", "--volume", "x", "--keep-last", "1", "--apply"),
    ("snapshot", "rotate", "x", "--keep-last", "1"),
)


@pytest.mark.parametrize("words", WRITES, ids=lambda words: " ".join(words[:2]))
def test_read_only(words: tuple[str, ...], nbs: Run, served: Served) -> None:
    """A read-only profile refuses every write with exit 2 before any request, and says how to let it write."""
    log_in(nbs, served, "-p", "prod")
    nbs("profile", "set", "read_only", "true")

    done = nbs(*words)

    assert done.code == 2
    assert "the profile prod is read-only" in done.err
    assert "nbs profile set read_only false -p prod" in done.err
    assert served.calls == []


def test_every_write_is_known() -> None:
    """The list above has every command of the tree that changes something in the cloud."""
    from nbs_cli.app import tree

    reading = {"list", "show", "wait"}
    root = tree()
    known = set()
    for group in ("types", "volume", "snapshot"):
        known |= {(group, name) for name in root.get_command(None, group).list_commands(None) if name not in reading}

    assert known == {(words[0], words[1]) for words in WRITES}


def test_read_only_reads(nbs: Run, served: Served) -> None:
    """A read-only profile reads, logs in again, and can be let write."""
    log_in(nbs, served)
    nbs("profile", "set", "read_only", "true")
    log_in(nbs, served)

    assert nbs(*LIST).code == 0
    assert nbs("volume", "create", "--size", "1").code == 2
    assert nbs("profile", "set", "read_only", "false").code == 0
    assert nbs("volume", "create", "--size", "1").code == 0


def test_read_only_holds_for_the_profile_alone(nbs: Run, served: Served) -> None:
    """Credentials of the environment come before the profile in use, and so does their right to write."""
    log_in(nbs, served)
    nbs("profile", "set", "read_only", "true")

    assert nbs("volume", "create", "--size", "1", env=served.environ).code == 0
    assert nbs("volume", "create", "--size", "1", "-p", "default", env=served.environ).code == 2


def test_usual_format(nbs: Run, served: Served) -> None:
    """The profile's format counts where neither -o nor NBS_OUTPUT says another."""
    log_in(nbs, served)
    nbs("profile", "set", "output", "json")

    assert nbs("volume", "list").out == "[]\n"
    assert nbs("volume", "list", env={"NBS_OUTPUT": "yaml"}).out == "[]\n"
    assert nbs("volume", "list", "-o", "value").out == ""
    assert nbs("volume", "list", "-o", "csv").out.startswith("id,")


def test_endpoint_of_the_profile(nbs: Run, served: Served) -> None:
    """An endpoint in the profile replaces the catalog's."""
    with trap() as elsewhere:
        log_in(nbs, served)
    nbs("profile", "set", "endpoint", elsewhere)
    done = nbs("auth", "status", "-o", "json")

    assert json.loads(done.out)["endpoint"] == f"{elsewhere}/v2/{TENANT_ID}"
