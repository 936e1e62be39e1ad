"""Raw calls: which paths may be sent, which lists have pages."""

from __future__ import annotations

import pytest

from nbs_cli.cloud import raw
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.errors import Usage


@pytest.mark.parametrize(
    "path", ["/", "/volumes", "/volumes/detail?limit=5&sort=name:asc", "/volumes/a%20b", "/x?next=../y", "/a.b/..c"]
)
def test_paths_below_the_endpoint(path: str) -> None:
    """Every path that stays below it passes, whatever stands in its query."""
    raw.check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "volumes", "http://evil.example/", "https:/x", "//evil.example/x", "@evil.example", "/a b", "/볼륨"),
        *("/a\\b", "/a#b", "/a\r\nHost: x", "/..", "/../x", "/volumes/../../x", "/%2e%2e/x", "/a/%2E./b", "/./x"),
        *("/a%2f..%2fb", "/a/..%5cb", "/x\x7f", "/\ud800"),
    ],
)
def test_no_other_place(path: str) -> None:
    """Other origins, ways up (however they are written), and what no URL can carry are refused."""
    with pytest.raises(Usage):
        raw.check_path(path)


def test_lists() -> None:
    """A list's path gives its resource and its filters; what paging chooses itself is refused, other paths too."""
    assert raw.listed("/volumes/detail?status=error&name=") == (VOLUME, True, {"status": "error", "name": ""})
    assert raw.listed("/snapshots") == (SNAPSHOT, False, {})
    for path in ("/limits", "/volumes?limit=1", "/volumes/detail?sort=name", "/volumes/x", "/snapshots?marker=1"):
        with pytest.raises(Usage):
            raw.listed(path)


def test_methods() -> None:
    """In any case; nothing else than the API's."""
    assert raw.method_of("get") == "GET"
    for text in ("", "CONNECT", "GET /"):
        with pytest.raises(Usage):
            raw.method_of(text)
