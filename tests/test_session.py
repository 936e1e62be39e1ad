"""One invocation: its durations and deadlines; parts made only when they are needed."""

from __future__ import annotations

from io import StringIO

import pytest

from nbs_cli.errors import Usage
from nbs_cli.session import Session, seconds


def session(environ: dict[str, str] | None = None) -> Session:
    """A session of its own streams."""
    return Session(environ or {}, stdin=StringIO(), stdout=StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("text", "value"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("45", 45), ("0.5s", 0.5), (" 5s ", 5), ("720h", 30 * 86400)],
)
def test_durations(text: str, value: float) -> None:
    """Seconds, minutes, hours, a bare number of seconds."""
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-5", "5d", "5 m", "s", "1h30m", "inf", "nan", "1e3", "٣s", "٣", "721h", "9" * 400, "5S"]
)
def test_what_is_no_duration(text: str) -> None:
    """Nothing that has no end, no unit of ours, or no digits of ours."""
    with pytest.raises(Usage, match="is no duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("option", "environ", "wait", "total"),
    [
        (None, {}, 600.0, None),
        (None, {"NBS_WAIT_TIMEOUT": "5m"}, 300.0, None),
        (None, {"NBS_TIMEOUT": "7s"}, 600.0, 7.0),
        ("9s", {"NBS_WAIT_TIMEOUT": "5m", "NBS_TIMEOUT": "7s"}, 9.0, 9.0),
    ],
)
def test_deadlines(option: str | None, environ: dict[str, str], wait: float, total: float | None) -> None:
    """`--timeout` rules the command and its wait; the environment has a variable for each."""
    asked = session(environ)
    asked.options.timeout = option
    assert asked.wait_seconds(600.0) == wait
    left = asked.deadline.left(1e9)
    assert left == 1e9 if total is None else left <= total


def test_nothing_is_made_that_is_not_needed() -> None:
    """A new session has opened nothing, and closes nothing."""
    made = session()
    made.close()
    assert not {"client", "cloud", "identity", "storage", "printer", "notes"} & vars(made).keys()
