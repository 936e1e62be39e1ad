"""Golden pages: all that every command shows for one small cloud, in both languages, and every help page.

A command has a file in tests/golden/en and one in tests/golden/ko. In it `|` is stdout of a pipe, `!` is stderr, `:` is
a terminal, on which both are one; lines that lead to the same page stand above it together. A page that differs fails
with the difference. `GOLDEN=write python -m pytest tests/test_golden.py` writes them anew: read what changed.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from nbs_cli.errors import ExitCode
from nbs_cli.grammar import PRINTS, Grammar
from nbs_cli.output.text import width
from nbs_cli.sandbox.settings import TENANT_ID
from tests.conftest import Ran, Served
from tests.pages import ADDRESS, FORMATS, HELP, OTHER_TENANT, PAGES, USER_ID, Page, identifier, prepare
from tests.speaker import Speaker, lines, screen
from tests.speaking import MOMENT

FOLDER = Path(__file__).with_name("golden")
WRITES = os.environ.get("GOLDEN") == "write"
LANGUAGES = ("en", "ko")
WIDTHS = (80, 120)
SEEN = ("", *HELP)  # what is looked at on terminals too
HOME = "/home/kim-min-jun"
SAME = "(the same as in English)"
KNOWN = {TENANT_ID, USER_ID, OTHER_TENANT}
WHOLE = re.compile(r" *(\{\"|[A-Z]+ /v2/|nbs )")  # the requests of a rehearsal, and commands
UNSEEN = {ExitCode.HANGUP, ExitCode.PIPE, ExitCode.TERMINATED}  # nobody is there any more who could see a page
NODES = tuple(Grammar().nodes)  # every group and command by the words that lead to it
Outcomes = dict[str, str]  # by the line that is shown above


def name_of(node: str) -> str:
    """The name of the page of a group or command."""
    return node.replace(" ", "-") or "nbs"


def node_of(page: Page) -> str:
    """The words of *page* that lead to a group or command."""
    words = page.typed.split()
    return next(path for count in range(len(words), -1, -1) if (path := " ".join(words[:count])) in NODES)


@pytest.fixture(scope="module")
def speakers() -> Iterator[dict[str, Speaker]]:
    """A process for each language."""
    with Speaker("en") as english, Speaker("ko") as korean:
        yield {"en": english, "ko": korean}


@pytest.fixture
def still(fronted: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A cloud whose clock stands still and whose IDs are counted, seen from Korea, from a home whose name is short."""
    served = fronted(delay=0.0)
    monkeypatch.setattr(served.cloud, "_now", lambda: MOMENT)
    monkeypatch.setattr("nbs_cli.sandbox.web.uuid", SimpleNamespace(uuid4=lambda: identifier(0)))  # the request's ID
    monkeypatch.setenv("TZ", "KST-9")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with TemporaryDirectory(prefix="nbs-", dir="/tmp") as home:
        monkeypatch.setenv("HOME", home)
        monkeypatch.chdir(home)
        yield served
        monkeypatch.undo()


def stable(text: str) -> str:
    """Give *text* with what differs from run to run in other words, of the same width."""
    new: dict[str, str] = {}
    for found in re.findall(r"\b0{8}-0000-4000-8000-0{10}[1-9]\d\b", text):  # made at once, in any order
        new.setdefault(found, str(identifier(11 + len(new))))
    text = re.sub("|".join(new) or r"(?!)", lambda found: new[found[0]], text)
    text = re.sub(r"/tmp/nbs-\w{8}\b", HOME, text)
    text = re.sub(r"(127\.0\.0\.1):\d{5}\b", r"\1:50000", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", lambda found: found[0] if found[0] in KNOWN else "f" * 32, text)
    text = re.sub(r"\[nbs:[a-z2-7]{16}\]", f"[nbs:{'k' * 16}]", text)
    text = re.sub(r"(\(|after )\d(?=s\b)", r"\g<1>0", text)  # seconds
    return re.sub(r"(?<=/secrets/new-)[0-9a-f]{16}\b", "e" * 16, text)  # the account, its port included


def told(ran: Ran, sign: str = "|") -> str:
    """An outcome as a page shows it."""
    rows = [f"exit {ran.code}"]
    for mark, text in ((sign, ran.out), ("!", ran.err)):
        rows += [f"{mark} {line}" for line in stable(text).splitlines()]
        if text and not text.endswith("\n"):
            rows.append(f"{mark} (no newline at the end)")
    return "\n".join(rows)


class Stage:
    """Where pages are played: every time before the same cloud."""

    def __init__(self, served: Served, speakers: dict[str, Speaker], monkeypatch: pytest.MonkeyPatch) -> None:
        self.served = served
        self.speakers = speakers
        self.monkeypatch = monkeypatch
        self.too_wide: list[str] = []

    def play(self, page: Page, form: str, language: str) -> Outcomes:
        """What comes of a form of a page in a pipe, and on terminals where it is one that is looked at."""
        typed = f"{page.typed} {form}".strip()
        line = f"$ nbs {typed}".strip()
        piped = self._piped(page, typed, language)
        found = {line: piped}
        for columns in WIDTHS if form in SEEN else ():
            shown = self._at_terminal(page, typed, language, columns)
            found[f"{line}    (on a terminal of {columns} columns)"] = piped if _alike(piped, shown) else shown
        return found

    def _piped(self, page: Page, typed: str, language: str) -> str:
        words, environ = self._begin(page, typed)
        return told(self.speakers[language].run(*words, env=environ, stdin=page.stdin, keys=page.keys))

    def _at_terminal(self, page: Page, typed: str, language: str, columns: int) -> str:
        words, environ = self._begin(page, typed)
        ran = self.speakers[language].at_terminal(*words, columns=columns, env=environ, keys=page.keys)
        written = [line.removesuffix("^C") for line in lines(stable(ran.out))]  # the terminal's echo
        self.too_wide += [line for line in written if width(line) > columns and not _whole(page, line)]
        return told(Ran(ran.code, screen(stable(ran.out), columns), ""), ":")

    def _begin(self, page: Page, typed: str) -> tuple[list[str], dict[str, str]]:
        prepare(self.served, page, self.monkeypatch)
        environ = {**({} if page.anonymous else self.served.environ), **page.environ}
        return shlex.split(typed.replace(ADDRESS, self.served.url)), environ


def _whole(page: Page, line: str) -> bool:
    """Whether *line* is there to be copied, and therefore never broken; so are scripts and schemas."""
    script = {"completion": "", "help": "  ", "schema": ""}.get(node_of(page))
    return WHOLE.match(line) is not None or (script is not None and line.startswith(script))


def _alike(piped: str, shown: str) -> bool:
    """Whether a terminal shows what a pipe gets; of two streams nobody knows which line came first."""
    both = "\n| " in piped and "\n! " in piped
    return not both and re.sub("^[|!] ", ": ", piped, flags=re.MULTILINE) == shown


def blocks(page: Page, found: Outcomes) -> Iterator[str]:
    """The outcomes of a page, each once, below all lines that lead to it."""
    together: dict[str, list[str]] = {}
    for line, outcome in found.items():
        together.setdefault(outcome, []).append(line)
    given = [f"# {page.given}"] if page.given else []
    for outcome, shown in together.items():
        yield "\n".join([*given, *shown, outcome])


def files(node: str, stage: Stage) -> dict[str, str]:
    """The file of a group or command in each language."""
    found: dict[str, list[str]] = {"en": [], "ko": []}
    for page in PAGES:
        if node_of(page) != node:
            continue
        english: Outcomes = {}
        korean: Outcomes = {}
        for form in page.forms:
            english |= stage.play(page, form, "en")
            if form in SEEN or form == "-o json":
                korean |= stage.play(page, form, "ko")
        for line in korean:
            if line.endswith(" -o json") and korean[line] == english[line]:
                korean[line] = SAME
        found["en"] += blocks(page, english)
        found["ko"] += blocks(page, korean)
    return {language: "\n\n".join(parts) + "\n" for language, parts in found.items()}


def compare(path: Path, today: str) -> None:
    """Fail with the difference from the page that is kept; with GOLDEN=write keep today's."""
    if WRITES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(today, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if kept != today:
        difference = difflib.unified_diff(kept.splitlines(), today.splitlines(), "kept", "today", lineterm="")
        pytest.fail(
            f"{path.name} is another page today (GOLDEN=write keeps it):\n" + "\n".join(difference), pytrace=False
        )


@pytest.mark.parametrize("node", NODES, ids=name_of)
def test_pages(node: str, still: Served, speakers: dict[str, Speaker], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command shows in both languages, piped, at 80 and at 120 columns, and as data, is what is kept.

    No line that was written to a terminal is wider than it, but for what is there to be copied.
    """
    stage = Stage(still, speakers, monkeypatch)
    for language, today in files(node, stage).items():
        compare(FOLDER / language / f"{name_of(node)}.txt", today)
    assert stage.too_wide == []


@pytest.mark.parametrize("typed", ["volume list", "volume show 운영-db", "snapshot list", "types list", "profile list"])
def test_data_is_the_same(
    typed: str, still: Served, speakers: dict[str, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No format that programs read differs by a byte between the languages: fields, values, headers, exit codes."""
    stage = Stage(still, speakers, monkeypatch)
    page = next(page for page in PAGES if page.typed == typed and page.forms == FORMATS)
    for form in FORMATS[1:]:
        assert stage.play(page, form, "ko") == stage.play(page, form, "en")


def test_every_command_has_its_pages() -> None:
    """Every group and command its help, every command something that it does, and JSON where it prints any."""
    forms: dict[str, set[str]] = {node: set() for node in NODES}
    for page in PAGES:
        forms[node_of(page)].update(page.forms)

    assert [node for node in NODES if not set(HELP) < forms[node]] == []
    assert [node for node, shape in PRINTS.items() if shape is not None and "-o json" not in forms[node]] == []


def test_the_tree_is_the_one_that_is_told(nbs: Callable[..., Ran]) -> None:
    """`nbs commands` names each of them."""
    told_of = [command["command"] for command in json.loads(nbs("commands", "-o", "json").out)]
    assert told_of == [f"nbs {node}".strip() for node in NODES]


def test_no_page_is_left_over() -> None:
    """Every file that is kept is that of a group or command."""
    kept = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert kept == {f"{language}/{name_of(node)}.txt" for language in LANGUAGES for node in NODES}


def test_every_exit_code_has_a_page() -> None:
    """But for those of signals and pipes after which nobody looks; and a page never shows another."""
    for language in LANGUAGES:
        pages = "\n".join(path.read_text(encoding="utf-8") for path in (FOLDER / language).glob("*.txt"))
        assert {int(code) for code in re.findall(r"^exit (-?\d+)$", pages, re.MULTILINE)} == set(ExitCode) - UNSEEN
