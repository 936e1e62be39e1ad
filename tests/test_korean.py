"""Korean: golden pages of what every command shows, and of its help; pages at 120 columns in both languages.

`GOLDEN=write python -m pytest tests/test_korean.py` writes them anew, as `test_golden.py` does with the English ones.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

import pytest

from nbs_cli.output.text import width
from tests.conftest import Ran, Served
from tests.korean import Korean
from tests.test_golden import COMMANDS, FOLDER, FORMATS, PAGES, SPOKEN, compare, in_a_terminal, prepare, still, told

KO = FOLDER / "ko"
WIDE = FOLDER / "wide"
__all__ = ["still"]  # a fixture
# what is shown on terminals, too: each takes half a second
ON_TERMINALS = (
    *("types-list", "volume-list", "volume-show", "volume-create", "snapshot-list", "snapshot-prune"),
    *("snapshot-timeline", "auth-status", "profile-list", "doctor-open", "exit-4-no-credentials", "exit-5-conflict"),
)
KOREAN = {"NBS_LANG": "ko"}


@pytest.fixture(scope="module")
def speaker() -> Iterator[Korean]:
    """A process that speaks Korean."""
    with Korean() as process:
        yield process


def name_of(path: tuple[str, ...]) -> str:
    """The name of a command's page."""
    return "-".join(path) or "nbs"


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, still: Served, speaker: Korean, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command shows in Korean when it is piped, an error as JSON too, is what the page shows."""
    page = PAGES[name]
    environ = {**({} if page.anonymous else still.environ), **page.environ}
    shown = []
    for form in SPOKEN if page.formats == SPOKEN else ("",):
        words = f"{page.typed} {form}".strip()
        prepare(still, page, monkeypatch)
        shown.append(f"$ nbs {words}\n{told(Ran(*speaker.run(*shlex.split(words), env=environ)))}\n")
    compare(KO / f"{name}.txt", "\n".join(shown))


@pytest.mark.parametrize("name", ON_TERMINALS)
def test_terminal(name: str, still: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown on terminals of 120 columns in both languages, and in Korean on one of 80, is what is kept."""
    page = PAGES[name]
    environ = {**({} if page.anonymous else still.environ), **page.environ}
    shown = []
    for columns, language in ((120, {}), (80, KOREAN), (120, KOREAN)):
        prepare(still, page, monkeypatch)
        outcome = told(in_a_terminal(shlex.split(page.typed), {**environ, **language}, columns), ":")
        shown.append(f"$ nbs {page.typed}    (on a terminal of {columns} columns)\n{outcome}\n")
    compare(WIDE / f"{name}.txt", shown[0])
    compare(KO / f"{name}-terminal.txt", "\n".join(shown[1:]))


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_help(path: tuple[str, ...], columns: int, speaker: Korean) -> None:
    """The help page of every command in Korean is the one that is kept; by display width no line is too long."""
    code, page, _err = speaker.run(*path, "--help", env={"COLUMNS": str(columns)})

    compare(KO / ("help" if columns == 80 else "help-120") / f"{name_of(path)}.txt", page)
    assert code == 0
    prose = page.partition("\n예시:\n")[0].splitlines()
    assert [line for line in prose if width(line) > min(columns, 100) and len(line.split()) > 1] == []


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_wide_help(path: tuple[str, ...], nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """The English help page of every command at 120 columns is the one that is kept."""
    monkeypatch.setenv("COLUMNS", "120")
    compare(WIDE / "help" / f"{name_of(path)}.txt", nbs(*path, "--help").out)


@pytest.mark.parametrize("name", ["volume-list", "volume-show", "snapshot-list", "types-list", "profile-list"])
def test_data_is_the_same(
    name: str, still: Served, speaker: Korean, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No format that programs read differs by a byte between the languages: fields, values, headers, exit codes."""
    page = PAGES[name]
    environ = {} if page.anonymous else still.environ
    for form in FORMATS[1:]:
        words = shlex.split(f"{page.typed} {form}")
        prepare(still, page, monkeypatch)
        english = nbs(*words, env=environ)
        prepare(still, page, monkeypatch)
        assert Ran(*speaker.run(*words, env=environ)) == english


def test_no_page_is_left_over() -> None:
    """Every page that is kept is one that is made."""
    kept = {path.relative_to(FOLDER).as_posix() for folder in (KO, WIDE) for path in folder.rglob("*.txt")}
    helps = {f"{folder}/{name_of(path)}.txt" for path in COMMANDS for folder in ("ko/help", "ko/help-120", "wide/help")}
    made = {f"ko/{name}.txt" for name in PAGES} | {f"wide/{name}.txt" for name in ON_TERMINALS}

    assert kept == helps | made | {f"ko/{name}-terminal.txt" for name in ON_TERMINALS}
