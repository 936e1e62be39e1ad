"""What one invocation shows and says: its streams, and what is made for them when it is first needed.

The lower flight of the stairwell: `Session` stands on it. It may import inside a function, as that may: what a command
does not need is not loaded.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TextIO, cast

from nbs_cli.errors import Failure, Usage, nearest
from nbs_cli.output.streams import Stdout
from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.cloud.resources import Field, Resource
    from nbs_cli.local.credentials import Environment
    from nbs_cli.output.figures import Section
    from nbs_cli.output.live import Picture
    from nbs_cli.output.printer import Printer
    from nbs_cli.output.progress import Notes
    from nbs_cli.output.query import Query
    from nbs_cli.output.records import Format, Look

_YES = frozenset({"1", "true", "yes", "on"})


class Options:
    """The options that every command shares, as they were typed (`commands.md` §1); None where they were not.

    What stands here is what holds until something is typed.
    """

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


class Outlet:
    """The environment, the streams and the shared options of one command, and the ways out to a person or a program."""

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
        self.began = time.monotonic()
        self.wrote: str | None = None  # what was changed, once something was: said again when stdout is lost

    @property
    def usual_output(self) -> str | None:
        """The format of who typed none, where there is one."""
        return None

    @cached_property
    def environment(self) -> Environment:
        """The environment, where empty means unset."""
        from nbs_cli.local.credentials import Environment

        return Environment(self.environ)

    @property
    def output(self) -> str:
        """The format's name; raises Usage for one that does not exist."""
        from nbs_cli.output.records import NAMES

        name = self.options.output or self.environment.get("NBS_OUTPUT") or self.usual_output or "table"
        if name not in NAMES:
            raise Usage(
                _("there is no output format {name!r}").format(name=name),
                hint=nearest(name, NAMES, _("the formats are {names}")),
            )
        return name

    @property
    def debugging(self) -> bool:
        """Whether `--debug` or NBS_DEBUG asks for everything to be shown."""
        return self.options.debug or (self.environment.get("NBS_DEBUG") or "").lower() in _YES

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

        return Query(self.options.query, lambda: self.wrote is not None, self.notes.note)

    @property
    def for_people(self) -> bool:
        """Whether what is printed may be words and pictures: a table, of which nothing special was asked."""
        asked = (self.options.quiet, self.options.query is not None, self.options.columns is not None)
        return self.output == "table" and not any(asked)

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

    def settle(self) -> None:
        """Take the live line away, where anything was said at all: a list that goes well needs no notes."""
        if "notes" in self.__dict__:
            self.notes.clear()

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
