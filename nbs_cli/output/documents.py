"""Records as YAML (owns PyYAML): a document needs all of its pages, for a reader needs all of the document."""

from __future__ import annotations

import re
from typing import Any

import yaml

from nbs_cli.output.records import Record, Whole
from nbs_cli.output.text import UNSAFE


class _Dumper(yaml.SafeDumper):
    """Quotes every text that holds what a terminal would obey, so that it can be written as escapes."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if not text.isprintable() and re.search(UNSAFE, text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _escape(match: re.Match[str]) -> str:
    return match[0] if match[0] == "\n" else f"\\U{ord(match[0]):08x}"


class Yaml(Whole):
    """The same objects as JSON has, as YAML."""

    def start(self) -> None:
        """Collect from here."""
        self.rows: list[Record] = []

    def page(self, rows: list[Record]) -> None:
        """Collect the rows."""
        self.rows += map(self.project, rows)

    def end(self) -> None:
        """Write the list."""
        self.data(self.rows)

    def one(self, record: Record) -> None:
        """Write the object alone."""
        self.data(self.project(record))

    def data(self, value: Any) -> None:
        """Write *value* as a document."""
        unicode = "utf" in (self.stream.encoding or "utf-8").lower()
        text = yaml.dump(value, Dumper=_Dumper, allow_unicode=unicode, sort_keys=False, width=10_000)
        text = text.removesuffix("...\n")  # the end of a document that is one value alone
        self.stream.write(re.sub(UNSAFE, _escape, text))
