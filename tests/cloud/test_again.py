"""From the body of a create back to its command line: what is typed from it sends the same body."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.again import command
from tests.conftest import Ran, Served

WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, blacklist_categories=["Cc", "Cs"]), max_size=20)
KEYS = st.from_regex(r"[A-Za-z0-9._/-]{1,40}", fullmatch=True)


def sent(ran: Ran) -> Any:
    """The body that a rehearsal shows, without its mark."""
    assert ran.code == 0, ran.err
    (body,) = json.loads(ran.out)[0]["body"].values()
    return body


@settings(database=None, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=WORDS,
    description=WORDS,
    metadata=st.dictionaries(
        WORDS.filter(lambda word: word and "=" not in word and not word.startswith("nbs:")), WORDS, max_size=3
    ),
    key=KEYS,
)
def test_what_was_typed_comes_back(
    served: Served, nbs: Callable[..., Ran], name: str, description: str, metadata: dict[str, str], key: str
) -> None:
    """Quotes, dashes, dollars, Korean, nothing: the same body again, with the same key."""
    body: dict[str, Any] = {"size": 3, "name": name, "description": description, "metadata": metadata}
    words = shlex.split(command("volume", body, key))
    again = sent(nbs(*words, "--dry-run", "-o", "json", env=served.environ))
    assert again.pop("metadata") == {**body.pop("metadata"), "nbs:request": key}
    assert again == body


def test_every_parameter_has_its_option(served: Served, nbs: Callable[..., Ran]) -> None:
    """Types by name, snapshots and volumes by ID, `--force` of a snapshot."""
    env = served.environ
    origin = nbs("volume", "create", "--size", "1", "-q", env=env).out.strip()
    served.cloud.advance(5)
    snapshot = nbs("snapshot", "create", origin, "-q", env=env).out.strip()
    served.cloud.advance(5)
    volume = {"size": 2, "volume_type": "General SSD", "availability_zone": "kr-pub-b", "snapshot_id": snapshot}
    words = shlex.split(command("volume", volume, "k"))
    assert sent(nbs(*words, "--dry-run", "-o", "json", env=env)) == {**volume, "metadata": {"nbs:request": "k"}}
    body = {"volume_id": origin, "name": "s", "description": "매일", "force": True}
    words = shlex.split(command("snapshot", body, "k"))
    assert sent(nbs(*words, "--dry-run", "-o", "json", env=env)) == {**body, "description": "매일 [nbs:k]"}


@pytest.mark.parametrize(("name", "words"), [("a b", "--name 'a b'"), ("-x", "--name=-x"), ("$(x)", "--name '$(x)'")])
def test_it_can_be_pasted_into_a_shell(name: str, words: str) -> None:
    """Quoted where a shell would read more into it."""
    assert command("volume", {"size": 1, "name": name}, "k") == f"volume create --size 1 {words} --request-key k"
