"""Connections: as many as requests were ever out at once, each used again, and never by two at a time."""

from __future__ import annotations

import threading
from collections import Counter

from nbs_cli.cloud.bulk import at_once
from nbs_cli.cloud.client import Client
from nbs_cli.cloud.request import Request
from tests.cloud.conftest import MakeClient, MakeFaulty
from tests.cloud.faulty import Faulty, Line, answer, mute, reset

TOGETHER = 8
LIST: dict[str, list[object]] = {"volumes": []}


def ask(client: Client, server: Faulty, number: int = 0) -> int:
    """Ask for something; gives the answer's status."""
    return client.send(Request("GET", f"{server.url}/v2/t/volumes?n={number}", "a-token", limit=5)).status


class Gate:
    """A behaviour that answers when so many requests are out together, and notes each connection's turns."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count)
        self.turns: Counter[int] = Counter()

    def __call__(self, line: Line) -> None:
        """Wait for the others, then answer."""
        self.turns[line.turn] += 1
        self.barrier.wait(5)
        answer(200, LIST)(line)


def test_connections_are_used_again(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Forty requests, eight at a time: the first eight open a connection each, the others find one that is free."""
    gate = Gate(TOGETHER)
    server, client = faulty(gate), make_client()
    outcomes = at_once(lambda number: ask(client, server, number), range(5 * TOGETHER), TOGETHER)
    assert [outcome.result for outcome in outcomes] == [200] * 5 * TOGETHER
    assert gate.turns[1] == TOGETHER
    assert sum(gate.turns.values()) == 5 * TOGETHER


def test_one_at_a_time_needs_one(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """A long list is read over one connection."""
    gate = Gate(1)
    server, client = faulty(gate), make_client()
    assert [ask(client, server, number) for number in range(5)] == [200] * 5
    assert dict(gate.turns) == dict.fromkeys(range(1, 6), 1)


def test_a_broken_connection_is_not_used_again(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """What the server has cut is left; the request goes out again on a new connection."""
    turns: list[int] = []

    def noted(line: Line) -> None:
        turns.append(line.turn)
        (reset if len(turns) == 2 else answer(200, LIST))(line)

    server, client = faulty(noted), make_client()
    assert [ask(client, server, number) for number in range(3)] == [200] * 3
    assert turns == [1, 2, 1, 2]  # the second request broke its connection


def test_what_is_given_up_keeps_its_connection(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """A request whose time is up still holds its connection: what comes after it goes out on another one."""
    turns: list[int] = []

    def noted(line: Line) -> None:
        turns.append(line.turn)
        (mute if len(turns) == 1 else answer(200, LIST))(line)

    server, client = faulty(noted), make_client()
    outcomes = at_once(
        lambda limit: client.send(Request("GET", f"{server.url}/v2/t/volumes", "a-token", limit=limit)), [0.3], 1
    )
    assert "no answer" in str(outcomes[0].failure)
    assert ask(client, server) == 200
    assert turns == [1, 1]
