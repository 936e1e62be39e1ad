"""One invocation: profile, token, client, printer, each made when it is first needed (the stairwell).

The only file that may import inside a function: what a command does not need is not loaded.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO, cast

from nbs_cli.errors import Conflict, Failure, NotFound, Usage, nearest
from nbs_cli.output.streams import Stdout
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
    from nbs_cli.cloud.resources import Field, Resource
    from nbs_cli.cloud.trace import Trace
    from nbs_cli.local.config import Config, Profile
    from nbs_cli.local.credentials import Environment
    from nbs_cli.local.journal import Sheet
    from nbs_cli.local.keyrings import Keyring
    from nbs_cli.local.secrets import Keeper, Store
    from nbs_cli.output.figures import Section
    from nbs_cli.output.live import Picture
    from nbs_cli.output.printer import Printer
    from nbs_cli.output.progress import Notes
    from nbs_cli.output.query import Query
    from nbs_cli.output.records import Format, Look
    from nbs_cli.sandbox.cloud import Cloud
    from nbs_cli.sandbox.scenarios import Scenario
    from nbs_cli.sandbox.trouble import Fault

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_YES = frozenset({"1", "true", "yes", "on"})


def seconds(text: str) -> float:
    """Read a duration (`90s`, `10m`, `2h`, `45`) in seconds; raises Usage."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not 0 < (value := float(match[1]) * _SECONDS[match[2]]) <= 30 * 86_400:
        raise Usage(_("{text!r} is no duration").format(text=text), hint=_("write it as 90s, 10m or 2h"))
    return value


@dataclass
class Options:
    """The options that every command shares, as they were typed (`commands.md` §1); None where they were not."""

    profile: str | None = None
    region: str | None = None
    output: str | None = None
    columns: str | None = None
    query: str | None = None
    timeout: str | None = None
    color: str | None = None
    lang: str | None = None
    ca_bundle: str | None = None
    quiet: bool = False
    no_header: bool = False
    yes: bool = False
    debug: bool = False


class Session:
    """What one command works with; every part is made when it is first asked for."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.stdin = stdin or sys.stdin
        self.stdout = cast("TextIO", Stdout(stdout or sys.stdout))
        self.stderr = stderr or sys.stderr
        self.options = Options()
        self._began = time.monotonic()
        self.looks_on = False  # nothing is asked of the server but looks: a signal leaves nothing behind
        self.wrote: str | None = None  # what was changed, once something was: said again when stdout is lost

    @cached_property
    def environment(self) -> Environment:
        """The environment, where empty means unset."""
        from nbs_cli.local.credentials import Environment

        return Environment(self.environ)

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
        other.options = replace(self.options, profile=name)
        other._began = self._began
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
    def output(self) -> str:
        """The format's name; raises Usage for one that does not exist."""
        from nbs_cli.output.records import NAMES

        name = self.options.output or self.environment.get("NBS_OUTPUT") or self._profile_output or "table"
        if name not in NAMES:
            raise Usage(
                _("there is no output format {name!r}").format(name=name),
                hint=nearest(name, NAMES, _("the formats are {names}")),
            )
        return name

    @property
    def _profile_output(self) -> str | None:
        if self.named is None or self.in_sandbox:
            return None
        profile = self.config.profiles.get(self.named)  # one that is gone is told by who needs it
        return None if profile is None else profile.output

    @cached_property
    def deadline(self) -> Deadline:
        """The end of this command: only `--timeout` and NBS_TIMEOUT set one."""
        from nbs_cli.cloud.deadline import Deadline

        text = self.options.timeout or self.environment.get("NBS_TIMEOUT")
        return Deadline(None if text is None else seconds(text), self._began)

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

    def shared_cloud(self, state: str | None) -> Cloud:
        """The sandbox whose state other processes share: the profile's, or that in the file *state*."""
        if state is None:
            return self.cloud
        if state == ":memory:":
            raise Usage(
                _("a state in memory is that of one process alone"), hint=_("serve it with a file: `--state FILE`")
            )
        self.__dict__["cloud"] = self.open_cloud(state)
        return self.cloud

    def fault(self, kind: str, given: Mapping[str, Any]) -> Fault:
        """The fault of the sandbox of this kind, with these parameters; raises Usage."""
        from nbs_cli.sandbox import trouble

        with self._understood():
            return trouble.fault(kind, **given)

    def scenario(self, path: str | None) -> Scenario | None:
        """What the scenario in the file *path* asks for, None without one; raises Usage."""
        from nbs_cli.sandbox import scenarios

        with self._understood():
            return None if path is None else scenarios.read(Path(path))

    @contextmanager
    def _understood(self) -> Iterator[None]:
        from nbs_cli.mistakes import translated
        from nbs_cli.sandbox.forms import Mistake

        try:
            yield
        except Mistake as mistake:
            hint = nearest(mistake.word, mistake.known, _("there are {names}")) if mistake.known else None
            raise Usage(translated(mistake.message), hint=hint) from mistake

    @property
    def debugging(self) -> bool:
        """Whether `--debug` or NBS_DEBUG asks for everything to be shown."""
        return self.options.debug or (self.environment.get("NBS_DEBUG") or "").lower() in _YES

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

    @cached_property
    def printer(self) -> Printer:
        """The data's way out."""
        from nbs_cli.output.printer import Printer
        from nbs_cli.output.records import Look

        look = Look(
            output=self.output,
            columns=self.options.columns,
            quiet=self.options.quiet,
            header=not self.options.no_header,
            color=self.colored(self.stdout),
        )
        if self.query is None:
            return Printer(self.stdout, look, self._form(look))
        if look.quiet:
            raise Usage(_("--quiet prints IDs only, and --query something else"), hint=_("leave one of them out"))
        from nbs_cli.output.asked import Asked

        return Asked(self.stdout, look, self._form(look), self.query)

    @property
    def query(self) -> Query | None:
        """What `--query` asks of the data; None without one. Raises Usage for an expression that is none."""
        if self.options.query is None:
            return None
        from nbs_cli.output.query import Query

        return Query(self.options.query, lambda: self.wrote is not None)

    @property
    def for_people(self) -> bool:
        """Whether what is printed may be words and pictures: a table, of which nothing special was asked."""
        return self.output == "table" and not self.options.quiet and self.options.query is None

    def _form(self, look: Look) -> type[Format]:
        """The class of the format; tables with rich for somebody who looks, plain lines for a pipe."""
        from nbs_cli.output.records import FORMATS

        if look.output in FORMATS:
            return FORMATS[look.output]
        if look.output == "csv":
            from nbs_cli.output.spreadsheet import Csv

            return Csv
        if look.output == "yaml":
            from nbs_cli.output.documents import Yaml

            return Yaml
        if look.quiet or not (self.stdout.isatty() or look.color):
            from nbs_cli.output.lines import Lines

            return Lines
        from nbs_cli.output.table import Table

        return Table

    @property
    def drawable(self) -> bool:
        """Whether a picture can be drawn in the place of another: a terminal that is not a dumb one."""
        return self.stdout.isatty() and self.environment.get("TERM") != "dumb"

    def live(self, pictures: Iterable[Picture], fields: tuple[Field, ...]) -> None:
        """Draw *pictures* of tables with *fields*, each in the place of the one before."""
        from nbs_cli.cloud.resources import VOLUME
        from nbs_cli.output.live import show
        from nbs_cli.output.table import Table

        show(Table(self.stdout, VOLUME, fields, self.printer.look), pictures)

    def lines(self, resource: Resource) -> Format:
        """A way out for records of *resource* that come one by one: JSON, one a line."""
        from nbs_cli.output.records import JsonLines

        form = JsonLines(self.stdout, resource, resource.fields, self.printer.look)
        form.start()
        return form

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

    def picture(self, sections: Sequence[Section]) -> None:
        """Show figures: with bars to somebody who looks and whose terminal has the letters, else as plain lines."""
        color, utf8 = self.colored(self.stdout), "utf" in (self.stdout.encoding or "utf-8").lower()
        if utf8 and (self.stdout.isatty() or color):
            from nbs_cli.output.bars import draw

            draw(sections, self.stdout, color=color)
            return
        from nbs_cli.output.figures import plain

        self.stdout.write("".join(f"{line}\n" for line in plain(sections)))

    @cached_property
    def notes(self) -> Notes:
        """What is said beside the data."""
        from nbs_cli.output.progress import Notes

        interactive = self.stdin.isatty() and self.stderr.isatty() and self.environment.get("CI") is None
        return Notes(
            self.stderr,
            quiet=self.options.quiet,
            color=self.colored(self.stderr),
            interactive=interactive,
            dumb=self.environment.get("TERM") == "dumb",
            command=self._command,
        )

    @property
    def _command(self) -> str:
        """How this command was begun, for hints: with the profile and the region that were typed."""
        words = ["nbs"]
        words += ["-p", self.options.profile] if self.options.profile else []
        words += ["--region", self.options.region] if self.options.region else []
        return shlex.join(words)

    @property
    def _whole_command(self) -> str:
        """How a command goes where this one goes, when another profile is in use by then."""
        words = ["nbs"]
        words += ["-p", self.named] if self.named else []
        words += ["--region", self.options.region] if self.options.region else []
        return shlex.join(words)

    def colored(self, stream: TextIO) -> bool:
        """Whether *stream* gets colours: `--color`, then NO_COLOR, FORCE_COLOR, then whether it is a terminal."""
        wish = self.options.color or "auto"
        if wish != "auto":
            return wish == "always"
        if self.environment.get("NO_COLOR") is not None:
            return False
        if self.environment.get("FORCE_COLOR") is not None:
            return True
        return stream.isatty() and self.environment.get("TERM") != "dumb"

    def names(self, resource: Resource) -> Path | None:
        """The file in which completion finds the names of *resource* of this profile, tenant and region."""
        from nbs_cli.local.names import place

        # the sandbox's tenant is always the same one, and a TAB does not know it
        tenant = "" if self.in_sandbox else self.credentials.tenant_id
        region = self.options.region if self.in_sandbox else self.credentials.region
        return place(resource.name, self.named, tenant, region)

    def settle(self) -> None:
        """Take the live line away, where anything was said at all: a list that goes well needs no notes."""
        if "notes" in self.__dict__:
            self.notes.clear()

    def close(self) -> None:
        """Close what was opened; what was never needed is not."""
        for made in ("client", "cloud"):
            if made in self.__dict__:
                getattr(self, made).close()

    def refs(self, texts: Sequence[str]) -> tuple[list[str], bool]:
        """Give refs with `-` replaced by the lines of standard input, and whether output is to be a list."""
        expanded: list[str] = []
        for text in texts:
            if text == "-":
                expanded += [line for raw in self.stdin if (line := raw.rstrip("\r\n"))]
            else:
                expanded.append(text)
        return expanded, len(texts) > 1 or "-" in texts

    @contextmanager
    def told(self, words: str) -> Iterator[None]:
        """Do the block; a failure of it is told beside *words* and does no further harm."""
        try:
            yield
        except Failure as failure:
            self.notes.note(f"{words}: {failure.message}")

    @contextmanager
    def mended(self, hint: str) -> Iterator[None]:
        """Do the block; a failure of it is raised with *hint* in place of its own."""
        try:
            yield
        except Failure as failure:
            failure.hint = hint
            raise

    def did(self, text: str) -> None:
        """Say what was changed; it is changed, whatever happens to the output."""
        self.wrote = text
        self.notes.note(text)

    def attach(self, volume_id: str) -> None:
        """Attach a volume of the sandbox; raises Conflict where its status forbids it."""
        self._in_cloud("attach", volume_id)

    def detach(self, volume_id: str) -> None:
        """Detach a volume of the sandbox; raises Conflict where its status forbids it."""
        self._in_cloud("detach", volume_id)

    def _in_cloud(self, verb: str, volume_id: str) -> None:
        from nbs_cli.sandbox.cloud import Refused

        try:
            getattr(self.cloud, verb)(volume_id)
        except Refused as refused:
            raise Conflict(refused.message, http_status=refused.status, resource=volume_id) from refused

    @property
    def sandbox_region(self) -> str:
        """The region of the sandbox that was asked for; raises NotFound for one that it does not have."""
        from nbs_cli.sandbox.cloud import REGIONS

        region = (self.options.region or REGIONS[0]).upper()
        if region not in REGIONS:
            raise NotFound(
                _("there is no region {region} here").format(region=region),
                hint=nearest(region, REGIONS, _("the regions are {names}")),
            )
        return region

    def move_clock(self, cloud: Cloud, seconds: float | None, moment: float | None) -> None:
        """Move the sandbox's clock by *seconds*, or to the *moment* (since 1970); raises Usage where it cannot go."""
        try:
            if seconds is not None:
                cloud.advance(seconds)
            if moment is not None:
                cloud.advance_to(moment)
        except ValueError as error:
            raise Usage(
                _("the sandbox's clock only goes forward, a thousand years at most"),
                hint=_("`nbs sandbox clock` shows its time; `nbs sandbox reset` empties it and sets its clock right"),
            ) from error

    def serve(self, cloud: Cloud, port: int, faults: Sequence[Fault] | None = None) -> None:
        """Serve *cloud* over HTTP on loopback until a signal ends it; 0 is any free port.

        *faults* are ordered first, in place of what is ordered already; None leaves that.
        """
        from nbs_cli.sandbox.server import Server

        try:
            server = Server(cloud, port)
        except OSError as error:
            raise Failure(
                _("port {port} cannot be used: {error}").format(port=port, error=error.strerror),
                hint=_("say another `--port`, or 0 for any free one"),
            ) from error
        if faults is not None:
            cloud.cancel()
            for fault in faults:
                cloud.order(fault)
        lines = [*server.exports(), _("# ready: {url}").format(url=server.url), ""]

        def ready() -> None:
            self.stdout.write("\n".join(lines))
            self.stdout.flush()

        server.run(ready)
