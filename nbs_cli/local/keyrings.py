"""The operating system's keyring: backends that may be used, a limit on every call, every failure in words.

keyring's own choice may be a file in plain text, or one that forgets what it is given (faults.md §4): only backends of
an operating system are used unless the config names another. The one chosen at login is remembered and loaded directly.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

import keyring
from keyring.backend import KeyringBackend

from nbs_cli.errors import Unauthorized
from nbs_cli.output.words import _

SERVICE = "nbs"
ALLOWED = (
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
)
WINDOWS_LONGEST = 1280  # characters that Windows keeps of one secret
TYPING, UNATTENDED = 10.0, 3.0  # seconds: a person may be typing the keyring's password, or nobody is there


class KeyringTrouble(Unauthorized):
    """The keyring cannot be used: there is none, it is locked, it does not answer, it is broken."""

    def __init__(self, message: str, profile: str | None = None) -> None:
        name = f" -p {profile}" if profile else ""
        super().__init__(
            message,
            hint=_(
                "the ways on, without a keyring:\n"
                "`nbs auth login{name} --store file` keeps the password in a file that only you can read\n"
                "`nbs auth login{name} --store command --password-command 'pass show nhn'` asks a password manager\n"
                "NBS_USERNAME with NBS_PASSWORD or NBS_PASSWORD_FILE, or NBS_TOKEN, keeps it nowhere"
            ).format(name=name),
        )


class Keyring:
    """One backend with a limit in *seconds* on every call; the limit begins when the call does.

    *profile* is whose secrets are asked for, where it is known: hints name it.
    """

    def __init__(self, backend: KeyringBackend, seconds: float, profile: str | None = None) -> None:
        self.backend = backend
        self.seconds = seconds
        self.profile = profile

    @property
    def name(self) -> str:
        """The backend's class with its module, as the config remembers it."""
        return class_name(self.backend)

    def be_patient(self) -> None:
        """Many ask at once: what is slow then is the machine, and not a keyring that hangs."""
        self.seconds = max(self.seconds, TYPING)

    @property
    def longest(self) -> int | None:
        """How many characters one secret may have; None for any number."""
        return WINDOWS_LONGEST if self.name == ALLOWED[3] else None

    def get(self, account: str) -> str | None:
        """The secret of *account*, None for none; raises KeyringTrouble."""
        value = self._limited(lambda: self.backend.get_password(SERVICE, account), _("read"))
        return value if isinstance(value, str) else None

    def set(self, account: str, secret: str) -> None:
        """Keep *secret* for *account*, and read it back: some backends forget. Raises KeyringTrouble."""
        if self.longest is not None and len(secret) > self.longest:
            raise KeyringTrouble(
                _("the password is too long for this keyring, which keeps {longest:,} characters").format(
                    longest=self.longest
                ),
                self.profile,
            )
        self._limited(lambda: self.backend.set_password(SERVICE, account, secret), _("written"))
        if self.get(account) != secret:
            raise KeyringTrouble(
                _("the keyring did not keep the password: what was read back is another"), self.profile
            )

    def delete(self, account: str) -> bool:
        """Forget *account*; False when there was nothing. Raises KeyringTrouble."""
        if self.get(account) is None:
            return False
        self._limited(lambda: self.backend.delete_password(SERVICE, account), _("written"))
        return True

    def _limited(self, call: Callable[[], Any], verb: str) -> Any:
        """Make *call* in a thread that is left behind when the limit is over: a locked keyring can hang for ever."""
        done = threading.Event()
        box: dict[str, Any] = {}

        def work() -> None:
            try:
                box["value"] = call()
            except BaseException as error:  # noqa: BLE001 a dying bus raises what is no KeyringError
                box["error"] = error
            finally:
                done.set()

        threading.Thread(target=work, daemon=True).start()
        if not done.wait(self.seconds):
            raise KeyringTrouble(
                _("the keyring did not answer in {seconds:g} s; it is not known whether it was {verb}").format(
                    seconds=self.seconds, verb=verb
                )
                if verb == _("written")
                else _("the keyring did not answer in {seconds:g} s").format(seconds=self.seconds),
                self.profile,
            )
        if "error" in box:
            raise _trouble(box["error"], self.profile) from box["error"]
        return box.get("value")


def _trouble(error: BaseException, profile: str | None) -> KeyringTrouble:
    kind, words = type(error).__name__, str(error).strip().rstrip(".") or type(error).__name__
    if kind == "KeyringLocked" or "unlock" in words.lower() or "dismissed" in words.lower():
        return KeyringTrouble(_("the keyring is locked, and nobody unlocked it ({words})").format(words=words), profile)
    if kind == "NoKeyringError":
        return _none(profile)
    return KeyringTrouble(_("the keyring cannot be reached: {words}").format(words=words), profile)


def _none(profile: str | None) -> KeyringTrouble:
    return KeyringTrouble(_("this machine has no keyring that can be used"), profile)


def limit(environment_says: str | None) -> float:
    """Seconds for a call: NBS_KEYRING_TIMEOUT, or more when a person may be typing than when nobody is there."""
    try:
        value = float(environment_says or "")
    except ValueError:
        return TYPING if sys.stdin is not None and sys.stdin.isatty() else UNATTENDED
    return min(max(value, 0.1), 600.0) if value == value else UNATTENDED  # noqa: PLR0124 what is no number is not itself


def class_name(backend: object) -> str:
    """The module and class of *backend*."""
    kind = type(backend)
    return f"{kind.__module__}.{kind.__qualname__}"


def choose(seconds: float, profile: str | None = None) -> Keyring:
    """The backend that keyring chooses, when it is one of an operating system; raises KeyringTrouble."""
    try:
        chosen = keyring.get_keyring()
    except Exception as error:
        raise KeyringTrouble(_("the keyring cannot be loaded: {error}").format(error=error), profile) from error
    members = list(getattr(chosen, "backends", [])) if class_name(chosen).endswith("ChainerBackend") else [chosen]
    names = [class_name(member) for member in members]
    if names and all(name in ALLOWED for name in names):
        return Keyring(members[0], seconds, profile)
    if not names or names[0].startswith("keyring.backends.fail"):
        raise _none(profile)
    allowed = [member for member in members if class_name(member) in ALLOWED]
    if allowed:
        return Keyring(allowed[0], seconds, profile)
    raise KeyringTrouble(
        _("the keyring {name} is not used: it may keep the password in plain text, or not at all").format(
            name=names[0]
        ),
        profile,
    )


def load(name: str, seconds: float, profile: str | None = None) -> Keyring:
    """The backend of the class *name*, loaded directly; raises KeyringTrouble when it is not there."""
    module, _dot, kind = name.rpartition(".")
    try:
        backend = getattr(importlib.import_module(module), kind)()
    except Exception as error:
        raise KeyringTrouble(
            _("the keyring {name} cannot be loaded: {error}").format(name=name, error=error), profile
        ) from error
    return Keyring(backend, seconds, profile)
