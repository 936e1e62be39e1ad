"""The Korean catalogue: whole, current, with the same placeholders and commands, in the words of the guide."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from tests import catalogue
from tests.test_house import MODULES, TREES

PO = catalogue.kept()
ENTRIES = {catalogue.identifier(entry.id): entry for entry in PO if entry.id}
# a placeholder's last sound is not known, so no particle that depends on it may follow
_PARTICLE = re.compile(r"\}['\"]*(?:을|를|이|가|은|는|과|와|으로|로|이나|나|이라|\(으\)로|이며|며)(?![가-힣])")
_NOT_THE_GUIDES = re.compile("볼륨|스냅샷|블럭|쿼터|유저|패스워드|가용 영역|가용존|리젼|토픈|메세지|컨텐츠")
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
    """The guide's words: 블록 스토리지, 스냅숏, 블록 스토리지 타입, 할당량 …, as the README's glossary lists them."""
    assert [korean for _english, korean in texts() if _NOT_THE_GUIDES.search(korean)] == []
    terms = (
        (r"\bsnapshots?\b", "스냅숏|snapshot|--"),
        (r"\bvolume types?\b", "타입"),
        (r"\bavailability zone\b", "가용성 영역"),
        (r"\bquota\b", "할당량"),
        (r"\bkeyring\b", "키링|keyring"),
        (r"\bservice catalog\b", "카탈로그"),
        (r"\brequest key\b", "요청 키"),
        (r"\btenant\b", "테넌트"),
        (r"\bregions?\b", "리전|region|카탈로그"),
        (r"\btokens?\b", "토큰|token"),
    )
    for english, korean in texts():
        for term, wanted in terms:
            if re.search(term, english) and "`" not in english:
                assert re.search(wanted, korean), english


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
