"""Brings the Korean catalogue up to date with the words in the code: `python -m tests.catalogue`.

New entries are added without a translation, those whose words are gone are left out, and the .mo is compiled. With
`--check` nothing is written: missing, stale and untranslated entries are named, and it exits 1 when there are any.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from nbs_cli.cloud.resources import IMAGE, SNAPSHOT, VOLUME, VOLUME_TYPE
from nbs_cli.errors import Failure
from nbs_cli.manual import sentence
from nbs_cli.mistakes import SENTENCES
from nbs_cli.sandbox.differences import DIFFERENCES
from nbs_cli.sandbox.kinds import KINDS

ROOT = Path(__file__).parent.parent
PO = ROOT / "nbs_cli/locale/ko/LC_MESSAGES/nbs.po"
MO = PO.with_suffix(".mo")
_KEYWORDS = {"_": None, "plural": (1, 2)}
Words = str | tuple[str, str]  # one text, or the two of which a number chooses


@cache
def found() -> dict[Words, list[str]]:
    """Every text for people with the files that it stands in: what the code passes, then what it only names."""
    texts: dict[Words, list[str]] = {}
    extracted = extract_from_dir(str(ROOT / "nbs_cli"), [("**.py", "python")], keywords=_KEYWORDS)
    for file, _line, words, _comments, _context in extracted:
        texts.setdefault(cast("Words", words), []).append(f"nbs_cli/{file}")
    for text, file in _named():
        texts.setdefault(text, []).append(file)
    return {words: sorted(set(files)) for words, files in texts.items()}


def _named() -> Iterator[tuple[str, str]]:
    """The texts that are data where they stand, and words for people where they are shown."""
    for resource in (VOLUME, SNAPSHOT, VOLUME_TYPE, IMAGE):
        yield resource.name.replace("_", " "), "nbs_cli/cloud/resources.py"
    failures: list[type[Failure]] = [Failure, *Failure.__subclasses__()]
    for failure in failures:
        yield sentence(failure), "nbs_cli/errors.py"
    for text in SENTENCES:
        yield text, "nbs_cli/mistakes.py"
    for kind in KINDS.values():
        yield kind.words, "nbs_cli/sandbox/kinds.py"
        for parameter in kind.parameters:
            yield parameter.words, "nbs_cli/sandbox/kinds.py"
    for one in DIFFERENCES:
        for text in (one.requests, one.there, one.here, one.source):
            yield text, "nbs_cli/sandbox/differences.py"


class _Korean(Catalog):
    """A catalogue whose head says nothing of the moment or of the tool: the same words give the same files."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The head: four lines that are always the same."""
        return [
            ("Language", "ko"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", "nplurals=1; plural=0;"),
        ]

    @mime_headers.setter
    def mime_headers(self, value: Iterable[tuple[str, str]]) -> None:
        """Nothing changes it."""


def kept(path: Path = PO) -> Catalog:
    """The catalogue as it is in the file; an empty one where there is none."""
    with io.BytesIO(path.read_bytes() if path.exists() else b"") as file:
        return read_po(file, locale="ko", abort_invalid=True)


def updated(old: Catalog) -> Catalog:
    """The catalogue of today's words, with the translations of *old*."""
    new = _Korean(locale="ko", fuzzy=False)
    new.header_comment = "# The Korean words of nbs. `python -m tests.catalogue` keeps the entries current."
    for words, files in sorted(found().items(), key=lambda item: (item[1], identifier(item[0]))):
        before = old.get(identifier(words))
        new.add(words, before.string if before else "", locations=[(file, None) for file in files])  # type: ignore[misc]  # a file without a line stays when lines move
    return new


def identifier(words: str | Sequence[str]) -> str:
    """What an entry is looked up by: its text, or the first of two."""
    return words if isinstance(words, str) else words[0]


def po_of(catalogue: Catalog) -> bytes:
    """The catalogue as the text file."""
    with io.BytesIO() as file:
        write_po(file, catalogue, width=120, sort_output=False)
        return file.getvalue()


def mo_of(catalogue: Catalog) -> bytes:
    """The catalogue as gettext loads it."""
    with io.BytesIO() as file:
        write_mo(file, catalogue)
        return file.getvalue()


def main(args: list[str]) -> int:
    """Write both files, or with `--check` only compare; what is missing, stale or untranslated goes to stdout."""
    old = kept()
    new = updated(old)
    wrong = [f"missing: {words!r}" for words in found() if old.get(identifier(words)) is None]
    wrong += [f"stale: {entry.id!r}" for entry in old if entry.id and new.get(identifier(entry.id)) is None]
    wrong += [f"untranslated: {entry.id!r}" for entry in new if entry.id and not any(entry.string or ())]
    if args != ["--check"]:
        PO.write_bytes(po_of(new))
        MO.write_bytes(mo_of(new))
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return int(args == ["--check"] and bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
