"""Words and options: shared ones anywhere, aliases, the nearest word for a misspelt one."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from nbs_cli.app import GROUPS
from nbs_cli.parser import ALIASES, asked_for_json
from tests.conftest import Ran, Served

PLACES = ["before", "between", "after"]


def at(place: str, options: list[str], group: str = "volume", command: str = "list") -> list[str]:
    """A command line with *options* before the group's word, between the words, or after them."""
    parts = {"before": [*options, group, command], "between": [group, *options, command]}
    return parts.get(place, [group, command, *options])


@pytest.mark.parametrize(
    "options",
    [
        ["-o", "json"],
        ["--output", "value"],
        ["-o", "json", "-c", "name,id"],
        ["-q"],
        ["--no-header"],
        ["--region", "KR2"],
        ["--timeout", "90s"],
        ["--color", "always"],
        ["-p", "sandbox"],
        ["-oq"],
        ["--yes"],
    ],
    ids=" ".join,
)
def test_shared_options_stand_anywhere(served: Served, nbs: Callable[..., Ran], options: list[str]) -> None:
    """Before the words, between them or after them: the same output, the same requests."""
    served.cloud.seed(3)
    rans, asked = [], []
    for place in PLACES:
        served.calls.clear()
        rans.append(nbs(*at(place, options), env=served.environ))
        asked.append([call.path for call in served.calls])
    assert rans[0] == rans[1] == rans[2]
    assert asked[0] == asked[1] == asked[2]


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(["table", "json", "value"], 2)))
def test_the_last_one_typed_counts(served: Served, nbs: Callable[..., Ran], first: str, second: str) -> None:
    """An option that is given twice, before and after the word, is what it was last."""
    served.cloud.seed(1)
    twice = nbs("-o", first, "volume", "list", "-o", second, env=served.environ)
    assert twice == nbs("volume", "list", "-o", second, env=served.environ)


@pytest.mark.parametrize(("option", "variable"), [(["-o", "value"], "NBS_OUTPUT"), (["--region", "KR1"], "NBS_REGION")])
@pytest.mark.parametrize("place", PLACES)
def test_an_option_is_stronger_than_its_variable(
    served: Served, nbs: Callable[..., Ran], option: list[str], variable: str, place: str
) -> None:
    """Wherever it stands: the environment never beats what was typed."""
    served.cloud.seed(1)
    env = {**served.environ, variable: {"NBS_OUTPUT": "json", "NBS_REGION": "KR2"}[variable]}
    plain = {name: value for name, value in served.environ.items() if name != variable}
    assert nbs(*at(place, option), env=env) == nbs(*at("after", option), env=plain)


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_aliases_lead_to_the_long_word(nbs: Callable[..., Ran], alias: str) -> None:
    """`ls`, `get`, `rm`, `vol`, `snap` show the page of the word that they stand for."""
    word = ALIASES[alias]
    line = [[], [alias], [word]] if word in GROUPS else [["volume"], [alias], [word]]
    assert nbs(*line[0], *line[1], "-h") == nbs(*line[0], *line[2], "-h")
    assert nbs(*line[0], *line[1], "-h").code == 0


@pytest.mark.parametrize("word", ["vo", "volu", "snapsho", "l", "li", "cre", "del", "sh", "Volume", "LIST", "ty"])
def test_there_are_no_abbreviations(nbs: Callable[..., Ran], word: str) -> None:
    """A beginning of a word is no word, so that new commands never change the meaning of old scripts."""
    assert nbs(word, "list").code == 2
    assert nbs("volume", word).code == 2


@pytest.mark.parametrize("option", ["--out", "--outpu", "--reg", "--qui", "--no-head", "--ver"])
def test_there_are_no_abbreviated_options(nbs: Callable[..., Ran], option: str) -> None:
    """Nor is the beginning of an option an option."""
    ran = nbs("volume", "list", option)
    assert ran.code == 2
    assert option in ran.err


@pytest.mark.parametrize(
    ("args", "json"),
    [
        (["-o", "json"], True),
        (["volume", "list", "--output", "json"], True),
        (["-ojson"], True),
        (["--output=json"], True),
        (["-o", "table"], False),
        (["json"], False),
        (["-o"], False),
        ([], False),
        (["volume", "show", "-o", "value", "json"], False),
    ],
)
def test_whether_json_is_asked_for_is_seen_early(args: list[str], json: bool) -> None:
    """Before the options are read it is known in which form a mistake in them has to be told."""
    assert asked_for_json(args) is json


@pytest.mark.parametrize("ref", ["-o", "--output", "-h", "--yes", "-"])
def test_two_dashes_end_the_options(served: Served, nbs: Callable[..., Ran], ref: str) -> None:
    """After `--` a name may look like an option."""
    ran = nbs("volume", "show", "--", ref, env=served.environ, stdin="nobody\n")
    assert ran.code == 3
    assert f"there is no volume {'nobody' if ref == '-' else ref}" in ran.err


def test_a_file_of_certificates_must_be_there(nbs: Callable[..., Ran]) -> None:
    """`--ca-bundle` with a path that is none is exit 2 before anything else."""
    ran = nbs("volume", "list", "--ca-bundle", "/no/such.pem")
    assert ran.code == 2
    assert "/no/such.pem" in ran.err
