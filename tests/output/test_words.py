"""Words for people: English as long as there is no other catalogue, and which language is chosen."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from nbs_cli.output import words
from nbs_cli.output.words import _, language, plural
from tests.conftest import Ran


def test_words_stay_what_they_are() -> None:
    """A text without a translation is itself, placeholders and all."""
    assert _("there is no {noun} {ref}") == "there is no {noun} {ref}"


@pytest.mark.parametrize(("count", "word"), [(0, "snapshots"), (1, "snapshot"), (2, "snapshots")])
def test_the_number_chooses_the_word(count: int, word: str) -> None:
    """One is one, everything else is many."""
    assert plural("snapshot", "snapshots", count) == word


@pytest.mark.parametrize(
    ("line", "environ", "chosen"),
    [
        ("", {}, "en"),
        ("--lang ko", {"NBS_LANG": "en"}, "ko"),
        ("volume list --lang=ko", {"LANG": "C"}, "ko"),
        ("--lang en volume list", {"NBS_LANG": "ko"}, "en"),
        ("--lang en volume list --lang ko", {}, "ko"),
        ("--lang kr", {"NBS_LANG": "ko"}, "ko"),  # the parser refuses it, in words that are understood
        ("--lang", {}, "en"),
        ("volume show -- --lang ko", {}, "en"),
        ("", {"NBS_LANG": "ko", "LC_ALL": "en_US.UTF-8"}, "ko"),
        ("", {"NBS_LANG": "", "LC_ALL": "", "LC_MESSAGES": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ("", {"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, "en"),
        ("", {"LC_ALL": "POSIX"}, "en"),
        ("", {"LANG": "ko_KR.eucKR"}, "ko"),
        ("", {"LANG": "ko"}, "ko"),
        ("", {"LANG": "ko@quot"}, "ko"),
        ("", {"NBS_LANG": "KO"}, "ko"),
        ("", {"LANG": "kok_IN.UTF-8"}, "en"),  # Konkani
        ("", {"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_language_of_a_line(line: str, environ: dict[str, str], chosen: str) -> None:
    """`--lang` wherever it stands, the last one; NBS_LANG; LC_ALL, LC_MESSAGES, LANG; empty is unset."""
    assert language(line.split(), environ) == chosen


@pytest.mark.parametrize(("encoding", "chosen"), [("utf-8", "ko"), ("cp949", "ko"), ("ascii", "en"), ("latin-1", "en")])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_must_be_able_to_write_it(
    monkeypatch: pytest.MonkeyPatch, stream: str, encoding: str, chosen: str
) -> None:
    """Where a stream cannot write Korean, English is spoken: nobody reads escapes of letters."""
    monkeypatch.setattr(sys, stream, io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert language(["--lang", "ko"], {}) == chosen


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that does not exist has no say."""
    monkeypatch.setattr(sys, "stdout", None)
    assert language(["--lang", "ko"], {}) == "ko"


def test_a_catalogue_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Without the file words are English, and nothing fails."""
    monkeypatch.setattr(words, "_CATALOGUES", tmp_path)
    words.speak("ko")
    assert _("no credentials") == "no credentials"


@pytest.mark.parametrize(
    ("args", "environ"),
    [
        (["--lang", "ko", "volume", "lst"], {}),
        (["volume", "lst", "--lang=ko"], {}),
        (["volume", "lst"], {"NBS_LANG": "ko"}),
        (["volume", "lst"], {"NBS_LANG": "", "LC_ALL": "ko_KR.UTF-8", "PYTHONUTF8": "1"}),
    ],
)
def test_the_command_speaks(installed: Callable[..., Ran], args: list[str], environ: dict[str, str]) -> None:
    """The option before and after the command word, the variable and the locale reach the command itself."""
    assert installed(*args, env=environ) == Ran(
        2, "", "nbs: `nbs volume lst` 명령은 없습니다\nhint: 혹시 `nbs volume list` 명령입니까?\n"
    )


def test_completion_speaks(installed: Callable[..., Ran]) -> None:
    """What the shells show beside a word is in the person's language, too."""
    assert "블록 스토리지를 삭제합니다" in installed("__complete", "words", "+volume", "+d", env={"NBS_LANG": "ko"}).out


@pytest.mark.parametrize("line", ["--lang kr volume list", "volume list --lang kr"])
def test_a_language_that_is_none(nbs: Callable[..., Ran], line: str) -> None:
    """Another language is refused with those that there are, before anything is asked."""
    assert nbs(*line.split()) == Ran(2, "", "nbs: there is no language 'kr' here\nhint: the languages are en, ko\n")
