"""The keyring's door: a limit on every call, every failure in words, and no backend that is not the system's."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordDeleteError, PasswordSetError

from nbs_cli.cloud.access import Access
from nbs_cli.local import keyrings
from nbs_cli.local.keyrings import ALLOWED, SERVICE, UNATTENDED, WINDOWS_LONGEST, Keyring, KeyringTrouble
from nbs_cli.local.secrets import InKeyring, Secret
from nbs_cli.sandbox.cloud import PASSWORD
from tests.accounts import CANARY, LIST, config_path, holding, log_in, login_words
from tests.conftest import Ran, Served

Run = Callable[..., Ran]


class Memory(KeyringBackend):
    """A keyring in memory; *trouble* is raised by every call, *longest* is what it can hold."""

    priority = 1

    def __init__(self, trouble: BaseException | None = None, longest: int = 10**9) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has no hints here
        self.items: dict[tuple[str, str], str] = {}
        self.trouble = trouble
        self.longest = longest
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.trouble is not None:
            raise self.trouble

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept."""
        self._call("get")
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self._call("set")
        if len(password.encode("utf-16-le")) > 2 * self.longest:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        self._call("delete")
        if (service, username) not in self.items:
            raise PasswordDeleteError("not found")
        del self.items[service, username]


class Slow(Memory):
    """A keyring that answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def _call(self, name: str) -> None:
        super()._call(name)
        self.gate.wait(30)


class WinVaultKeyring(Memory):
    """Windows' store, which is not to be had here: 1,280 characters, and a riddle for more."""

    def __init__(self) -> None:
        super().__init__(longest=WINDOWS_LONGEST)


WinVaultKeyring.__module__ = "keyring.backends.Windows"


def do(ring: Keyring, verb: str) -> None:
    """Ask the keyring for one thing."""
    if verb == "get":
        ring.get("a")
    elif verb == "set":
        ring.set("a", "x")
    else:
        ring.delete("a")


def test_round_trip() -> None:
    """An item is kept under the one service name, read back after writing, and removed."""
    backend = Memory()
    ring = Keyring(backend, 5)

    assert ring.get("a") is None
    assert ring.delete("a") is False
    ring.set("a", "한국")
    assert backend.items == {(SERVICE, "a"): "한국"}
    assert ring.get("a") == "한국"
    assert ring.delete("a") is True
    assert backend.items == {}
    assert backend.calls == ["get", "get", "set", "get", "get", "get", "delete"]


@pytest.mark.parametrize("verb", ["get", "set", "delete"])
def test_limit(verb: str) -> None:
    """A keyring that does not answer is given up after the limit, in words; a write says that its end is not known."""
    backend = Slow()
    ring = Keyring(backend, 0.2)
    begun = time.monotonic()
    with pytest.raises(KeyringTrouble) as caught:
        do(ring, verb)
    took = time.monotonic() - begun
    backend.gate.set()

    print(f"{verb}: {took:.2f} s of a limit of 0.2 s")
    assert "did not answer in 0.2 s" in caught.value.message
    assert ("not known" in caught.value.message) is (verb == "set")
    assert took < 0.2 + 0.5


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (KeyringLocked("Failed to unlock the collection!"), "the keyring is locked"),
        (InitError("Failed to create the collection: Prompt dismissed."), "the keyring is locked"),
        (InitError("Failed to unlock the item!"), "the keyring is locked"),
        (NoKeyringError("No recommended backend; install keyrings.alt"), "no keyring that can be used"),
        (PasswordSetError("no"), "the keyring cannot be reached: no"),
        (ConnectionResetError(104, "Connection reset by peer"), "the keyring cannot be reached"),
        (
            InitError("Message recipient disconnected from message bus without replying"),
            "the keyring cannot be reached",
        ),
        (RuntimeError(), "the keyring cannot be reached: RuntimeError"),
        (SystemExit(3), "the keyring cannot be reached"),
        (KeyboardInterrupt(), "the keyring cannot be reached"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "the keyring cannot be reached"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
@pytest.mark.parametrize("verb", ["get", "set", "delete"])
def test_troubles_in_words(verb: str, trouble: BaseException, told: str) -> None:
    """Whatever a backend raises is one of four sentences with the ways on: exit 4."""
    ring = Keyring(Memory(trouble), 5)
    with pytest.raises(KeyringTrouble) as caught:
        do(ring, verb)

    assert told in caught.value.message
    assert "keyrings.alt" not in caught.value.message
    assert caught.value.exit_code == 4
    assert "--store file" in str(caught.value.hint)


@pytest.mark.parametrize("answer", [None, "other", 3, b"x"])
def test_what_is_read_back_counts(answer: Any) -> None:
    """A backend that forgets, cuts or changes what it is given is found out at once."""

    class Forgetful(Memory):
        def get_password(self, service: str, username: str) -> Any:
            super().get_password(service, username)
            return answer

    backend = Forgetful()
    with pytest.raises(KeyringTrouble, match="did not keep"):
        Keyring(backend, 5).set("a", "secret")


@pytest.mark.parametrize(
    ("text", "limit"),
    [("1", 1.0), ("0.5", 0.5), ("0", 0.1), ("-3", 0.1), ("1e9", 600.0), ("soon", None), (None, None), ("", None)],
)
def test_limit_of_the_environment(text: str | None, limit: float | None) -> None:
    """NBS_KEYRING_TIMEOUT in seconds, within reason; what is no number counts as unset."""
    assert keyrings.limit(text) == (UNATTENDED if limit is None else limit)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_limit_that_is_none(text: str) -> None:
    """What is no number of seconds is still a limit."""
    assert 0.1 <= keyrings.limit(text) <= 600.0


# which backend


class Chain(ChainerBackend):
    """Several at once, as keyring makes it of all that there are."""

    backends: Any = ()


Chain.__module__, Chain.__qualname__ = "keyring.backends.chainer", "ChainerBackend"


def named(name: str) -> KeyringBackend:
    """A backend that has the class name of another."""
    module, _dot, kind = name.rpartition(".")
    made = type(kind, (Memory,), {})
    made.__module__ = module
    result: KeyringBackend = made()
    return result


def chain(*members: KeyringBackend) -> KeyringBackend:
    """A chain of them."""
    kind: Any = Chain
    made: KeyringBackend = kind()
    vars(made)["backends"] = members
    return made


FAIL: Any = fail.Keyring
NULL: Any = null.Keyring
PLAIN = "keyrings.alt.file.PlaintextKeyring"


@pytest.mark.parametrize("name", ALLOWED)
def test_backends_of_systems(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The four systems' keyrings are used, alone and out of a chain, wherever they stand in it."""
    for chosen in (named(name), chain(named(name)), chain(named(PLAIN), named(name)), chain(named(name), named(PLAIN))):
        monkeypatch.setattr("keyring.get_keyring", lambda chosen=chosen: chosen)
        assert keyrings.choose(1).name == name


@pytest.mark.parametrize("chosen", [FAIL(), chain(), chain(FAIL())], ids=["fail", "empty", "fails"])
def test_no_backend(chosen: KeyringBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """No backend is said to be none."""
    monkeypatch.setattr("keyring.get_keyring", lambda: chosen)
    with pytest.raises(KeyringTrouble, match="no keyring"):
        keyrings.choose(1)


@pytest.mark.parametrize(
    "chosen",
    [named(PLAIN), NULL(), named("evil.Keyring"), chain(named(PLAIN), NULL()), named(ALLOWED[0] + "2")],
    ids=["plain", "null", "foreign", "chain", "alike"],
)
def test_backends_that_are_refused(chosen: KeyringBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other backend is refused by its name, and never asked for anything."""
    monkeypatch.setattr("keyring.get_keyring", lambda: chosen)
    with pytest.raises(KeyringTrouble) as caught:
        keyrings.choose(1)

    first = getattr(chosen, "backends", [chosen])[0]
    assert keyrings.class_name(first) in caught.value.message
    assert "plain text" in caught.value.message


@pytest.mark.parametrize(
    "name", ["", "x", "no.such.Module", "keyring.backends.fail.Missing", "sys.version", "os.getcwd"]
)
def test_remembered_backend_is_gone(name: str) -> None:
    """A class that cannot be loaded, or is no keyring, is named."""
    with pytest.raises(KeyringTrouble) as caught:
        keyrings.load(name, 5).get("a")
    assert name in caught.value.message or "reached" in caught.value.message


@pytest.mark.parametrize(
    "value", ["no.such.Backend", "nonsense", "keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"]
)
def test_backend_named_by_the_environment(
    value: str, installed: Run, served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHON_KEYRING_BACKEND cannot make nbs use what forgets, and one that is not there is a sentence: exit 4."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    done = installed(*login_words(served, store=None), env={"PYTHON_KEYRING_BACKEND": value}, stdin=CANARY)

    assert done.code == 4, done.err
    assert "keyring" in done.err
    assert "a mistake in nbs" not in done.err
    if "null" in value:
        assert value in done.err
    assert served.calls == []
    assert holding(home, CANARY) == []


@pytest.fixture(scope="session")
def alternatives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keyrings.alt, the keyrings in plain text that many have installed without knowing."""
    folder = tmp_path_factory.mktemp("alternatives")
    if importlib.util.find_spec("pip") is None:
        pytest.skip("pip is not installed")
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
    done = subprocess.run(
        [*words, "--target", str(folder), "keyrings.alt"], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        pytest.skip("keyrings.alt cannot be fetched here")
    return folder


@pytest.mark.parametrize("how", ["chosen by keyring", "by the environment", "by keyring's own config"])
def test_plain_text_is_refused(
    how: str, alternatives: Path, installed: Run, served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With keyrings.alt installed keyring would silently write a file in plain text; nbs refuses it by name."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(alternatives))
    if how == "by the environment":
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", PLAIN)
    if how == "by keyring's own config":
        rc = home / ".config/python_keyring/keyringrc.cfg"
        rc.parent.mkdir(parents=True)
        rc.write_text(f"[backend]\ndefault-keyring={PLAIN}\n")
    words = "import keyring; keyring.set_password('x', 'y', 'z')"
    control = subprocess.run([sys.executable, "-c", words], check=False)
    assert control.returncode == 0
    assert holding(home, "z-is-short") == []
    assert list(home.rglob("keyring_pass.cfg")), "keyring itself would have written plain text"

    done = installed(*login_words(served, store=None), stdin=CANARY)

    assert done.code == 4, done.err
    assert "keyrings.alt.file." in done.err
    assert "plain text" in done.err
    assert served.calls == []
    assert holding(home, CANARY) == []
    assert not config_path(home).exists()


# a backend of one's own, named in the config


OWN = """
import os
from pathlib import Path
from keyring.backend import KeyringBackend

class Own(KeyringBackend):
    priority = 1

    @property
    def folder(self):
        return Path(os.environ["OWN"])

    def note(self, word):
        with (self.folder / "calls").open("a") as file:
            file.write(word + " ")

    def get_password(self, service, username):
        self.note("get")
        path = self.folder / username
        return path.read_text() if path.exists() else None

    def set_password(self, service, username, password):
        self.note("set")
        if (self.folder / "full").exists():
            raise OSError(28, "No space left on device")
        (self.folder / username).write_text(password)

    def delete_password(self, service, username):
        (self.folder / username).unlink()
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A folder with a keyring of one's own, which the config names."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own_keyring.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("OWN", str(folder))
    monkeypatch.delitem(sys.modules, "own_keyring", raising=False)
    config_path(home).parent.mkdir(parents=True)
    config_path(home).write_text('[profiles.default]\nkeyring_backend = "own_keyring.Own"\n')
    return folder


def test_own_backend(own: Path, nbs: Run, served: Served) -> None:
    """A backend that the config names is used though it is no system's; a command reads it once."""
    log_in(nbs, served, store="keyring")
    (own / "calls").unlink()

    assert nbs(*LIST).code == 0
    assert (own / "calls").read_text() == "get "
    assert served.logins() == []
    (own / "calls").unlink()
    assert nbs("auth", "status", "-o", "json").code == 0
    assert (own / "calls").read_text() == "get "


def test_kept_in_one_item(own: Path, nbs: Run, served: Served) -> None:
    """Password and token lie in one item, named after the profile and a hash."""
    log_in(nbs, served, store="keyring")
    (item,) = (path for path in own.iterdir() if path.name.startswith("default-"))

    kept = json.loads(item.read_text())
    assert kept["password"] == PASSWORD
    assert set(kept) == {"password", "access", "sum"}
    assert len(item.name) == len("default-") + 16


def test_token_that_the_keyring_refuses(own: Path, nbs: Run, served: Served) -> None:
    """A keyring that cannot take the renewed token does not keep the command from being done: exit 0, and a warning."""
    log_in(nbs, served, store="keyring")
    served.cloud.expire_tokens()
    (own / "full").touch()

    done = nbs(*LIST)

    assert done.code == 0, done.err
    assert "No space left" in done.err
    assert done.out == "[]\n"


def test_login_that_the_keyring_refuses(own: Path, nbs: Run, served: Served, home: Path) -> None:
    """A login whose password cannot be kept fails: exit 4, and the profile is not changed."""
    before = config_path(home).read_text()
    (own / "full").touch()

    done = nbs(*login_words(served, store=None), stdin=PASSWORD)

    assert done.code == 4
    assert "the keyring cannot be reached" in done.err
    assert config_path(home).read_text() == before


def test_another_store_leaves_nothing(own: Path, nbs: Run, served: Served) -> None:
    """A login that moves the secret from the keyring to a file takes it out of the keyring, and back."""
    log_in(nbs, served, store="keyring")
    log_in(nbs, served, store="file")
    assert [path for path in own.iterdir() if path.name.startswith("default-")] == []
    home = Path.home()
    assert len(holding(home, PASSWORD)) == 1


# Windows


def access(letters: int) -> Access:
    """A token of so many letters."""
    return Access("t" * letters, "2026-01-01T12:00:00Z", "2026-01-01T00:00:00Z", "a", (), 0.0)


@pytest.mark.parametrize(("letters", "kept"), [(100, True), (3000, False)])
def test_windows(letters: int, kept: bool) -> None:
    """Where Windows keeps too few characters for the token, the password is kept alone, and read back whole."""
    backend = WinVaultKeyring()
    ring = Keyring(backend, 5)
    assert ring.name == ALLOWED[3]
    place = InKeyring(lambda: ring, "a")
    place.write(Secret("한국-password", access(letters)))

    assert place.read().password == "한국-password"
    assert (place.read().access is not None) is kept
    assert max(len(text) for text in backend.items.values()) <= WINDOWS_LONGEST


@pytest.mark.parametrize("length", [WINDOWS_LONGEST, 5000])
def test_password_too_long_for_windows(length: int) -> None:
    """A password that does not fit by itself is refused in words, and nothing is stored cut."""
    backend = WinVaultKeyring()
    with pytest.raises(KeyringTrouble) as caught:
        InKeyring(lambda: Keyring(backend, 5), "a").write(Secret("x" * length, access(10)))

    assert "too long" in caught.value.message
    assert "1,280" in caught.value.message
    assert backend.items == {}


def test_letters_outside_the_plane_count_twice() -> None:
    """Windows counts UTF-16, where letters like 😀 take two places."""
    backend = WinVaultKeyring()
    place = InKeyring(lambda: Keyring(backend, 5), "a")
    place.write(Secret("😀" * 90, access(100)))

    assert place.read().password == "😀" * 90


def test_names_in_the_allow_list_exist() -> None:
    """Every class of the allow-list is one of keyring's own."""
    for name in ALLOWED:
        module, _dot, kind = name.rpartition(".")
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        assert f"class {kind}(" in Path(spec.origin).read_text(encoding="utf-8")
