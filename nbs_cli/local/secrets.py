"""Passwords and tokens of profiles: one item a profile, in the keyring, in a private file, or asked of a command.

An item belongs to one identity URL, tenant and user: its name holds a hash of the three, so that a profile that is
pointed elsewhere never finds what belongs to another cloud. Source: commands.md §5, faults.md §4.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import zlib
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nbs_cli.cloud.access import Access, Credentials, kept_access
from nbs_cli.errors import Failure, Unauthorized
from nbs_cli.local import files, folders
from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.local.keyrings import Keyring

# seconds to wait for one's turn: 100 commands at once ask a keyring one after the other, and log in once at a file
_TURN_AT_KEYRING, _TURN_AT_FILE = 60.0, 5.0
_CROWD = 0.5  # seconds: who waited longer is one of many, on a machine that is busy
_COMMAND_LIMIT = 30.0  # seconds that a password manager may take


class Secret(NamedTuple):
    """What is kept for a profile: the password, and the access of the last login with the moment it was received.

    `password` is None where a command gives it; `access` is None before the first login and where it does not fit.
    """

    password: str | None = None
    access: Access | None = None

    def text(self) -> str:
        """As JSON, without white space: some keyrings keep few characters."""
        data: dict[str, Any] = self._asdict()
        if self.access is not None:
            access = self.access._asdict()
            data.update(access=access, sum=_sum(access))
        return json.dumps(data, separators=(",", ":"))


def read_secret(text: str | None) -> Secret:
    """Read what `Secret.text` wrote; an empty secret for anything else, so that a broken one mends itself.

    An access in which something was changed is none: a broken endpoint would last as long as its token.
    """
    try:
        data = json.loads(text or "")
    except (ValueError, RecursionError):
        return Secret()
    if not isinstance(data, dict):
        return Secret()
    password, access = data.get("password"), data.get("access")
    whole = "sum" not in data or data["sum"] == _sum(access)
    return Secret(password if isinstance(password, str) else None, kept_access(access) if whole else None)


def _sum(access: Any) -> int:
    return zlib.crc32(json.dumps(access, sort_keys=True).encode())


def account(profile: str, credentials: Credentials) -> str:
    """The name of a profile's item: its own, and a hash of identity URL, tenant and user."""
    whole = "\n".join((credentials.identity_url, credentials.tenant_id, credentials.username or ""))
    return f"{profile}-{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


class Store(Protocol):
    """A place where a profile's secret lies."""

    def read(self) -> Secret:
        """What is kept; an empty secret where nothing is."""

    def write(self, secret: Secret) -> None:
        """Keep *secret* in place of what was kept."""

    def remove(self) -> bool:
        """Forget it; False where there was nothing."""

    def place(self) -> str:
        """Where it lies, for people."""


class InKeyring:
    """The operating system's keyring."""

    def __init__(self, ring: Callable[[], Keyring], name: str) -> None:
        self._load = ring
        self._name = name

    @cached_property
    def ring(self) -> Keyring:
        """The backend, loaded when it is first needed: that takes longer than a read."""
        return self._load()

    def read(self) -> Secret:
        """Read the item."""
        return read_secret(self.ring.get(self._name))

    def write(self, secret: Secret) -> None:
        """Write the item; where it is too long the token is left out and the password kept."""
        ring = self.ring
        text = secret.text()
        if ring.longest is not None and len(text) > ring.longest:
            text = secret._replace(access=None).text()
        ring.set(self._name, text)

    def remove(self) -> bool:
        """Delete the item."""
        return self.ring.delete(self._name)

    def place(self) -> str:
        """The keyring's backend."""
        return _("the keyring ({name})").format(name=self.ring.name)


class InFile:
    """A file that only its owner can read; *profile* is whose secret it is, for hints."""

    def __init__(self, name: str, profile: str) -> None:
        self._name = name
        self._profile = profile

    def read(self) -> Secret:
        """Read the file; one that others could read, or another user's, is not used. Raises Unauthorized for it."""
        path = folders.secret_file(self._name)
        try:
            status = path.lstat()
        except OSError:
            return Secret()
        if _foreign(status):
            raise Unauthorized(
                _("{path} is not used: others can read it, or it is not yours").format(path=path),
                hint=_("log in again, which writes it anew: `nbs auth login -p {profile}`").format(
                    profile=self._profile
                ),
                resource=str(path),
            )
        try:
            return read_secret(files.read(path))
        except Failure:
            return Secret()

    def write(self, secret: Secret) -> None:
        """Write the file, 0600 from birth."""
        files.write(folders.secret_file(self._name), secret.text())

    def remove(self) -> bool:
        """Remove the file."""
        return files.remove(folders.secret_file(self._name))

    def place(self) -> str:
        """The file's path."""
        return _("the file {path}, in plain text").format(path=folders.readable(folders.secret_file(self._name)))


def _foreign(status: Any) -> bool:
    return not hasattr(os, "getuid") or status.st_uid != os.getuid() or bool(status.st_mode & 0o077)


class OfCommand:
    """A password manager's command gives the password; the token is kept in a private file."""

    def __init__(self, name: str, profile: str, command: tuple[str, ...]) -> None:
        self._file = InFile(name, profile)
        self._command = command

    def read(self) -> Secret:
        """The token from the file; the command runs only when a password is asked for."""
        try:
            return self._file.read()
        except Unauthorized:
            return Secret()  # a token that others may know is written anew

    def write(self, secret: Secret) -> None:
        """Keep the token alone."""
        self._file.write(secret._replace(password=None))

    def remove(self) -> bool:
        """Forget the token."""
        return self._file.remove()

    def place(self) -> str:
        """The command."""
        return _("the command `{command}`").format(command=" ".join(self._command))

    def password(self) -> str:
        """Run the command, without a shell, and give the first line it prints; raises Unauthorized."""
        try:
            done = subprocess.run(  # noqa: S603 the user's own command, as an array
                self._command, stdout=subprocess.PIPE, timeout=_COMMAND_LIMIT, check=True, text=True
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise Unauthorized(
                _("the password command failed: {why}").format(why=_why(error, self._command[0])),
                hint=_("try it by hand: {command}").format(command=" ".join(self._command)),
            ) from error
        line = done.stdout.partition("\n")[0].rstrip("\r")
        if not line:
            raise Unauthorized(_("the password command printed nothing"))
        return line


def _why(error: Exception, name: str) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return _("exit status {code}").format(code=error.returncode)
    if isinstance(error, subprocess.TimeoutExpired):
        return _("it did not end in {seconds:g} s").format(seconds=_COMMAND_LIMIT)
    if isinstance(error, FileNotFoundError):
        return _("there is no command {name}").format(name=name)
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class Keeper:
    """Keeps the access of one profile between commands; one login however many commands run at once.

    *warn* is told when a new token could not be kept: the command goes on all the same.
    """

    def __init__(self, store: Store, name: str, profile: str, warn: Callable[[str], None] = lambda _text: None) -> None:
        self.store = store
        self.name = name
        self._profile = profile
        self._warn = warn

    def enter(self, log_in: Callable[[str], Access], refused: str | None = None) -> Access:
        """Give the access that is kept, while it is good and not the one *refused*; else that of a new login, kept.

        *log_in* makes an access of a password. One caller at a time asks a keyring or logs in; a file, whole at
        any moment, is looked into before one waits for one's turn. Raises Unauthorized where no password is kept.
        """
        slow = isinstance(self.store, InKeyring)
        if isinstance(self.store, InKeyring):
            self.store.ring  # noqa: B018 loaded before it is one's turn, so that the others do not wait for it
        elif kept := _usable(self.store.read(), refused):
            return kept
        began = time.monotonic()
        with files.locked(folders.lock_file(self.name), _TURN_AT_KEYRING if slow else _TURN_AT_FILE):
            if isinstance(self.store, InKeyring) and time.monotonic() - began > _CROWD:
                self.store.ring.be_patient()
            secret = self.store.read()
            if kept := _usable(secret, refused):
                return kept
            access = log_in(self._password(secret))
            try:
                self.store.write(secret._replace(access=access.trimmed()))
            except Failure as failure:
                self._warn(_("the token is not kept: {why}").format(why=failure.message))
            return access

    def _password(self, secret: Secret) -> str:
        if isinstance(self.store, OfCommand):
            return self.store.password()
        if secret.password is None:
            raise Unauthorized(
                _("the profile {name} is not logged in: its password is not kept").format(name=self._profile),
                hint=_("log in again: `nbs auth login -p {profile}`").format(profile=self._profile),
            )
        return secret.password


def _usable(secret: Secret, refused: str | None) -> Access | None:
    access = secret.access
    if access is None or access.token == refused or not access.good(time.time()):
        return None
    return access
