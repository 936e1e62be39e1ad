"""The manual pages and what else is written from the command tree: current, whole, and good roff."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli import manual, reference, roff
from nbs_cli.errors import ExitCode
from nbs_cli.grammar import PRINTS, Grammar
from tests.conftest import Ran

GRAMMAR = Grammar()
MAN = reference.ROOT / "man/man1"
KOREAN = reference.ROOT / "man/ko"
PAGES = sorted([*MAN.glob("*.1"), *KOREAN.glob("man?/*")])  # those of topics: test_topics.py
COMMANDS = [path for path, node in GRAMMAR.nodes.items() if not node.commands]


def shown(page: Path) -> str:
    """The page as people read it."""
    env = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run(["man", "-l", str(page)], env=env, capture_output=True, text=True, check=True)
    return done.stdout


def name_of(path: str) -> str:
    """The name of the page of a command."""
    return "-".join(("nbs", *path.split()))


def test_current() -> None:
    """man/, completions/ and what completion knows are what the command tree gives today.

    `python -m nbs_cli.reference` writes them.
    """
    assert reference.stale() == []


def test_write_and_check(tmp_path: Path) -> None:
    """Writing brings a folder up to date, removes what no command has any more, and is idle the second time."""
    (tmp_path / "nbs_cli").mkdir()
    (tmp_path / "man/man1").mkdir(parents=True)
    (tmp_path / "man/man1/nbs-gone.1").touch()

    assert "man/man1/nbs-gone.1" in reference.stale(tmp_path)
    assert reference.TABLE in reference.write(tmp_path)
    assert reference.stale(tmp_path) == reference.write(tmp_path) == []
    (tmp_path / "man/ko/man1/nbs.1").write_text("old", encoding="utf-8")
    assert reference.stale(tmp_path) == ["man/ko/man1/nbs.1"]


def test_check_names_what_is_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` prints the names of stale files and exits 1; with none it exits 0 and says nothing."""
    assert reference.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(reference, "written", lambda: {"man/man1/nbs.1": "new"})
    assert reference.main(["--check"]) == 1
    assert "man/man1/nbs.1\n" in capsys.readouterr().out


def test_every_command_says_what_it_prints() -> None:
    """Each command has its line in `grammar.PRINTS`, and none is there that is gone."""
    assert set(PRINTS) == set(COMMANDS)


@pytest.mark.parametrize("path", list(GRAMMAR.nodes))
def test_options_are_those_of_the_help(path: str, nbs: Callable[..., Ran], capsys: pytest.CaptureFixture[str]) -> None:
    """The options in a command's `--help` are in its page, and those in its page in the help."""
    option = r"(?<![\w-])--?[a-zA-Z][\w-]*"
    helped = set(re.findall(option, _options(nbs(*path.split(), "--help").out)))
    page = (MAN / f"{name_of(path)}.1").read_text(encoding="utf-8")
    labels = re.findall(r"^\.TP\n(.*)$", page.partition('.SH "OPTIONS"')[2].partition("\n.SH ")[0], re.MULTILINE)
    told = {word for label in labels for word in re.findall(option, label.replace("\\-", "-"))}

    assert told == helped
    assert len(told) > 15


def _options(text: str) -> str:
    """The option names of a help page: the first column, and the line that names the shared ones."""
    rows = re.findall(r"^  (-.*?)(?:  |$)", text, re.MULTILINE)
    shared = text.partition("Everywhere (see `nbs --help`):")[2].partition("\n\n")[0]
    return " ".join(rows) + " " + shared.replace("/", " ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.parent.name}-{page.stem}")
def test_roff_has_no_warnings(page: Path) -> None:
    """The roff program finds nothing to warn of in a page, with every warning switched on."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    device = ["-Tutf8"] if page.is_relative_to(KOREAN) else []  # others have no Korean letters
    command = ["groff", "-man", "-ww", "-z", *device, str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_man_shows_pages() -> None:
    """The reader `man` shows a page with its sections, commands as they are typed, and nothing that copies badly."""
    if shutil.which("man") is None or not shown_by_man():
        pytest.skip("man does not show pages here")
    text = shown(MAN / "nbs-volume-create.1")

    assert re.findall(r"^[A-Z][A-Z ]+$", text, re.MULTILINE) == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "OUTPUT",
        "EXAMPLES",
        "EXIT STATUS",
        "SEE ALSO",
    ]
    assert "nbs volume create --size 100 --name data-1 --type ssd --zone kr-pub-a --wait" in text
    assert "volume_type (type)" in text
    assert not re.search(r"\w‐\w", text)
    assert "jq '.[].id'" in shown(MAN / "nbs.1")


def shown_by_man() -> bool:
    """Whether man is the real one: slim images have a stand-in that shows nothing."""
    done = subprocess.run(["man", "-l", str(MAN / "nbs.1")], capture_output=True, text=True, check=False)
    return "SYNOPSIS" in done.stdout


def test_sections() -> None:
    """A page has the fields of what is printed, the statuses where there are any, and the pages beside it."""
    wait = (MAN / "nbs-snapshot-wait.1").read_text(encoding="utf-8")

    assert "\n\\fB\\%unmanaging\\fR\n" in wait
    assert "os\\-extended\\-snapshot\\-attributes:progress\\fR (progress)\n" in wait
    assert "\\fB\\%nbs\\-snapshot\\-create\\fR(1)" in wait
    assert "STATUSES" in (MAN / "nbs-volume.1").read_text(encoding="utf-8")
    assert "STATUSES" not in (MAN / "nbs-types-list.1").read_text(encoding="utf-8")


def test_overview() -> None:
    """nbs(1) has every command with its options, every exit code, and every variable that the code reads."""
    overview = (MAN / "nbs.1").read_text(encoding="utf-8")
    told = {"manual.py", "sections.py"}  # these tell of variables and read none
    sources = [path for path in (reference.ROOT / "nbs_cli").rglob("*.py") if path.name not in told]
    read = set(re.findall(r"\b(?:NBS|OS)_[A-Z_]+\b", "\n".join(path.read_text(encoding="utf-8") for path in sources)))

    assert [code for code, _words in manual.exits()] == list(ExitCode)
    for path in COMMANDS:
        assert roff.escaped(name_of(path)) in overview
    assert {name for names, _help in manual.ENVIRONMENT for name in re.findall(r"\b(?:NBS|OS)_[A-Z_]+", names)} == read
    assert "not\\-found: what was named does not exist" in overview


def test_nothing_given_is_markup() -> None:
    """A dot or a quote that begins a line, a backslash, a letter beyond ASCII: roff gets text, not a request."""
    page = roff.Page("x", 1, "f", "h")
    page.paragraphs(".de evil\n\n'so /etc/passwd\n\n\\fB `a-b\\c` 한 …")
    page.literal([".so x", "a  -b"])

    assert page.text.splitlines()[2:] == [
        ".PP",
        "\\&.de evil",
        ".PP",
        "\\(aqso /etc/passwd",
        ".PP",
        "\\efB \\fB\\%a\\-b\\ec\\fR \\[uD55C] ...",
        ".PP",
        ".in +4n",
        ".EX",
        "\\&.so x",
        "a\\ \\ \\-b",
        ".EE",
        ".in",
    ]


def test_korean_pages() -> None:
    """Each page has its like in Korean, with the same options, commands, examples and fields, and Korean words."""
    told = {page.relative_to(MAN.parent): page for page in MAN.parent.glob("man?/*")}
    assert {page.relative_to(KOREAN) for page in KOREAN.glob("man?/*")} == told.keys()
    for name, page in told.items():
        english, korean = (file.read_text(encoding="utf-8") for file in (page, KOREAN / name))
        assert len(re.findall(r"^\.(?:SH|SS|TP|EX)", korean, re.MULTILINE)) == len(
            re.findall(r"^\.(?:SH|SS|TP|EX)", english, re.MULTILINE)
        )
        assert re.findall(r"\.EX\n(.*?)\.EE", korean, re.DOTALL) == re.findall(r"\.EX\n(.*?)\.EE", english, re.DOTALL)
        assert korean.count("\\[uC") > 20


def test_pages_are_reproducible() -> None:
    """A second writing gives the same bytes: no date, no path, nothing of the machine."""
    assert manual.pages(Grammar()) == manual.pages(GRAMMAR)
    assert not any(str(Path.home()) in text for text in reference.written().values())
