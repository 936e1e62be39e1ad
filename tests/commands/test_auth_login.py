"""Logging in and out: what is asked, tried, kept and said, and what is not when something is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from nbs_cli.commands.particulars import STATUS
from nbs_cli.local import secrets
from nbs_cli.sandbox.cloud import (
    OBJECT_STORAGE_TENANT_ID,
    OTHER_PASSWORD,
    OTHER_TENANT_ID,
    OTHER_USERNAME,
    PASSWORD,
    TENANT_ID,
    USERNAME,
)
from tests.accounts import CANARY, LIST, altered, change_kept, config_path, holding, log_in, login_words, secret_path
from tests.accounts import trap as no_calls
from tests.conftest import NBS, Ran, Served

Run = Callable[..., Ran]
CAUSES = ("the three usual causes", "1. the API password", "2. the user name", "3. the tenant ID")


def nothing_kept(home: Path) -> bool:
    """Whether neither a profile nor a secret was saved."""
    return not config_path(home).exists() and not (home / ".local/state/nbs/secrets").exists()


# what a login keeps


def test_login_is_kept(nbs: Run, served: Served, home: Path) -> None:
    """After a login the next command makes one request and no login, and the profile `default` is in use."""
    done = log_in(nbs, served)

    assert done.out == ""
    assert f"logged in as {USERNAME}, tenant {TENANT_ID}, region KR1" in done.err
    assert "in plain text" in done.err
    assert str(secret_path(home)).replace(str(home), "~") in done.err
    assert nbs(*LIST).code == 0
    assert [(call.method, call.path) for call in served.calls] == [("GET", f"/v2/{TENANT_ID}/volumes/detail")]
    assert 'profile = "default"' in config_path(home).read_text()


def test_login_is_kept_without_debris(nbs: Run, served: Served, home: Path) -> None:
    """The password lies in the secret's file and nowhere else; the config has the profile, and none of the secrets."""
    log_in(nbs, served)

    assert holding(home, PASSWORD) == [secret_path(home)]
    assert config_path(home).read_text() == (
        'profile = "default"\n\n[profiles.default]\nregion = "KR1"\n'
        f'tenant_id = "{TENANT_ID}"\nusername = "{USERNAME}"\n'
        f'identity_url = "{served.url}"\nstore = "file"\n'
    )


def test_login_asks_the_server_once(nbs: Run, served: Served) -> None:
    """A login is one POST /v2.0/tokens and nothing else."""
    assert nbs(*login_words(served), stdin=PASSWORD).code == 0
    assert [(call.method, call.path) for call in served.calls] == [("POST", "/v2.0/tokens")]


@pytest.mark.parametrize("url", ["{}", "{}/", "{}/v2.0", "{}/v2.0/"])
def test_identity_url_with_and_without_version(url: str, nbs: Run, served: Served) -> None:
    """The identity URL is taken as the console shows it and as an openrc has it."""
    words = login_words(served)
    words[words.index(served.url)] = url.format(served.url)

    assert nbs(*words, stdin=PASSWORD).code == 0
    assert [call.path for call in served.calls] == ["/v2.0/tokens"]


@pytest.mark.parametrize("typed", ["kr2", "KR2", "Kr2"])
def test_region_as_the_catalog_writes_it(typed: str, nbs: Run, served: Served, home: Path) -> None:
    """The region is taken in any case and kept as the service catalog writes it."""
    log_in(nbs, served, "--region", typed)

    assert 'region = "KR2"' in config_path(home).read_text()
    assert nbs(*LIST).code == 0
    assert served.asked()[0].path.startswith("/kr2/v2/")


def test_named_profile_does_not_take_over(nbs: Run, served: Served, home: Path) -> None:
    """`-p other` makes a second profile and leaves the one in use in use; the first one ever is put in use."""
    log_in(nbs, served, "-p", "first")
    log_in(nbs, served, "-p", "second")

    assert 'profile = "first"' in config_path(home).read_text()
    assert nbs("profile", "list", "-q").out.split() == ["first", "second", "sandbox"]


def test_login_again_needs_only_the_password(nbs: Run, served: Served, home: Path) -> None:
    """What the profile knows is not asked again: a changed password is one line on standard input."""
    log_in(nbs, served)
    before = config_path(home).read_text()

    assert nbs("auth", "login", "--password-stdin", stdin=PASSWORD + "\n").code == 0
    assert config_path(home).read_text() == before


def test_login_again_keeps_what_people_set(nbs: Run, served: Served, home: Path) -> None:
    """A new login keeps the profile's other values, its comments and its place."""
    log_in(nbs, served)
    nbs("profile", "set", "read_only", "true")
    path = config_path(home)
    path.write_text("# ours\n" + path.read_text() + "# the end\n")

    log_in(nbs, served)

    assert path.read_text().startswith("# ours\n")
    assert "read_only = true" in path.read_text()
    assert "# the end\n" in path.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("--store", "command", "--password-command", f"{sys.executable} -c 'print(\"{PASSWORD}\")'"),
        ("--username", OTHER_USERNAME, "--tenant-id", OTHER_TENANT_ID),
    ],
    ids=["another store", "another user"],
)
def test_login_again_leaves_no_old_secret(words: tuple[str, ...], nbs: Run, served: Served, home: Path) -> None:
    """One item a profile: a login that keeps its secret elsewhere takes the old one, password and all, away."""
    log_in(nbs, served)
    old = secret_path(home)

    done = nbs("auth", "login", "--password-stdin", *words, stdin=OTHER_PASSWORD if "--username" in words else "")

    assert done.code == 0, done.err
    assert PASSWORD not in "".join(path.read_text() for path in old.parent.iterdir())


def test_realm_replaces_identity_url(nbs: Run, served: Served) -> None:
    """`--realm` on a profile with an identity URL of its own is not passed over: the password goes to the realm."""
    log_in(nbs, served)
    with no_calls() as closed:
        port = int(closed.rpartition(":")[2])
    nowhere = f"http://127.0.0.1:{port}"

    done = nbs("auth", "login", "--realm", "public", "--password-stdin", stdin="x-1\n", env={"HTTPS_PROXY": nowhere})

    assert served.calls == []
    assert done.code in {2, 9}, done.err


# nothing is kept when something is wrong


@pytest.mark.parametrize("output", ["table", "json"])
def test_wrong_password(output: str, nbs: Run, served: Served, home: Path) -> None:
    """A wrong password is tried once, exits 4, tells the three usual causes, and nothing is kept."""
    done = nbs(*login_words(served), "-o", output, stdin="wrong-password\n")

    assert done.code == 4
    assert done.out == ""
    told = done.err if output == "table" else json.loads(done.err)["error"]["hint"]
    assert all(cause in told for cause in CAUSES)
    assert "wrong-password" not in done.err
    assert len(served.calls) == 1
    assert nothing_kept(home)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--region", "KR9"), 3, ("there is no region KR9", "the regions are KR1, KR2")),
        (("--tenant-id", OTHER_TENANT_ID), 4, CAUSES),
        (("--tenant-id", OBJECT_STORAGE_TENANT_ID), 4, ("no block storage", "Object Storage")),
        (("--tenant-id", "../x"), 2, ("'../x' is no tenant ID", "32 hexadecimal digits")),
        (("--realm", "gvo"), 2, ("realm cannot be 'gvo'", "did you mean gov?")),
        (("--store", "cloud"), 2, ("store cannot be 'cloud'", "keyring, file, command")),
        (("--store", "command"), 2, ("the command is missing", "--password-command")),
        (("--store", "command", "--password-command", "pass 'nhn"), 2, ("--password-command", "quotation")),
        (("-p", "sandbox"), 2, ("`sandbox` is kept for the sandbox",)),
        (("-p", "a/b"), 2, ("'a/b' is no name for a profile",)),
        (("-p", "../../x"), 2, ("is no name for a profile",)),
        (("--identity-url", "nonsense"), 2, ("nonsense",)),
        (("--endpoint", "http://127.0.0.1:1/v2/" + OTHER_TENANT_ID), 2, ("the endpoint is of tenant",)),
    ],
)
def test_refused(
    words: tuple[str, ...], code: int, told: tuple[str, ...], nbs: Run, served: Served, home: Path
) -> None:
    """What cannot be is refused with the next step, and nothing is kept."""
    done = nbs(*login_words(served), *words, stdin=PASSWORD)

    assert done.code == code, done.err
    assert all(text in done.err for text in told), done.err
    assert nothing_kept(home)


def test_region_is_missing(nbs: Run, served: Served, home: Path) -> None:
    """Where the catalog offers several regions and nobody is there to ask, the choice is named and nothing kept."""
    words = login_words(served)
    del words[words.index("--region") : words.index("--region") + 2]

    done = nbs(*words, stdin=PASSWORD)

    assert done.code == 2
    assert "KR1, KR2" in done.err
    assert nothing_kept(home)


def test_server_is_away(nbs: Run, served: Served, home: Path) -> None:
    """A server that is not there is exit 9, and nothing is kept."""
    with no_calls() as closed:
        pass
    words = login_words(served)
    words[words.index(served.url)] = closed

    done = nbs(*words, stdin=PASSWORD)

    assert done.code == 9, done.err
    assert nothing_kept(home)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.clear(),
        lambda body: body["access"].pop("token"),
        lambda body: body["access"]["token"].update(id=None),
        lambda body: body["access"]["token"].update(id="a\r\nX-Evil: 1"),
        lambda body: body["access"].update(serviceCatalog=None),
        lambda body: body["access"].update(serviceCatalog="nonsense"),
        lambda body: body["access"]["token"].update(tenant=[]),
    ],
)
def test_odd_answers(change: Any, nbs: Run, serve: Callable[..., Served], home: Path) -> None:
    """An identity service that answers nonsense gets a sentence, never a traceback, and nothing is kept."""
    done = nbs(*login_words(serve(altered(change))), stdin=PASSWORD)

    assert done.code in {1, 4}
    assert "a mistake in nbs" not in done.err
    assert nothing_kept(home)


@pytest.mark.parametrize("place", ["folder", "file"])
def test_config_cannot_be_written(place: str, nbs: Run, served: Served, home: Path) -> None:
    """A login whose profile cannot be written says which file, and leaves no secret behind that nothing leads to."""
    (home / "blocked").touch()
    named = "blocked/config.toml" if place == "file" else "."

    done = nbs(*login_words(served), stdin=PASSWORD, env={"NBS_CONFIG_FILE": str(home / named)})

    assert done.code in {1, 2}
    assert str(home / named).rstrip("/.") in done.err
    assert nothing_kept(home)


# how the password comes


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nsecond line\n"])
def test_password_by_stdin(end: str, nbs: Run, served: Served) -> None:
    """The first line of standard input is the password, whatever ends it."""
    assert nbs(*login_words(served), stdin=PASSWORD + end).code == 0


@pytest.mark.parametrize("text", ["", "\n", "\r\n"])
def test_empty_stdin(text: str, nbs: Run, served: Served, home: Path) -> None:
    """An empty standard input is exit 2, and nothing is asked of the server."""
    done = nbs(*login_words(served), stdin=text)

    assert done.code == 2
    assert "standard input holds no password" in done.err
    assert served.calls == []
    assert nothing_kept(home)


def test_password_that_cannot_be_sent(nbs: Run, served: Served) -> None:
    """A password with a control character in it is refused here, and is not shown."""
    done = nbs(*login_words(served), stdin="pass\x00word-secret\n")

    assert done.code == 2
    assert "word-secret" not in done.err
    assert served.calls == []


@pytest.mark.parametrize("missing", ["--tenant-id", "--username", "--password-stdin"])
def test_nobody_is_there(missing: str, nbs: Run, served: Served, home: Path) -> None:
    """Without a terminal nothing is asked: what is missing is named with its option, exit 2."""
    words = login_words(served)
    del words[words.index(missing) : words.index(missing) + (1 if missing == "--password-stdin" else 2)]

    done = nbs(*words)

    assert done.code == 2
    assert missing in done.err
    assert served.calls == []
    assert nothing_kept(home)


def test_no_option_takes_a_password(nbs: Run) -> None:
    """There is no `--password VALUE`: it would stand in the process list and in the shell's history."""
    done = nbs("auth", "login", "--password", "secret-value")

    assert done.code == 2
    assert "secret-value" not in done.err


def manager(tmp_path: Path, words: str) -> str:
    """The command line of a password manager that runs the Python *words*."""
    script = tmp_path / "manager.py"
    script.write_text(words)
    return f"'{sys.executable}' '{script}'"


def test_password_by_command(nbs: Run, served: Served, tmp_path: Path, home: Path) -> None:
    """A command's first line is the password; the token is kept, the password is not, and it is asked for again."""
    line = manager(
        tmp_path, f"open({str(tmp_path / 'runs')!r}, 'a').write('x')\nprint({PASSWORD!r})\nprint('login: me')\n"
    )

    done = nbs(*login_words(served, store="command"), "--password-command", line)

    assert done.code == 0, done.err
    assert (tmp_path / "runs").read_text() == "x"
    assert holding(home, PASSWORD) == []
    assert nbs(*LIST).code == 0
    assert (tmp_path / "runs").read_text() == "x"
    served.cloud.expire_tokens()
    assert nbs(*LIST).code == 0
    assert (tmp_path / "runs").read_text() == "xx"
    assert len(served.logins()) == 2


def test_password_command_has_no_shell(nbs: Run, served: Served, home: Path) -> None:
    """The command is an array: what a shell would obey is an argument."""
    done = nbs(*login_words(served, store="command"), "--password-command", f"echo {PASSWORD}; touch $HOME/evil")

    assert done.code == 4
    assert not (home / "evil").exists()
    assert "touch" not in served.calls[0].path
    assert len(served.calls) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("raise SystemExit(3)", "status 3"),
        ("pass", "printed nothing"),
        ("print()", "printed nothing"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", "the password command"),
        (None, "no-such-manager"),
    ],
)
def test_password_command_fails(
    words: str | None, told: str, nbs: Run, served: Served, tmp_path: Path, home: Path
) -> None:
    """A command that fails is named with how it failed; exit 4, nothing asked, nothing kept."""
    line = "no-such-manager show nhn" if words is None else manager(tmp_path, words)

    done = nbs(*login_words(served, store="command"), "--password-command", line)

    assert done.code == 4
    assert told in done.err
    assert "[Errno" not in done.err
    assert "Command '['" not in done.err
    assert served.calls == []
    assert nothing_kept(home)


def test_password_command_hangs(
    nbs: Run, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """A command that never ends is given up."""
    monkeypatch.setattr(secrets, "_COMMAND_LIMIT", 0.3)
    done = nbs(
        *login_words(served, store="command"), "--password-command", manager(tmp_path, "import time; time.sleep(60)")
    )

    assert done.code == 4
    assert nothing_kept(home)


# a person at a terminal


@contextmanager
def terminal(command: str, env: dict[str, str] | None = None) -> Iterator[Any]:
    """A shell on a terminal of 80 columns that runs *command*, then says its exit code and the terminal's state."""
    child = pexpect.spawn(
        "/bin/bash",
        ["--norc", "-c", f"trap : INT; {NBS} {command}; echo code=$?; stty -a"],
        env={**os.environ, "TERM": "xterm", **(env or {})},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=20,
    )
    try:
        yield child
    finally:
        child.close(force=True)


def lines(text: str) -> list[str]:
    """What stood on the terminal, without colours."""
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", text).replace("\r", "").split("\n")


def test_prompts(served: Served, home: Path) -> None:
    """Everything is asked for in turn, after the notes that say where in the console the values are; 80 columns do."""
    shown = []
    with terminal(f"auth login --identity-url {served.url} --store file") as child:
        for prompt, answer in (
            (r"Tenant ID: ", TENANT_ID),
            (r"Account \(e-mail address or IAM account\): ", USERNAME),
            (r"API password: ", PASSWORD),
            (r"Region \(KR1, KR2\) \[KR1\]: ", "KR2"),
        ):
            child.expect(prompt)
            shown.append(child.before + child.after)
            child.sendline(answer)
        child.expect(r"code=(\d+)")
        shown.append(child.before)
        code = child.match[1]

    whole = "".join(shown)
    assert code == "0"
    assert "Compute > Instance > API endpoint settings" in shown[0]
    assert "it is not the password of the console" in shown[0]
    assert PASSWORD not in whole
    assert f"logged in as {USERNAME}" in " ".join(lines(whole))
    assert 'region = "KR2"' in config_path(home).read_text()
    assert [line for line in lines("".join(shown[:-1])) if len(line) > 80] == []


def test_realm_is_asked_for(home: Path) -> None:
    """A first login asks for the realm, names them all and has a usual one; what is no realm is refused at once."""
    with terminal("auth login --store file") as child:
        child.expect(r"Realm \(gov, public.*\) \[gov\]: ")
        child.sendline("moon")
        child.expect(r"code=(\d+)")
        assert child.match[1] == "2"
        assert "gov, public" in child.before
    assert nothing_kept(home)


@pytest.mark.parametrize(
    ("key", "code"), [("\x03", "130"), ("\x04", "2"), ("\r", "2")], ids=["Ctrl-C", "Ctrl-D", "Enter"]
)
def test_password_prompt_is_left(key: str, code: str, served: Served, home: Path) -> None:
    """Ctrl-C at the password is 130, an empty answer and the input's end are 2; the terminal shows letters again."""
    words = " ".join(word for word in login_words(served) if word != "--password-stdin")
    with terminal(words) as child:
        child.expect("API password: ")
        child.send(key)
        child.expect(r"code=(\d+)")
        ended = child.match[1]
        said = child.before
        child.expect(r"[ ;](-?)echo\b")
        echo = child.match[1]

    assert ended == code, said
    assert ("interrupted" if key == "\x03" else "nbs: nothing was answered") in lines(said)
    assert "a mistake in nbs" not in said
    assert "Traceback" not in said
    assert echo == ""
    assert served.calls == []
    assert nothing_kept(home)


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_other_prompts_are_left(key: str, served: Served, home: Path) -> None:
    """Ctrl-C and Ctrl-D at an ordinary question end the login too; nothing was asked of a server, so none goes on."""
    with terminal(f"auth login --identity-url {served.url} --store file") as child:
        child.expect("Tenant ID: ")
        child.send(key)
        child.expect(r"code=(\d+)")
        assert child.match[1] == {"\x03": "130", "\x04": "2"}[key]
        said = [line for line in lines(child.before) if line]
        assert ("interrupted" in said) == (key == "\x03")
        assert "goes on there" not in child.before
    assert nothing_kept(home)


def test_wrong_password_at_a_terminal(served: Served, home: Path) -> None:
    """The causes of a refused login fit into 80 columns, and the password is not on the screen."""
    words = " ".join(word for word in login_words(served) if word != "--password-stdin")
    with terminal(words) as child:
        child.expect("API password: ")
        child.sendline("not-the-password")
        child.expect(r"code=(\d+)")
        assert child.match[1] == "4"
        said = child.before

    assert "not-the-password" not in said
    assert all(any(cause in line for line in lines(said)) for cause in CAUSES)
    assert [line for line in lines(said) if len(line) > 80] == []


def test_ci_is_not_asked(served: Served) -> None:
    """With CI set nothing is asked, even on a terminal."""
    with terminal(f"auth login --identity-url {served.url} --store file", {"CI": "1"}) as child:
        child.expect(r"code=(\d+)")
        assert child.match[1] == "2"
        assert "--tenant-id is missing" in child.before


# a machine without a keyring


@pytest.fixture
def headless(installed: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on a machine with neither D-Bus nor a run-time folder."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return installed


def test_no_keyring(headless: Run, served: Served, home: Path) -> None:
    """Without a keyring a login ends with 4 before anything is asked, and names the four ways on, once each."""
    begun = time.monotonic()
    done = headless(*login_words(served, store=None), stdin=PASSWORD)
    took = time.monotonic() - begun

    print(f"no keyring: {took:.2f} s")
    assert done.code == 4
    assert "no keyring" in done.err
    for way in ("--store file", "--store command", "NBS_PASSWORD_FILE", "NBS_TOKEN"):
        assert done.err.count(way) == 1
    assert "keyrings.alt" not in done.err
    assert served.calls == []
    assert nothing_kept(home)
    assert holding(home, PASSWORD) == []
    assert took < 1.0 + 2


def test_no_keyring_at_a_terminal(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is told before the first question."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    with terminal("auth login") as child:
        child.expect(r"code=(\d+)")
        assert child.match[1] == "4"
        assert "Realm" not in child.before
        assert "Tenant ID" not in child.before
        assert [line for line in lines(child.before) if len(line) > 80] == []


def test_no_keyring_is_nobodys_business(headless: Run, served: Served) -> None:
    """With credentials of the environment, and with `--store file`, a missing keyring is not mentioned."""
    assert headless(*LIST, env=served.environ).err == ""
    assert "keyring" not in headless(*login_words(served), stdin=PASSWORD).err
    assert headless(*LIST).err == ""


@pytest.mark.parametrize("store", ["file", "command"])
def test_keyring_is_not_even_loaded(store: str, served: Served, nbs: Run, tmp_path: Path) -> None:
    """A profile whose secret is not in a keyring never loads the library: that costs as much as a request."""
    more = () if store == "file" else ("--password-command", manager(tmp_path, f"print({PASSWORD!r})"))
    log_in(nbs, served, *more, store=store)

    done = subprocess.run(
        [sys.executable, "-X", "importtime", NBS, *LIST], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "[]\n"
    assert re.search(r"\| +keyring\b", done.stderr) is None


# a file


def test_file_is_private_from_birth(installed: Run, served: Served, home: Path) -> None:
    """Under umask 000 the files are 0600 and every folder that is made on the way is 0700."""
    before = os.umask(0)
    try:
        log_in(installed, served)
    finally:
        os.umask(before)

    assert stat.S_IMODE(secret_path(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(config_path(home).stat().st_mode) == 0o600
    folders = [path for path in home.rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*") if path.is_file()} == {0o600}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_file_has_no_window(served: Served, home: Path, tmp_path: Path) -> None:
    """No file is ever open to others, not even for a moment: every one is made with 0600, exclusively, or is a lock."""
    log = tmp_path / "strace"
    words = ["strace", "-f", "-e", "trace=open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat", "-o", str(log)]
    before = os.umask(0)
    try:
        done = subprocess.run(
            [*words, NBS, *login_words(served)], input=PASSWORD, capture_output=True, text=True, check=False
        )
    finally:
        os.umask(before)
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")

    assert done.returncode == 0, done.stderr
    seen = [line for line in log.read_text().splitlines() if str(home) in line]
    made = [line for line in seen if "O_CREAT" in line or "creat(" in line]
    assert made
    assert [line for line in made if "0600" not in line] == []
    assert [line for line in made if "O_EXCL" not in line and ".lock" not in line] == []
    assert [line for line in seen if "mkdir" in line and "0700" not in line] == []
    assert [line for line in seen if "chmod" in line] == []


# status, token, logout


def test_status(nbs: Run, served: Served, home: Path) -> None:
    """Status says who, from where, where the secret lies, when the token ends and which regions there are, offline."""
    log_in(nbs, served)
    done = nbs("auth", "status", "-o", "json")

    assert served.calls == []
    record = json.loads(done.out)
    assert list(record) == [field.wire for field in STATUS.fields]
    assert {**record, "token_expires": "", "secret": ""} == {
        "source": "the profile default",
        "profile": "default",
        "realm": None,
        "identity_url": served.url,
        "tenant_id": TENANT_ID,
        "username": USERNAME,
        "region": "KR1",
        "region_from": "the profile default",
        "secret": "",
        "token_expires": "",
        "regions": ["KR1", "KR2"],
        "endpoint": f"{served.url}/v2/{TENANT_ID}",
        "online": None,
    }
    assert "in plain text" in record["secret"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["token_expires"])
    token = json.loads(secret_path(home).read_text())["access"]["token"]
    assert PASSWORD not in done.out + done.err
    assert token not in done.out + done.err


@pytest.mark.parametrize("what", ["expired", "never logged in", "logged out"])
def test_status_offline_asks_nobody(what: str, nbs: Run, served: Served, home: Path) -> None:
    """Without --online status makes no request, whatever is kept: an old token, or nothing."""
    log_in(nbs, served)
    if what == "expired":
        change_kept(secret_path(home), lambda access: access.update(received=0.0))
    if what == "never logged in":
        kept = json.loads(secret_path(home).read_text())
        secret_path(home).write_text(json.dumps({**kept, "access": None}))
    if what == "logged out":
        nbs("auth", "logout")

    done = nbs("auth", "status", "-o", "json")

    assert done.code == 0, done.err
    assert json.loads(done.out)["username"] == USERNAME
    assert served.calls == []


def test_status_online(nbs: Run, served: Served) -> None:
    """--online tries the credentials with one request, and says that they work."""
    log_in(nbs, served)
    done = nbs("auth", "status", "--online", "-o", "json")

    assert json.loads(done.out)["online"] is True
    assert len(served.asked("GET")) == len(served.calls) == 1


def test_status_online_refused(nbs: Run, served: Served, home: Path) -> None:
    """Credentials that do not work are exit 4 with --online, and nothing but the error is said."""
    log_in(nbs, served)
    kept = json.loads(secret_path(home).read_text())
    secret_path(home).write_text(json.dumps({"password": "changed-since", "access": kept["access"]}))
    served.cloud.expire_tokens()

    done = nbs("auth", "status", "--online")

    assert done.code == 4
    assert "1. the API password" in done.err
    assert len(served.logins()) == 1
    assert "changed-since" not in done.out + done.err


def test_status_of_the_environment(nbs: Run, served: Served) -> None:
    """Status names the variable where the credentials come from, and that they lie nowhere."""
    record = json.loads(nbs("auth", "status", "-o", "json", env=served.environ).out)

    assert record["source"] == "the environment (NBS_USERNAME)"
    assert record["profile"] is None
    assert record["secret"] == "nowhere: it is in the environment"
    assert served.calls == []


def test_status_of_the_sandbox(nbs: Run) -> None:
    """The sandbox needs no login and says so."""
    record = json.loads(nbs("-p", "sandbox", "auth", "status", "-o", "json").out)

    assert record["profile"] == "sandbox"
    assert record["secret"] == "nowhere: the sandbox needs none"


def test_region_of_the_option(nbs: Run, served: Served) -> None:
    """Status says where the region comes from when it is typed."""
    log_in(nbs, served)
    record = json.loads(nbs("auth", "status", "--region", "kr2", "-o", "json").out)

    assert record["region_from"] == "the option --region"
    assert record["endpoint"] == f"{served.url}/kr2/v2/{TENANT_ID}"


def test_nothing_at_all(nbs: Run) -> None:
    """Without any credentials status and token are exit 4 with the three ways to begin."""
    for word in ("status", "token"):
        done = nbs("auth", word)
        assert done.code == 4
        assert done.out == ""
        assert all(way in done.err for way in ("nbs auth login", "NBS_PASSWORD", "-p sandbox"))


def test_token(nbs: Run, served: Served, home: Path) -> None:
    """`auth token` prints the kept token and a line end, without a request; it works as NBS_TOKEN."""
    log_in(nbs, served)
    done = nbs("auth", "token")

    assert done.out == json.loads(secret_path(home).read_text())["access"]["token"] + "\n"
    assert done.err == ""
    assert served.calls == []
    env = {"NBS_TOKEN": done.out.strip(), "NBS_TENANT_ID": TENANT_ID, "NBS_ENDPOINT": served.url}
    assert nbs(*LIST, env=env).code == 0
    assert served.logins() == []


def test_logout(nbs: Run, served: Served, home: Path) -> None:
    """Logging out removes password and token and keeps the profile; the next command says to log in again."""
    log_in(nbs, served)
    done = nbs("auth", "logout")

    assert done.code == 0
    assert "logged out" in done.err
    assert holding(home, PASSWORD) == []
    assert list((home / ".local/state/nbs/secrets").iterdir()) == []
    assert "[profiles.default]" in config_path(home).read_text()
    after = nbs(*LIST)
    assert after.code == 4
    assert "nbs auth login" in after.err
    assert served.calls == []


def test_logout_twice(nbs: Run, served: Served) -> None:
    """Logging out of what is logged out is no failure, and says that there was nothing."""
    log_in(nbs, served)
    nbs("auth", "logout")
    done = nbs("auth", "logout")

    assert done.code == 0
    assert "there was nothing" in done.err


def test_logout_of_one_profile(nbs: Run, served: Served) -> None:
    """`-p` logs out of that profile alone."""
    log_in(nbs, served, "-p", "one")
    log_in(nbs, served, "-p", "two")
    nbs("auth", "logout", "-p", "one")

    assert nbs("-p", "one", *LIST).code == 4
    assert nbs("-p", "two", *LIST).code == 0


@pytest.mark.parametrize("env", [{}, {"NBS_PROFILE": "sandbox"}, {"NBS_TOKEN": "x"}])
def test_logout_of_nothing(env: dict[str, str], nbs: Run) -> None:
    """Without a profile there is nothing to log out of: exit 2, and it says so."""
    done = nbs("auth", "logout", env=env)

    assert done.code == 2
    assert "no profile to log out of" in done.err


@pytest.mark.parametrize("how", ["in use", "-p", "NBS_PROFILE"])
def test_hint_logs_in_to_the_same_profile(how: str, nbs: Run, served: Served) -> None:
    """The next step after a logout, run as it is printed, logs in to the profile that it was about."""
    log_in(nbs, served, "-p", "prod")
    nbs("auth", "logout", "-p", "prod")
    words = ("-p", "prod") if how == "-p" else ()
    env = {"NBS_PROFILE": "prod"} if how == "NBS_PROFILE" else {}

    told = nbs(*words, *LIST, env=env)
    hint = json.loads(told.err)["error"]["hint"]
    (line,) = re.findall(r"`nbs ([^`]*)`", hint)
    again = nbs(*line.split(), "--password-stdin", env=env, stdin=PASSWORD)

    assert again.code == 0, again.err
    assert nbs("profile", "list", "-q").out.split() == ["prod", "sandbox"]
    assert nbs(*words, *LIST, env=env).code == 0


# a secret is shown nowhere


@pytest.mark.parametrize("where", ["a refusal", "success"])
def test_canary(where: str, nbs: Run, serve: Callable[..., Served], home: Path) -> None:
    """The password is in no output, even when the server repeats it and --debug shows all; nor in any file."""

    def echo(body: dict[str, Any]) -> None:
        if where == "a refusal":
            body.clear()
            body["error"] = {"code": 401, "title": "Unauthorized", "message": f"no such password: {CANARY}"}
        else:
            body["access"]["echo"] = CANARY

    served = serve(altered(echo))
    done = nbs(*login_words(served), "--debug", stdin=CANARY + "\n")

    assert served.calls[0].path == "/v2.0/tokens"
    assert CANARY not in done.err + done.out
    assert json.dumps(CANARY)[1:-1] not in done.err + done.out
    assert holding(home, CANARY) == []
    assert nothing_kept(home)


def test_token_is_not_shown(nbs: Run, served: Served, home: Path) -> None:
    """With --debug neither the kept token nor the password is shown, in a renewal too."""
    log_in(nbs, served)
    served.cloud.expire_tokens()
    old = json.loads(secret_path(home).read_text())["access"]["token"]
    done = nbs("--debug", *LIST)
    new = json.loads(secret_path(home).read_text())["access"]["token"]

    assert done.code == 0
    assert "logging in anew" in done.err
    for secret in (old, new, PASSWORD):
        assert secret not in done.err + done.out
