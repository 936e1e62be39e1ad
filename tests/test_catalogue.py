"""The Korean catalogue: whole, current, with the same placeholders and commands, in the words of the guide."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from tests import catalogue, glossary
from tests.test_house import MODULES, TREES

PO = catalogue.kept()
ENTRIES = {catalogue.identifier(entry.id): entry for entry in PO if entry.id}
# a placeholder's last sound is not known, so no particle that depends on it may follow
_PARTICLE = re.compile(r"\}['\"]*(?:을|를|이|가|은|는|과|와|으로|로|이나|나|이라|\(으\)로|이며|며)(?![가-힣])")
_MISSPELT = re.compile("메세지|컨텐츠|어플리케이션|갯수|몇일|되십시오|됬|안됩|[가-힣] ,|[가-힣] \\.(?:\\s|$)")
# what is said as it is typed: placeholders, code, options, menus of the console, methods and paths
_TYPED = re.compile(r"\{[^}]*\}|`[^`]*`|--[a-z-]+|Compute > \w+|\b[A-Z]{3,}\b|/[\w.]+")
# entries in which a term of the list is a value, or another word, by how they begin
_OTHERWISE = {
    "values as they are typed": (
        "Realm (",
        "exit-codes, environment,",
        "one of cut, word,",
        "present at the first look",
        "realm, region, read_only",
        "Tell about a topic",
        "volume, snapshot, types, image",
        "volume or snapshot",
        "what happens: status, reset",
        "what it was to make: volume or",
        "where its secret lies",
        "where the password is kept",
    ),
    "names of the API, of a file's keys, of a profile": (
        "{path}: profiles.{name} is no table",
        "{place}: a fault needs its kind",
        "lists without a limit",
        "log in once, with the values of the console",
        "POST snapshots",
        "POST tokens",
        "rows of a page without a limit",
        "the sandbox profile",
        "the state in FILE, not the sandbox profile's",
    ),
    "the guide is shorter": (
        "extended replication status",
        "volumes that no instance has",
        "whether an instance can boot",
        "whether several instances may",
    ),
    "a word in an example": (
        "`==` compares, and a text",
        "a number stands in backticks",
    ),
    "another word in Korean": (
        "--include-unmanaged asks before it removes",
        "`-c` chooses columns",
        "a delete asks first, and nobody is there to answer",
        "exit status {code}",
        "NHN's page on tokens",
        "the certificate of {address} is not accepted",
    ),
}
# where a text is looked up that is not written there: `catalogue.py` knows where these are
_LOOKED_UP = {
    "nbs_cli.candidates",
    "nbs_cli.cloud.nouns",
    "nbs_cli.commands.checks",
    "nbs_cli.commands.faults",
    "nbs_cli.manual",
    "nbs_cli.mistakes",
    "nbs_cli.sections",
}


def texts() -> Iterator[tuple[str, str]]:
    """Every entry's English text, the plural one where there are two, with the Korean one."""
    for entry in ENTRIES.values():
        yield (entry.id if isinstance(entry.id, str) else entry.id[1]), translation(entry)


def translation(entry: Message) -> str:
    """The Korean text of an entry, the only one where English has two."""
    found = entry.string or ""
    return found if isinstance(found, str) else found[0]


def test_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is missing, stale or untranslated; `python -m tests.catalogue` says what is, and adds what is missing."""
    assert (catalogue.main(["--check"]), capsys.readouterr().out) == (0, "")


def test_a_new_word_is_missed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A text that the code has and the catalogue has not, or the other way round, is named, and the check fails."""
    found = catalogue.found()
    gone = next(iter(found))
    monkeypatch.setattr(
        catalogue, "found", lambda: {"brand new": ["x"], **{k: v for k, v in found.items() if k != gone}}
    )

    assert catalogue.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "missing: 'brand new'",
        f"stale: {gone!r}",
        "untranslated: 'brand new'",
    ]


def test_every_word_is_found() -> None:
    """What stands in a call of `_` or `plural` is in the catalogue; nothing else is looked up but what is known."""
    found = set(catalogue.found())
    for name in MODULES:
        for call in ast.walk(TREES[name]):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"_", "plural"}:
                words = call.args[: 2 if call.func.id == "plural" else 1]
                if all(isinstance(word, ast.Constant) for word in words):
                    written = tuple(word.value for word in words if isinstance(word, ast.Constant))
                    assert (written if len(written) > 1 else written[0]) in found
                else:
                    assert name in _LOOKED_UP


def test_compiled() -> None:
    """The .mo that is loaded says what the .po says, entry by entry."""
    with catalogue.MO.open("rb") as file:
        loaded = GNUTranslations(file)
    for entry in ENTRIES.values():
        if isinstance(entry.id, str):
            assert loaded.gettext(entry.id) == entry.string
        else:
            one, many = entry.id
            assert loaded.ngettext(one, many, 1) == loaded.ngettext(one, many, 2) == translation(entry)
    assert loaded.gettext("no entry") == "no entry"


def test_writing_is_idle_when_nothing_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing again gives the same files: no date, no version of a tool."""
    before = (catalogue.PO.read_bytes(), catalogue.MO.read_bytes())
    for name in ("PO", "MO"):
        file = tmp_path / name
        file.write_bytes(getattr(catalogue, name).read_bytes())
        monkeypatch.setattr(catalogue, name, file)
    catalogue.main([])

    assert (catalogue.PO.read_bytes(), catalogue.MO.read_bytes()) == before
    assert b"Date" not in before[0][:500]


@pytest.mark.parametrize("pattern", [r"\{[^}]*\}", r"`[^`]+`", r"(?<![\w-])--[a-z][a-z-]+", r"\b(?:NBS|OS)_[A-Z_]+"])
def test_what_is_no_word_stays(pattern: str) -> None:
    """Placeholders, commands in backticks, options and variables are those of the English text."""
    for english, korean in texts():
        assert sorted(set(re.findall(pattern, korean))) == sorted(set(re.findall(pattern, english))), english


def test_no_particle_depends_on_data() -> None:
    """No particle stands behind a placeholder whose form its last sound would decide."""
    assert [korean for _english, korean in texts() if _PARTICLE.search(korean)] == []


def test_terms() -> None:
    """Where English has a term of the README's list, Korean has its word: one word for one thing."""
    otherwise = tuple(chain.from_iterable(_OTHERWISE.values()))
    needed = set()
    for english, korean in texts():
        said = _TYPED.sub("", english)
        missing = [
            term.korean
            for term in glossary.TERMS
            if term.stands_in(said) and not any(word in korean for word in term.korean)
        ]
        starts = {start for start in otherwise if english.startswith(start)}
        assert bool(missing) == bool(starts), (english, korean, missing)
        needed |= starts
    assert needed == set(otherwise)


def test_every_term_is_used() -> None:
    """Each word of the README's list stands in the catalogue: the list tells of nothing that is not said."""
    said = "\n".join(korean for _english, korean in texts())
    words = [word for term in glossary.TERMS for word in term.korean]

    assert [word for word in words if word not in said] == []
    assert len(words) == len(set(words)) > 100


def test_no_misnomer() -> None:
    """No sentence of the catalogue or of the Korean README has a word that the README's list avoids, but as data."""
    for text in chain((korean for _english, korean in texts()), glossary.sentences()):
        assert glossary.misnomers(text) == [], text
        assert not _MISSPELT.search(text), text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("볼륨 타입을 고르십시오", ["볼륨"]),
        ("스냅샷을 생성했습니다: {name}", ["스냅샷"]),
        ("가용 영역이 비어 있습니다", ["가용 영역"]),
        ("이름이 `볼륨-1`인 블록 스토리지", []),
        ("블록 스토리지와 스냅숏의 가용성 영역", []),
    ],
)
def test_a_misnomer_is_found(text: str, found: list[str]) -> None:
    """The search for avoided words finds one, and lets names in backticks be."""
    assert glossary.misnomers(text) == found


def test_every_text_is_korean() -> None:
    """An entry that is the same in both languages is one that has no words of its own: names, values, commands."""
    same = {english for english, korean in texts() if not re.search("[가-힣]", korean)}
    assert all(len(text) < 80 for text in same)
    assert {text for text in same if not re.fullmatch(r"[\w`:,.… {}()#/'-]*", text)} == set()
    assert len(same) < 50


@pytest.mark.parametrize("encoding", ["cp949", "euc_kr"])
def test_korean_encodings_can_write_it(encoding: str) -> None:
    """No text holds a letter that the encodings of Korean systems lack."""
    for _english, korean in texts():
        korean.encode(encoding)


def test_polite_and_finished() -> None:
    """No doubled or trailing spaces, and sentences of one manner: none ends in the plain form or the informal one."""
    for english, korean in texts():
        assert korean.rstrip() == korean
        assert "  " not in korean.replace("\n  ", "\n") or "  " in english
        assert not re.search(r"(?:한다|된다|했다|없다|있다|하세요|이에요|예요|해요)(?:\.|$)", korean)
