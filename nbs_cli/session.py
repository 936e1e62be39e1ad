"""One invocation: profile, token, client, each made when it is first needed (the stairwell).

It may import inside a function: what a command does not need is not loaded. What is shown and said is in `outlet.py`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nbs_cli.errors import Failure, Usage
from nbs_cli.outlet import Outlet
from nbs_cli.output.words import _

if TYPE_CHECKING:
    from datetime import datetime

    from nbs_cli.cloud.access import Credentials
    from nbs_cli.cloud.blockstorage import BlockStorage
    from nbs_cli.cloud.client import Client
    from nbs_cli.cloud.deadline import Deadline
    from nbs_cli.cloud.identity import Identity
    from nbs_cli.cloud.once import Once
    from nbs_cli.cloud.policies import Policy
    from nbs_cli.cloud.resources import Resource
    from nbs_cli.cloud.trace import Trace
    from nbs_cli.local.config import Config, Profile
    from nbs_cli.local.journal import Sheet
    from nbs_cli.local.keyrings import Keyring
    from nbs_cli.local.secrets import Keeper, Store
    from nbs_cli.sandbox.cloud import Cloud

_DURATION = r"([0-9]+(?:\.[0-9]+)?)([smh]?)"
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """Read a duration (`90s`, `10m`, `2h`, `45`) in seconds; raises Usage."""
    match = re.fullmatch(_DURATION, text.strip())
    if match is None or not 0 < (value := float(match[1]) * _SECONDS[match[2]]) <= 30 * 86_400:
        raise Usage(_("{text!r} is no duration").format(text=text), hint=_("write it as 90s, 10m or 2h"))
    return value


class Session(Outlet):
    """What one command works with; every part is made when it is first asked for."""

    looks_on = False  # nothing is asked of the server but looks: a signal leaves nothing behind

    @cached_property
    def config(self) -> Config:
        """The profiles of the config file."""
        from nbs_cli.local.config import load

        return load(self.environment.get("NBS_CONFIG_FILE"))

    @cached_property
    def config_trouble(self) -> Failure | None:
        """What is wrong with the config file, None where nothing is; then the command goes on as if there were none."""
        from nbs_cli.local.config import Config

        try:
            self.config  # noqa: B018 read for what it raises
        except Failure as failure:
            self.__dict__["config"] = Config(None)
            return failure
        return None

    @property
    def edits(self) -> ModuleType:
        """The changes that a config file can have (`local/edits.py`)."""
        from nbs_cli.local import edits

        return edits

    @property
    def named(self) -> str | None:
        """The name of the profile that this command uses; None where the environment, or nothing, gives credentials."""
        from nbs_cli.local.credentials import in_environment

        named = self.options.profile or self.environment.get("NBS_PROFILE")
        if named is not None or in_environment(self.environment):
            return named
        return self.config.in_use

    @property
    def in_sandbox(self) -> bool:
        """Whether the cloud is the one in this process."""
        return self.named == "sandbox"

    @cached_property
    def profile(self) -> Profile | None:
        """The profile that this command uses, None for the sandbox and for credentials of the environment."""
        if self.named is None or self.in_sandbox:
            return None
        return self.config.get(self.named)

    def of_profile(self, name: str) -> Session:
        """A session like this one with the profile *name*; who asks for it closes it."""
        other = Session(self.environ, stdin=self.stdin, stdout=self.stdout, stderr=self.stderr)
        other.options = copy(self.options)
        other.options.profile = name
        other.began = self.began
        return other

    @property
    def retention(self) -> Mapping[str, Mapping[str, Any]]:
        """The tables of the config file's policies that this command may name: the shared ones, and the profile's."""
        own = {} if self.profile is None else self.profile.retention
        return {**self.config.retention, **own}

    def policy(self, name: str, typed: Mapping[str, Any]) -> Policy | None:
        """The policy *name* of the config file, with what was *typed* in place of its own; None where it has none.

        Raises Usage, naming the file, for one that cannot be read.
        """
        from nbs_cli.cloud import policies

        if name not in self.retention:
            return None
        try:
            policies.read(name, self.retention[name])
        except Usage as error:
            raise Usage(f"{self.config.path}: retention.{name}: {error.message}", hint=error.hint) from error
        return policies.read(name, {**self.retention[name], **typed})

    def writing(self) -> None:
        """Raise Usage when the profile is read-only; every command that changes something asks first."""
        if self.profile is not None and self.profile.read_only:
            raise Usage(
                _("the profile {name} is read-only").format(name=self.profile.name),
                hint=_("`nbs profile set read_only false -p {name}` lets it write").format(name=self.profile.name),
            )

    @property
    def usual_output(self) -> str | None:
        """The profile's format, where it has one."""
        if self.named is None or self.in_sandbox:
            return None
        profile = self.config.profiles.get(self.named)  # one that is gone is told by who needs it
        return None if profile is None else profile.output

    @cached_property
    def deadline(self) -> Deadline:
        """The end of this command: only `--timeout` and NBS_TIMEOUT set one."""
        from nbs_cli.cloud.deadline import Deadline

        text = self.options.timeout or self.environment.get("NBS_TIMEOUT")
        return Deadline(None if text is None else seconds(text), self.began)

    def wait_seconds(self, usual: float) -> float:
        """How long a wait may take: `--timeout`, NBS_WAIT_TIMEOUT, or what is *usual* (seconds)."""
        text = self.options.timeout or self.environment.get("NBS_WAIT_TIMEOUT")
        return usual if text is None else seconds(text)

    @cached_property
    def credentials(self) -> Credentials:
        """The one set of credentials of this command; the sandbox has its own."""
        from nbs_cli.cloud.access import Credentials
        from nbs_cli.local.credentials import find

        if not self.in_sandbox:
            return find(self.environment, self.profile, self.options.region)
        from nbs_cli.sandbox import cloud

        return Credentials(
            source=_("the sandbox profile"),
            identity_url="http://cloud.localhost",
            tenant_id=cloud.TENANT_ID,
            username=cloud.USERNAME,
            password=cloud.PASSWORD,
            region=self.options.region or cloud.REGIONS[0],
        )

    @cached_property
    def cloud(self) -> Cloud:
        """The sandbox's cloud, its memory in the state folder."""
        return self.open_cloud(None)

    def open_cloud(self, state: str | None, **settings: Any) -> Cloud:
        """A cloud of the sandbox with its memory in the file *state* (None: the profile's) and with *settings*."""
        import sqlite3

        from nbs_cli.local.files import check_caller
        from nbs_cli.local.folders import sandbox_state
        from nbs_cli.sandbox.cloud import Cloud, Settings

        path = state or str(sandbox_state())
        try:
            if state is None:
                check_caller(sandbox_state().parent)
            return Cloud(path, Settings(**settings))
        except (OSError, RuntimeError, sqlite3.Error) as error:
            raise Failure(
                _("the sandbox cannot keep its state in {path}: {error}").format(path=path, error=error),
                hint=_("`nbs sandbox serve --state FILE` and XDG_STATE_HOME name another place"),
            ) from error

    @cached_property
    def trace(self) -> Trace:
        """What masks secrets, those of the environment from the start, and shows the conversation when it is wanted."""
        from nbs_cli.cloud.trace import Trace

        trace = Trace(self.notes.debug if self.debugging else None, self._command)
        trace.keep(*(self.environment.get(name) for name in ("NBS_PASSWORD", "NBS_TOKEN", "OS_PASSWORD")))
        return trace

    @cached_property
    def client(self) -> Client:
        """The one HTTP client of this command."""
        from nbs_cli.cloud.client import Client

        application = None
        if self.in_sandbox:
            from nbs_cli.sandbox.web import application as door

            application = door(self.cloud)
        return Client(
            deadline=self.deadline,
            trace=self.trace,
            ca_bundle=self.ca_bundle,
            application=application,
        )

    @property
    def connected(self) -> bool:
        """Whether there is a client of this session, without which it can have sent nothing."""
        return "client" in vars(self)

    @property
    def ca_bundle(self) -> str | None:
        """The file of certificates that are trusted instead of the system's; None for the system's."""
        names = ["NBS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]
        if self.named is None and self.environment.get("OS_AUTH_URL"):
            names.append("OS_CACERT")
        return self.options.ca_bundle or self.environment.get(*names)

    @cached_property
    def identity(self) -> Identity:
        """The token and the endpoint."""
        from nbs_cli.cloud.identity import Identity

        return Identity(self.client, self.credentials, self.keeper)

    @cached_property
    def keeper(self) -> Keeper | None:
        """What keeps the profile's token between commands; None without a profile."""
        if self.profile is None:
            return None
        from nbs_cli.local.secrets import Keeper, account

        name = account(self.profile.name, self.credentials)
        return Keeper(self.store(self.profile, name), name, self.profile.name, self.notes.note)

    def store(self, profile: Profile, account: str) -> Store:
        """The place where the secret of *profile* lies, its item called *account*."""
        from nbs_cli.local.secrets import InFile, InKeyring, OfCommand

        if profile.store == "file":
            return InFile(account, profile.name)
        if profile.store == "command":
            if not profile.password_command:
                raise Usage(
                    _("the profile {name} has no password_command").format(name=profile.name),
                    hint=_("`nbs profile set password_command 'pass show nhn' -p {name}`").format(name=profile.name),
                )
            return OfCommand(account, profile.name, profile.password_command)
        return InKeyring(lambda: self.keyring(profile.keyring_backend, profile.name), account)

    def keyring(self, backend: str | None = None, profile: str | None = None) -> Keyring:
        """The keyring: the remembered *backend*, or the one that is chosen now; raises KeyringTrouble."""
        from nbs_cli.local import keyrings

        seconds = keyrings.limit(self.environment.get("NBS_KEYRING_TIMEOUT"))
        return keyrings.choose(seconds, profile) if backend is None else keyrings.load(backend, seconds, profile)

    @cached_property
    def storage(self) -> BlockStorage:
        """The block storage of the tenant in its region."""
        from nbs_cli.cloud.blockstorage import BlockStorage

        return BlockStorage(self.client, self.identity)

    @property
    def settle_seconds(self) -> float:
        """How long what a lost answer may have made is looked for: NBS_SETTLE, or half a minute."""
        from nbs_cli.cloud.deadline import SETTLE

        text = self.environment.get("NBS_SETTLE")
        return SETTLE if text is None else seconds(text)

    @cached_property
    def once(self) -> Once:
        """Creating exactly once, with the journal of the place that this command goes to."""
        from nbs_cli.cloud.once import Once
        from nbs_cli.local.folders import requests
        from nbs_cli.local.journal import Journal, Place

        place = Place(
            command=self._whole_command,
            source=self.credentials.source,
            tenant_id=self.credentials.tenant_id,
            endpoint=self.identity.endpoint,
            profile=self.named,
            region=self.credentials.region,
        )
        journal = Journal(requests, place)
        return Once(self.storage, self.deadline, journal, self.notes.note, self.settle_seconds)

    @property
    def requests(self) -> list[Sheet]:
        """What the request journal holds, of every place."""
        from nbs_cli.local.folders import requests
        from nbs_cli.local.journal import sheets

        return sheets(requests())

    @property
    def server_date(self) -> str | None:
        """The Date header of the server's last answer; an answer is fetched where none came yet."""
        if self.client.date is None:
            with suppress(Failure):
                self.storage.request("GET", "/types")
        return self.client.date

    @property
    def server_now(self) -> datetime:
        """What time it is at the server, as its last answer told it; this machine's time where it told none."""
        from nbs_cli.cloud.clock import read

        return read(self.client.date)

    @property
    def _whole_command(self) -> str:
        """How a command goes where this one goes, when another profile is in use by then."""
        words = ["nbs"]
        words += ["-p", self.named] if self.named else []
        words += ["--region", self.options.region] if self.options.region else []
        return shlex.join(words)

    def names(self, resource: Resource) -> Path | None:
        """The file in which completion finds the names of *resource* of this profile, tenant and region."""
        from nbs_cli.local.names import place

        # the sandbox's tenant is always the same one, and a TAB does not know it
        tenant = "" if self.in_sandbox else self.credentials.tenant_id
        region = self.options.region if self.in_sandbox else self.credentials.region
        return place(resource.name, self.named, tenant, region)

    def close(self) -> None:
        """Close what was opened; what was never needed is not."""
        for made in ("client", "cloud"):
            if made in self.__dict__:
                getattr(self, made).close()
