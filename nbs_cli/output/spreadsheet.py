"""Records as csv, for spreadsheets: no cell is a formula."""

from __future__ import annotations

import csv

from nbs_cli.output.records import Format, Record, plain
from nbs_cli.output.text import safe


class Csv(Format):
    """RFC 4180 with wire names as headers; a cell that a spreadsheet would run as a formula begins with `'`."""

    def start(self) -> None:
        """Write the header."""
        self.writer = csv.writer(self.stream)
        self.terminal = self.stream.isatty()
        if self.look.header:
            self.writer.writerow([field.wire for field in self.fields])

    def page(self, rows: list[Record]) -> None:
        """Write a line for each row."""
        self.writer.writerows([self._cell(plain(value)) for value in self.project(row).values()] for row in rows)

    def _cell(self, text: str) -> str:
        defused = f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
        return safe(defused) if self.terminal else defused
