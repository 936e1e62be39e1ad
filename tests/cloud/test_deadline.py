"""The end of a command: what is left of it, and of each step."""

from __future__ import annotations

import threading
import time

from nbs_cli.cloud.deadline import Deadline


def test_without_a_total_every_step_has_its_own_limit() -> None:
    """Nothing ends a command that nobody limited."""
    deadline = Deadline()
    assert deadline.left(60.0) == 60.0


def test_a_total_shortens_the_steps_that_do_not_fit() -> None:
    """A step gets what is left, and never more than its own limit."""
    deadline = Deadline(30.0)
    assert 29.0 < deadline.left(60.0) <= 30.0
    assert deadline.left(5.0) == 5.0


def test_the_total_counts_from_when_the_command_began() -> None:
    """What was used up before the first request counts too."""
    assert Deadline(30.0, began=time.monotonic() - 29.0).left(60.0) <= 1.0


def test_nothing_is_left_when_the_time_is_up() -> None:
    """Zero, and never less: no step is given negative time."""
    assert Deadline(0.0).left(60.0) == 0.0
    assert Deadline(-1.0).left(60.0) == 0.0


def test_a_rest_lasts_as_long_as_it_is() -> None:
    """True when it is over; no rest is begun that would end after the deadline."""
    began = time.monotonic()
    assert Deadline().rest(0.05)
    assert time.monotonic() - began >= 0.05
    assert Deadline().rest(0)
    assert not Deadline(0.2).rest(60)


def test_a_rest_ends_when_nobody_waits_any_more() -> None:
    """At once for whoever rests, and for whoever would; what is out has its time all the same."""
    deadline = Deadline()
    threading.Timer(0.05, deadline.cut).start()
    began = time.monotonic()
    assert not deadline.rest(60)
    assert time.monotonic() - began < 30
    assert not deadline.rest(0)
    assert deadline.left(5) == 5


def test_what_comes_last_is_allowed_a_moment() -> None:
    """When the time is up a last step has so long; while it is not, nothing is taken away; no end stays none."""
    over, far, never = Deadline(0.0), Deadline(60.0), Deadline()
    for deadline in (over, far, never):
        deadline.allow(0.5)
    assert 0.4 < over.left(10.0) <= 0.5
    assert far.left(30.0) == 30.0
    assert never.left(30.0) == 30.0
