"""`nbs help TOPIC` and `nbs commands`: complete, the same on a terminal, in man pages and for programs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from nbs_cli import reference, topics
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.errors import ExitCode
from nbs_cli.grammar import _KINDS, Grammar
from nbs_cli.manual import ENVIRONMENT
from nbs_cli.output.text import width
from tests.conftest import Ran

MAN = reference.ROOT / "man" / "man7"
Run = Callable[..., Ran]


@pytest.mark.parametrize("name", topics.TOPICS)
@pytest.mark.parametrize("columns", [60, 100])
def test_a_topic_fits_the_terminal(nbs: Run, monkeypatch: pytest.MonkeyPatch, name: str, columns: int) -> None:
    """Every paragraph is wrapped; lines to be typed, and names, stay whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = nbs("help", name)
    typed = {f"  {line}" for section in topics.TOPICS[name].sections for line in section.lines}
    assert (ran.code, ran.err) == (0, "")
    typed |= {f"  {label}" for section in topics.TOPICS[name].sections for label, _words in section.rows}
    wide = [line for line in ran.out.splitlines() if width(line) > columns and line not in typed]
    assert [line for line in wide if len(line.split()) > 1] == []


def test_the_contract_is_told(nbs: Run) -> None:
    """Every exit code twice (what it says, what to do), every variable, every status of the guide with its meaning."""
    codes = nbs("help", "exit-codes").out
    assert all(codes.count(f"\n  {int(code):<3}  ") == 2 for code in ExitCode)
    assert [code for code, _words in topics.REACTIONS] == list(ExitCode)
    variables = nbs("help", "environment").out
    assert all(f"  {names}" in variables.replace(",\n    ", ", ") for names, _words in ENVIRONMENT)
    statuses = nbs("help", "statuses").out
    for name, meaning in (*VOLUME.statuses, *SNAPSHOT.statuses):
        assert f"  {name} " in statuses
        assert " ".join(meaning.split()) in " ".join(statuses.split())


def test_topics_are_listed_and_nearly_named(nbs: Run) -> None:
    """Alone all of them; a wrong word gives the nearest; a TAB knows them."""
    alone = nbs("help")
    assert all(f"  {name} " in alone.out for name in topics.TOPICS)
    wrong = nbs("help", "exit-code")
    assert wrong.code == 3
    assert "exit-codes" in wrong.err
    assert _KINDS["help TOPIC"].split()[2:] == list(topics.TOPICS)


@pytest.mark.parametrize("name", topics.TOPICS)
@pytest.mark.skipif(shutil.which("groff") is None, reason="groff shows whether the roff is good")
def test_a_topic_is_a_manual_page(name: str) -> None:
    """Groff reads it without a warning and shows its sections."""
    page = MAN / f"nbs-help-{name}.7"
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-c", str(page)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    for section in topics.TOPICS[name].sections:
        assert section.title in re.sub(".\b", "", done.stdout)


def test_the_command_tree(nbs: Run) -> None:
    """Every command with its own options, the shared ones once, and the shape that it prints."""
    rows = json.loads(nbs("commands", "-o", "json").out)
    paths = ["nbs", *(f"nbs {path}" for path in Grammar().nodes if path)]
    assert [row["command"] for row in rows] == paths
    named = {row["command"]: row for row in rows}
    assert "--query" in str(named["nbs"]["options"])
    assert "--query" not in str(named["nbs volume create"]["options"])
    (size,) = [one for one in named["nbs volume create"]["options"] if "--size" in one["names"]]
    assert (size["metavar"], size["flag"], size["many"]) == ("GB", False, False)
    assert named["nbs volume list"]["prints"] == "volume"
    assert nbs("commands", "-q").out.splitlines() == paths


def test_the_command_tree_is_whole(nbs: Run) -> None:
    """Words, defaults, variables, aliases, exit codes: what a program would otherwise have to read in the help."""
    rows = json.loads(nbs("commands", "-o", "json").out)
    options = {name: one for one in rows[0]["options"] for name in one["names"]}
    assert options["-o"]["values"] == ["table", "json", "jsonl", "yaml", "csv", "value"]
    assert (options["-o"]["default"], options["-o"]["environment"]) == ("table", ["NBS_OUTPUT"])
    assert (options["--color"]["default"], options["--region"]["values"]) == ("auto", None)
    assert options["--ca-bundle"]["environment"][0] == "NBS_CA_BUNDLE"
    assert [one["code"] for one in rows[0]["exit_codes"]] == [int(code) for code in ExitCode]
    variables = {one["name"] for one in rows[0]["environment"]}
    assert {name for names, _words in ENVIRONMENT for name in names.split(", ")} == variables
    said = {name for row in rows for one in row["options"] for name in one["environment"]}
    assert said <= variables | {"LC_ALL", "LC_MESSAGES", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
    named = {row["command"]: row for row in rows}
    assert named["nbs volume list"]["aliases"] == ["ls"]
    assert named["nbs volume upload-image"]["prints"] == "image"
    (parallel,) = [one for one in named["nbs volume delete"]["options"] if "--parallel" in one["names"]]
    assert parallel["default"] == "8"
    (shape,) = named["nbs schema"]["arguments"]
    assert "volume_tree" in shape["values"]
    for name in shape["values"]:
        assert nbs("schema", name).code == 0
