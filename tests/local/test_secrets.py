"""Kept secrets: how long a token is used, whose it is, and what becomes of a file that is broken or somebody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.access import Access, Credentials
from nbs_cli.errors import Failure, Unauthorized
from nbs_cli.local import folders
from nbs_cli.local.secrets import InFile, Keeper, OfCommand, Secret, account, read_secret
from nbs_cli.sandbox.cloud import OTHER_PASSWORD, OTHER_TENANT_ID, OTHER_USERNAME, PASSWORD, TENANT_ID
from tests.accounts import LIST, altered, change_kept, config_path, holding, log_in, login_words, secret_path, trap
from tests.conftest import NBS, Ran, Served

Run = Callable[..., Ran]
Serve = Callable[..., Served]
LIFE = 43_200.0  # seconds that the sandbox's tokens live
MARGIN = 300.0  # seconds before their end when they are no longer used
CATALOG = ({"type": "volumev2", "endpoints": [{"region": "KR1", "publicURL": "https://x.example/v2/a"}]},)


def access(**changes: Any) -> Access:
    """A token of twelve hours, received now."""
    whole = Access("t", "2026-01-01T12:00:00Z", "2026-01-01T00:00:00.5", "a", CATALOG, time.time())
    return whole._replace(**changes)


@pytest.fixture
def by_command(nbs: Run, served: Served, tmp_path: Path) -> Served:
    """A profile whose password comes from a command, logged in: what heals needs nobody."""
    script = tmp_path / "manager.py"
    script.write_text(f"print({PASSWORD!r})")
    log_in(nbs, served, "--password-command", f"'{sys.executable}' '{script}'", store="command")
    return served


# how long a token is used


@pytest.mark.parametrize(
    ("age", "logins"),
    [
        (0.0, 0),
        (LIFE - MARGIN - 30, 0),
        (LIFE - MARGIN + 5, 1),
        (LIFE + 100, 1),
        (-13 * 3600, 0),
        (13 * 3600, 1),
        (1e12, 1),
    ],
)
def test_reused_until_shortly_before_its_end(age: float, logins: int, nbs: Run, served: Served, home: Path) -> None:
    """A token is used up to five minutes before its end, counted from its receipt; then one login, which is kept."""
    log_in(nbs, served)
    change_kept(secret_path(home), lambda kept: kept.update(received=time.time() - age))

    assert nbs(*LIST).code == 0
    assert len(served.logins()) == logins
    assert nbs(*LIST).code == 0
    assert len(served.logins()) == logins
    assert len(served.asked()) == 2


@pytest.mark.parametrize("hours", [13, -13, 24 * 365 * 10])
def test_wrong_clock(hours: int, nbs: Run, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that differs from the server's by hours or years costs no login: the token's own times count."""
    monkeypatch.setattr(served.cloud, "_now", lambda: time.time() + hours * 3600)
    log_in(nbs, served)

    assert nbs(*LIST).code == 0
    assert nbs(*LIST).code == 0
    assert [call.method for call in served.calls] == ["GET", "GET"]


@pytest.mark.parametrize("life", [30, 600, 3600])
def test_short_lives(life: int, nbs: Run, serve: Serve, home: Path) -> None:
    """A token that lives shorter than usual is used for nine tenths of its life, or to its last five minutes."""
    served = serve(token_life=float(life))
    log_in(nbs, served)
    margin = min(MARGIN, life / 10)
    for age, logins in ((life - margin - 2, 0), (life - margin + 2, 1)):
        change_kept(secret_path(home), partial(dict.update, received=time.time() - age))
        assert nbs("auth", "token").code == 0
        assert len(served.logins()) == logins


ODD: list[Any] = [
    None,
    "",
    "soon",
    "2026-13-45T99:99:99Z",
    0,
    1_900_000_000,
    1e308,
    True,
    [],
    {},
    ["2026"],
    "9" * 5000,
    "\u0000",
]


@pytest.mark.parametrize("key", ["expires", "issued_at"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_odd_times(key: str, value: Any, nbs: Run, serve: Serve, home: Path) -> None:
    """Times that are none: the token works, and is taken for one that lives a minute."""
    served = serve(altered(lambda body: body["access"]["token"].update({key: value})))
    log_in(nbs, served)

    assert nbs(*LIST).code == 0
    assert served.logins() == []
    change_kept(secret_path(home), lambda kept: kept.update(received=time.time() - 61))
    assert nbs(*LIST).code == 0
    assert len(served.logins()) == 1
    status = nbs("auth", "status", "-o", "json")
    assert status.code == 0, status.err


@pytest.mark.parametrize(
    ("expires", "life"),
    [
        ("2026-01-01T01:00:00Z", 3600),
        ("2026-01-01T01:00:00", 3600),
        ("2026-01-01T01:00:00.000000", 3600),
        ("2026-01-01T01:00:00.000000Z", 3600),
        ("2026-01-01T10:00:00+09:00", 3600),
        ("2026-01-01 01:00:00", 3600),
        ("2025-12-31T23:00:00Z", -3600),
    ],
)
def test_ways_to_write_a_time(expires: str, life: float) -> None:
    """With a zone and without, with a fraction and without, with a blank for the T; one that is over is over."""
    kept = access(expires=expires, issued_at="2026-01-01T00:00:00Z", received=1000.0)

    assert kept.life == life
    assert kept.good(1001.0) is (life > 0)


# a token that the server refuses


def test_expired_token_is_renewed_once(nbs: Run, served: Served, home: Path) -> None:
    """A token that the server no longer knows: one login, one request more, and the new one is kept."""
    log_in(nbs, served)
    old = json.loads(secret_path(home).read_text())["access"]["token"]
    served.cloud.expire_tokens()

    assert nbs(*LIST).code == 0
    assert [call.path.rpartition("/")[2] for call in served.calls] == ["detail", "tokens", "detail"]
    assert json.loads(secret_path(home).read_text())["access"]["token"] != old
    served.calls.clear()
    assert nbs(*LIST).code == 0
    assert len(served.calls) == 1


def test_refused_again(nbs: Run, serve: Serve) -> None:
    """A server that refuses the new token too is not asked a third time: exit 4."""

    def refuse(app: Any) -> Any:
        def refusing(environ: dict[str, Any], start_response: Any) -> Any:
            if "/volumes" not in environ["PATH_INFO"]:
                return app(environ, start_response)
            start_response("401 Unauthorized", [("Content-Type", "application/json"), ("Content-Length", "2")])
            return [b"{}"]

        return refusing

    served = serve(refuse)
    log_in(nbs, served)

    assert nbs(*LIST).code == 4
    assert len(served.asked()) == 2
    assert len(served.logins()) == 1


def test_password_changed_since(nbs: Run, served: Served, home: Path) -> None:
    """A password that is no longer right is tried once a command, exit 4 with the causes; the old one stays kept."""
    log_in(nbs, served)
    path = secret_path(home)
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "password": "changed-since"}))
    served.cloud.expire_tokens()

    done = nbs("volume", "list")

    assert done.code == 4
    assert "the three usual causes" in done.err
    assert len(served.logins()) == 1
    assert json.loads(path.read_text())["password"] == "changed-since"


# whose it is


@pytest.mark.parametrize(
    ("key", "value"), [("identity_url", None), ("tenant_id", OTHER_TENANT_ID), ("username", OTHER_USERNAME)]
)
def test_never_for_another(key: str, value: str | None, nbs: Run, served: Served) -> None:
    """A profile that is pointed at another cloud, tenant or user finds no token and no password: exit 4, no request."""
    log_in(nbs, served)
    with trap() as elsewhere:
        assert nbs("profile", "set", key, value or elsewhere).code == 0
        done = nbs("volume", "list")

    assert done.code == 4
    assert "log in" in done.err
    assert served.calls == []


@pytest.mark.parametrize(("key", "value"), [("tenant_id", OTHER_TENANT_ID), ("username", OTHER_USERNAME)])
def test_new_login_for_another(key: str, value: str, nbs: Run, by_command: Served) -> None:
    """Where the password comes from a command there is a new login as the other, with none of the kept token."""
    nbs("profile", "set", key, value)

    assert nbs("volume", "list").code == 4  # the sandbox does not know this pair
    assert [call.path for call in by_command.calls] == ["/v2.0/tokens"]
    assert value.encode() in by_command.calls[0].body


def test_new_login_at_another_cloud(nbs: Run, by_command: Served, serve: Serve) -> None:
    """A profile that is pointed at another cloud logs in there; the old cloud's token does not go there."""
    token = nbs("auth", "token").out.strip()
    other = serve()
    nbs("profile", "set", "identity_url", other.url)

    assert nbs(*LIST).code == 0
    assert [call.path.rpartition("/")[2] for call in other.calls] == ["tokens", "detail"]
    assert token not in str(other.calls)
    assert by_command.calls == []


def test_back_again(nbs: Run, served: Served, home: Path) -> None:
    """A profile that is edited by hand and back again finds its password and token again."""
    log_in(nbs, served)
    path = config_path(home)
    text = path.read_text()
    path.write_text(text.replace('username = "sandbox"', 'username = "other"'))
    assert nbs(*LIST).code == 4
    path.write_text(text)

    assert nbs(*LIST).code == 0
    assert served.logins() == []


@pytest.mark.parametrize("key", ["tenant_id", "username", "identity_url", "store"])
def test_set_leaves_no_old_secret(key: str, nbs: Run, served: Served, home: Path) -> None:
    """`profile set` of what the secret belonged to removes it: nothing would ever find it again."""
    log_in(nbs, served)
    values = {"tenant_id": "a" * 32, "username": "u", "identity_url": "https://x.example", "store": "command"}
    nbs("profile", "set", "password_command", "echo x")

    assert nbs("profile", "set", key, values[key]).code == 0
    assert holding(home, PASSWORD) == []


def test_two_users_never_mix(nbs: Run, installed: Run, served: Served) -> None:
    """Two profiles of one cloud, twelve commands at once: each request has its own tenant's token."""
    log_in(nbs, served, "-p", "one")
    words = login_words(served, "-p", "two", tenant=OTHER_TENANT_ID, user=OTHER_USERNAME)
    assert nbs(*words, stdin=OTHER_PASSWORD).code == 0
    tokens = {name: nbs("auth", "token", "-p", name).out.strip() for name in ("one", "two")}
    served.calls.clear()
    running = [subprocess.Popen([NBS, "-p", name, *LIST], stdout=subprocess.DEVNULL) for name in ("one", "two") * 6]

    assert [process.wait() for process in running] == [0] * 12
    assert len(served.calls) == 12
    for call in served.calls:
        tenant = call.path.split("/")[2]
        assert call.headers["x-auth-token"] == tokens["one" if tenant == TENANT_ID else "two"]


def test_account_of_each() -> None:
    """The item's name differs with the profile, the identity URL, the tenant and the user, and with nothing else."""
    base = Credentials("", "https://a.example", "t", username="u")
    others = [
        base._replace(identity_url="https://b.example"),
        base._replace(tenant_id="t2"),
        base._replace(username="u2"),
        base._replace(tenant_id="t\nu", username=""),
    ]

    names = [account("p", one) for one in [base, *others]] + [account("q", base)]
    assert len(set(names)) == len(names)
    assert account("p", base._replace(region="KR2", endpoint="https://e", password="x", source="y")) == names[0]


# what is broken heals


def kept(**changes: Any) -> bytes:
    """A token file whose access has odd values."""
    usual = {"token": "t", "expires": None, "issued_at": None, "tenant_id": TENANT_ID, "catalog": CATALOG}
    return json.dumps({"password": None, "access": {**usual, "received": 9e9, **changes}}).encode()


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"password":null,"access":{"token":"ab',
    "zeros": bytes(500),
    "no text": b"\xff\xfe\xfd",
    "no object": b"[]",
    "number": b"3",
    "null": b"null",
    "other": b'{"access":3}',
    "no token": kept(token=None),
    "word as catalog": kept(catalog="xyz"),
    "odd catalog": kept(catalog=[1, [], None]),
    "word as time": kept(received="now"),
    "time that is no number": kept(received=float("nan")),
    "times as numbers": kept(expires=1, issued_at=2),
    "two lines": kept(token="t\r\nX: y"),
    "half a letter": kept(token="\ud800"),
    "deep": b'{"access":' + b"[" * 100_000,
    "long number": b'{"access":' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_file_heals(kind: str, nbs: Run, by_command: Served, home: Path) -> None:
    """A token file that is no token file is as good as none: one login, exit 0, and the next command makes none."""
    path = secret_path(home)
    path.write_bytes(BROKEN[kind])

    done = nbs(*LIST)

    assert done.code == 0, done.err
    assert len(by_command.logins()) == 1
    assert nbs(*LIST).code == 0
    assert len(by_command.logins()) == 1


@pytest.mark.parametrize("kind", ["empty", "cut", "no text", "no object", "deep"])
def test_broken_password_file(kind: str, nbs: Run, served: Served, home: Path) -> None:
    """Where the password lay in the broken file nobody but a person can help: exit 4, and the next step mends it."""
    log_in(nbs, served)
    secret_path(home).write_bytes(BROKEN[kind])

    done = nbs("volume", "list")

    assert done.code == 4
    assert "nbs auth login" in done.err
    assert served.calls == []
    log_in(nbs, served)
    assert nbs(*LIST).code == 0


def test_cut_anywhere(nbs: Run, by_command: Served, home: Path) -> None:
    """A token file that is cut after any of its bytes heals."""
    path = secret_path(home)
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole[:length])
        assert nbs(*LIST).code == 0


def test_flipped_bytes(nbs: Run, by_command: Served, home: Path) -> None:
    """One changed byte anywhere: the command works, or says in words what does not; a new login mends it."""
    path = secret_path(home)
    whole = path.read_bytes()
    codes: dict[int, int] = {}
    for number in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:number] + bytes([whole[number] ^ 0x15]) + whole[number + 1 :])
        done = nbs(*LIST)
        codes[done.code] = codes.get(done.code, 0) + 1
        assert "a mistake in nbs" not in done.err, whole[:number]
    print(f"changed bytes: exit codes {codes}")
    path.write_bytes(whole)
    assert nbs(*LIST).code == 0
    assert codes.get(0, 0) > sum(codes.values()) * 2 // 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEPT = st.fixed_dictionaries(
    {},
    optional={
        "password": JSON,
        "access": st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(("token", "expires", "issued_at", "tenant_id", "catalog", "received"), JSON),
        )
        | JSON,
    },
)


@settings(max_examples=300, deadline=None)
@given(content=KEPT | JSON)
def test_any_json(content: Any) -> None:
    """Whatever JSON is kept: what is read of it has the right kinds, so that nothing later stumbles."""
    secret = read_secret(json.dumps(content))

    assert secret.password is None or isinstance(secret.password, str)
    if secret.access is not None:
        secret.access.good(time.time())
        secret.access.endpoints("volumev2")
        assert isinstance(secret.access.token, str)
        assert read_secret(secret._replace(access=secret.access.trimmed()).text()).access is not None


@given(text=st.text() | st.none())
def test_any_text(text: str | None) -> None:
    """Text that is no JSON is an empty secret."""
    assert isinstance(read_secret(text), Secret)


@pytest.mark.parametrize("password", [None, "", "한국 \"'\\ \u2028", "x" * 5000])
def test_round_trip(password: str | None) -> None:
    """What is kept is read back the same, without white space between."""
    secret = Secret(password, access())

    assert read_secret(secret.text()) == secret
    assert read_secret(Secret(password).text()) == Secret(password)
    assert '": ' not in secret.text()


# whose file it is


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_file_that_others_can_open(mode: int, nbs: Run, served: Served, home: Path) -> None:
    """A file with the password that others could read or write is not used, and one login mends it."""
    log_in(nbs, served)
    secret_path(home).chmod(mode)

    done = nbs("volume", "list")

    assert done.code == 4
    assert str(secret_path(home)) in done.err
    assert "others" in done.err
    assert served.calls == []
    log_in(nbs, served)
    assert nbs(*LIST).code == 0


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_token_file_that_others_can_open(mode: int, nbs: Run, by_command: Served, home: Path) -> None:
    """A file with a token alone is not used either, but heals: a new login writes a private one."""
    secret_path(home).chmod(mode)

    done = nbs(*LIST)

    assert done.code == 0, done.err
    assert len(by_command.logins()) == 1
    assert secret_path(home).stat().st_mode & 0o777 == 0o600


def test_file_that_is_a_link(nbs: Run, served: Served, home: Path, tmp_path: Path) -> None:
    """A link in the file's place is not followed, and a login replaces it and leaves what it led to alone."""
    log_in(nbs, served)
    elsewhere = tmp_path / "planted"
    secret_path(home).rename(elsewhere)
    before = elsewhere.read_text()
    path = home / ".local/state/nbs/secrets" / folders.secret_file("x").name
    path = path.with_name(next(iter([account("default", _credentials(served))])) + ".json")
    path.symlink_to(elsewhere)

    assert nbs("volume", "list").code == 4
    assert served.calls == []
    log_in(nbs, served)
    assert elsewhere.read_text() == before
    assert not path.is_symlink()


def _credentials(served: Served) -> Credentials:
    return Credentials("", served.url, TENANT_ID, username="sandbox")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_file_of_another_user(nbs: Run, served: Served, home: Path) -> None:
    """A file that belongs to somebody else is not used: they could have put their own token there."""
    log_in(nbs, served)
    os.chown(secret_path(home), 54_321, 54_321)

    done = nbs("volume", "list")

    assert done.code == 4
    assert "not yours" in done.err
    assert served.calls == []


# what cannot be kept


@pytest.mark.parametrize("store", ["file", "command"])
def test_token_that_cannot_be_kept(store: str, nbs: Run, served: Served, tmp_path: Path, home: Path) -> None:
    """A full disk keeps the new token from being kept, not the command from being done: exit 0 and a warning."""
    script = tmp_path / "manager.py"
    script.write_text(f"print({PASSWORD!r})")
    more = () if store == "file" else ("--password-command", f"'{sys.executable}' '{script}'")
    log_in(nbs, served, *more, store=store)
    served.cloud.expire_tokens()
    before = secret_path(home).read_bytes()
    words = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        f"from nbs_cli.__main__ import main\nsys.exit(main({list(LIST)!r}))"
    )

    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert "cannot be written" in done.stderr
    assert secret_path(home).read_bytes() == before


def test_command_is_gone(nbs: Run, served: Served, home: Path) -> None:
    """A profile with `store = "command"` and no command says so: exit 2 or 4, never a traceback."""
    log_in(nbs, served)
    path = config_path(home)
    path.write_text(path.read_text().replace('store = "file"', 'store = "command"'))
    for file in (home / ".local/state/nbs/secrets").iterdir():
        file.unlink()

    for words in (("volume", "list"), ("auth", "status"), ("auth", "logout")):
        done = nbs(*words)
        assert "a mistake in nbs" not in done.err, words
        assert "``" not in done.err, words
    assert nbs("volume", "list").code in {2, 4}


# one at a time


class Memory:
    """A place in memory that counts what is asked of it."""

    def __init__(self, secret: Secret) -> None:
        self.secret = secret
        self.written = 0

    def read(self) -> Secret:
        """What is kept."""
        return self.secret

    def write(self, secret: Secret) -> None:
        """Keep it."""
        self.secret = secret
        self.written += 1

    def remove(self) -> bool:
        """Forget it."""
        self.secret = Secret()
        return True

    def place(self) -> str:
        """Where."""
        return "memory"


def test_one_login_for_all() -> None:
    """Twenty threads with one cold profile: one logs in, the others take what it kept."""
    place = Memory(Secret("pw"))
    passwords: list[str] = []

    def log_in_slowly(password: str) -> Access:
        passwords.append(password)
        time.sleep(0.05)
        return access(token="new")

    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(_keeper(place).enter(log_in_slowly).token))
        for _number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert passwords == ["pw"]
    assert found == ["new"] * 20
    assert place.written == 1


def _keeper(place: Any) -> Keeper:
    return Keeper(place, "memory-1", "memory")


def test_refused_token_is_not_given_again() -> None:
    """The token that the server refused is not given again; one that somebody else has renewed meanwhile is."""
    place = Memory(Secret("pw", access(token="old")))

    assert _keeper(place).enter(lambda _password: access(token="new"), "old").token == "new"
    assert _keeper(place).enter(lambda _password: access(token="newer"), "old").token == "new"


def test_failed_login_keeps_nothing() -> None:
    """A login that fails goes on as its failure, and what is kept stays; the lock is free again."""
    place = Memory(Secret("pw"))

    def fail(_password: str) -> Access:
        raise Unauthorized("no")

    with pytest.raises(Unauthorized):
        _keeper(place).enter(fail)
    assert (place.secret, place.written) == (Secret("pw"), 0)
    assert _keeper(place).enter(lambda _password: access()).token == "t"


def test_trimmed() -> None:
    """Of the catalog the services that nbs uses are kept: a token's answer may be long, a keyring's item short."""
    services = ({"type": "compute", "endpoints": [{"region": "KR1", "publicURL": "https://y"}] * 100}, *CATALOG)
    kept = access(catalog=services).trimmed()

    assert [entry["type"] for entry in kept.catalog] == ["volumev2"]
    assert len(Secret("pw", kept).text()) < 400


# the places themselves


def test_file_place(home: Path) -> None:
    """A file is written, read, named and removed."""
    place = InFile("prod-1", "prod")
    assert place.read() == Secret()
    assert place.remove() is False
    place.write(Secret("pw", access()))
    assert place.read().password == "pw"
    assert place.place() == "the file ~/.local/state/nbs/secrets/prod-1.json, in plain text"
    assert place.remove() is True
    assert place.read() == Secret()


def test_command_place(home: Path) -> None:
    """A command's place keeps the token and never a password, and names the command."""
    place = OfCommand("prod-1", "prod", (sys.executable, "-c", "print('pw '); print('more')"))
    place.write(Secret("never", access()))

    assert place.read() == Secret(None, place.read().access)
    assert place.password() == "pw "
    assert sys.executable in place.place()


def test_command_sees_the_terminal(home: Path) -> None:
    """A password manager may ask: its questions are not swallowed, and it reads what is typed."""
    place = OfCommand(
        "p", "p", (sys.executable, "-c", "import sys; print('?', file=sys.stderr); print(sys.stdin.isatty())")
    )

    assert place.password() in {"True", "False"}


@pytest.mark.parametrize("text", ["", "{}", "[]"])
def test_odd_secret_of_a_place(text: str, home: Path) -> None:
    """An odd file is an empty secret, not a failure."""
    place = InFile("p", "p")
    place.write(Secret("x"))
    folders.secret_file("p").write_text(text)

    assert place.read() == Secret()


def test_folder_in_its_place(home: Path) -> None:
    """A folder where the file should be is a sentence."""
    folders.secret_file("p").mkdir(parents=True, mode=0o700)

    with pytest.raises(Failure):
        InFile("p", "p").write(Secret("x"))
