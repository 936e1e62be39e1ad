"""Mistakes in typing: the sentences of typer and of the sandbox are known, and said in the language of the person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbs_cli.mistakes import SENTENCES, pattern, translated
from nbs_cli.sandbox.forms import Mistake
from nbs_cli.sandbox.scenarios import read
from tests.conftest import Ran
from tests.korean import Korean

TYPED = {
    "missing argument {name}": ("volume show", "missing argument 'REF…'", "인자가 없습니다: 'REF…'"),
    "missing option {name}": (
        "volume upload-image x",
        "missing option '--image-name'",
        "옵션이 없습니다: '--image-name'",
    ),
    "no such option: {name}": ("volume list --zzz", "no such option: --zzz", "없는 옵션입니다: --zzz"),
    "option {name} requires an argument": (
        "volume list --limit",
        "option '--limit' requires an argument",
        "옵션에 값이 필요합니다: '--limit'",
    ),
    "option {name} does not take a value": (
        "volume list --brief=1",
        "option '--brief' does not take a value",
        "옵션에 값을 쓸 수 없습니다: '--brief'",
    ),
    "got unexpected extra argument(s) ({names})": (
        "types list a b",
        "got unexpected extra argument(s) (a b)",
        "예상하지 못한 인자가 있습니다(a b)",
    ),
    "invalid value for {name}: {why}": (
        "volume list --limit x",
        "invalid value for '--limit': 'x' is no whole number greater than 0",
        "잘못된 값('--limit'): 0보다 큰 정수가 아닙니다: 'x'",
    ),
    "{value} is no whole number from {low} to {high}": (
        "sandbox fault add status code=9",
        "code: '9' is no whole number from 200 to 599",
        "200부터 599까지의 정수가 아닙니다: code: '9'",
    ),
    "{value} is no number from {low} to {high}": (
        "sandbox fault add latency seconds=-1",
        "seconds: '-1' is no number from 0 to 86400",
        "0부터 86400까지의 수가 아닙니다: seconds: '-1'",
    ),
    "{value} is no number above {low} to {high}": (
        "sandbox fault add hang --probability 0",
        "probability: '0' is no number above 0 to 1",
        "0보다 크고 1 이하인 수가 아닙니다: probability: '0'",
    ),
    "{value} is none of {choices}": (
        "sandbox fault add reset when=never",
        "when: 'never' is none of before, after, next",
        "when: 'never': 다음 가운데 하나여야 합니다: before, after, next",
    ),
    "{value} is no header such as 'Retry-After: 3'": (
        "sandbox fault add status header=x",
        "header: 'x' is no header such as 'Retry-After: 3'",
        "'Retry-After: 3' 같은 헤더가 아닙니다: header: 'x'",
    ),
    "{value} fits no request: a path begins with / or *, as in '*/volumes*'": (
        "sandbox fault add hang --path volumes",
        "path: 'volumes' fits no request: a path begins with / or *, as in '*/volumes*'",
        "path: 'volumes': 맞는 요청이 없습니다. 경로는 '*/volumes*'처럼 / 또는 *로 시작합니다",
    ),
    "{kind} happens in the cloud and has no {name}": (
        "sandbox fault add create-error --method POST",
        "create-error happens in the cloud and has no method",
        "create-error: 클라우드에서 일어나는 장애에는 method 조건이 없습니다",
    ),
    "{kind} has no parameter {name}": (
        "sandbox fault add hang code=1",
        "hang has no parameter 'code'",
        "hang: 'code' 매개변수는 없습니다",
    ),
    "{kind} needs {name}: {why}": (
        "sandbox fault add replace",
        "replace needs find: the text",
        "replace: find 매개변수가 필요합니다: 문자열",
    ),
    "there is no fault {kind}": (
        "sandbox fault add nonsense",
        "there is no fault 'nonsense'",
        "그런 장애는 없습니다: 'nonsense'",
    ),
}
# of what a scenario may hold and a command line not
SCENARIOS = {
    "{path}: there is no {name} in a scenario": "x = 1",
    "{path}: there is no setting {name}": "[settings]\nx = 1",
    "{path}: a fault is written below [[fault]]": "[fault]\nkind = 'hang'",
    "{path}: settings are written below [settings]": "settings = 1",
    '{place}: a fault needs its kind, such as kind = "status"': "[[fault]]\nmethod = 'GET'",
    "{place}: {why}": "[[fault]]\nkind = 'nonsense'",
    "{value} is neither true nor false": "[settings]\nlinks = 1",
    "{value} is no text": "[[fault]]\nkind = 'status'\nbody = 1",
    "{value} holds what cannot be sent": "[[fault]]\nkind = 'status'\ntype = 'a\\nb'",
}


@pytest.fixture(scope="module")
def speaker() -> Iterator[Korean]:
    """A process that speaks Korean."""
    with Korean() as process:
        yield process


@pytest.mark.parametrize("sentence", TYPED)
def test_sentences(sentence: str, nbs: Callable[..., Ran], speaker: Korean) -> None:
    """Each sentence is one that is said today, in English and in Korean."""
    line, english, korean = TYPED[sentence]

    assert sentence in SENTENCES
    assert nbs(*line.split()).err.splitlines()[0] == f"nbs: {english}"
    code, _out, err = speaker.run(*line.split())
    assert (code, err.splitlines()[0]) == (2, f"nbs: {korean}")


@pytest.mark.parametrize("sentence", SCENARIOS)
def test_sentences_of_scenarios(sentence: str, home: Path) -> None:
    """Each sentence is one that the sandbox says of a scenario, behind the place where it is wrong."""
    file = home / "scenario.toml"
    file.write_text(SCENARIOS[sentence].replace("'a\\nb'", '"a\\nb"'), encoding="utf-8")

    with pytest.raises(Mistake) as caught:
        read(file)
    said = caught.value.message
    assert any(pattern(sentence).fullmatch(said[start.start() :]) for start in re.finditer(r"(?:(?<=: )|^)", said)), (
        said
    )


def test_every_sentence_is_said() -> None:
    """None is kept that nothing can bring about."""
    assert {*TYPED, *SCENARIOS} == set(SENTENCES)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("missing argument 'REF…'", "missing argument 'REF…'"),
        ("something new in typer", "something new in typer"),
        ("no such option: --{name}", "no such option: --{name}"),
        ("invalid value for 'N': no {why} at all", "invalid value for 'N': no {why} at all"),
        ("", ""),
    ],
)
def test_what_is_unknown_stays(said: str, told: str) -> None:
    """A sentence that is not known stays in typer's words; braces that were typed are no placeholders."""
    assert translated(said) == told
