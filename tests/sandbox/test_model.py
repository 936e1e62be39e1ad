"""The sandbox against a small model of the service: random histories of several tenants in both regions.

NBS_TEST_HISTORIES is how many histories of 30 steps are tried (2000 in the long trial).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, ClassVar

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nbs_cli.sandbox.cloud import (
    OTHER_PASSWORD,
    OTHER_TENANT_ID,
    OTHER_USERNAME,
    PASSWORD,
    TENANT_ID,
    USERNAME,
    Cloud,
    Refused,
    Settings,
)
from nbs_cli.sandbox.web import application
from tests.sandbox.conftest import Clock
from tests.sandbox.model import LIMITS, SERVER, SORTS, Model, No, Scope, Thing

HISTORIES = int(os.environ.get("NBS_TEST_HISTORIES", "25"))
STEPS = 30
LONG = "x" * 256
NOBODY = "00000000-0000-4000-8000-000000000000"
PREFIX = {"KR1": "", "KR2": "/kr2"}
ZONES = {"KR1": ("kr-pub-a", "kr-pub-b"), "KR2": ("kr2-pub-a", "kr2-pub-b")}
TYPES = ("General HDD", "General SSD")
LOGINS = {TENANT_ID: (USERNAME, PASSWORD), OTHER_TENANT_ID: (OTHER_USERNAME, OTHER_PASSWORD)}
FAILURES = ("create-error", "delete-error", "delete-bounce")

scopes = st.sampled_from([(tenant, region) for tenant in LOGINS for region in PREFIX])
nouns = st.sampled_from(["volumes", "snapshots"])
PAST = 6
picks = st.integers(0, PAST)  # which of the things there ever were, by its number
rarely = st.integers(0, 7).map(lambda number: number == 7)
names = st.sampled_from([None, "", "data", "데이터", "a b"])
choices = st.sampled_from([None, 0, 1])
sizes = st.sampled_from([1, 2, 3, 5, 10, 20, 21])
BAD_VOLUMES: tuple[tuple[dict[str, Any], int], ...] = (
    *(({"size": size}, 400) for size in (0, -1, "x", 1.5, True, "", None)),
    ({}, 400),
    ({"size": 1, "name": LONG}, 400),
    ({"size": 1, "name": 5}, 400),
    ({"size": 1, "description": LONG}, 400),
    ({"size": 1, "metadata": {"키": "v"}}, 400),
    ({"size": 1, "metadata": {"k": 1}}, 400),
    ({"size": 1, "availability_zone": "nowhere"}, 400),
    ({"size": 1, "availability_zone": ""}, 400),
    ({"size": 1, "volume_type": "general ssd"}, 404),
    ({"size": 1, "snapshot_id": "x"}, 400),
    ({"size": 1, "snapshot_id": NOBODY}, 404),
    ({"size": 1, "source_volid": NOBODY}, 404),
    ({"size": 1, "snapshot_id": NOBODY, "source_volid": NOBODY}, 400),
)
BAD_SNAPSHOTS: tuple[tuple[dict[str, Any], int], ...] = (
    ({}, 400),
    ({"volume_id": "x"}, 400),
    ({"volume_id": None}, 400),
    ({"volume_id": NOBODY}, 404),
    ({"volume_id": NOBODY, "name": LONG}, 400),
    ({"volume_id": NOBODY, "force": "perhaps"}, 400),
    ({"volume_id": NOBODY, "size": 1}, 400),
)
BAD_LISTS: tuple[tuple[dict[str, Any], int], ...] = (
    *(({"limit": limit}, 400) for limit in (-1, "x", "1.5", "")),
    *(({"offset": offset}, 400) for offset in (-1, "x", 2**31)),
    ({"sort": "nothing:asc"}, 400),
    ({"sort": "id:up"}, 400),
    ({"marker": NOBODY}, 404),
    ({"marker": "x"}, 404),
)

BAD = [
    *(("POST", "/volumes", *bad) for bad in BAD_VOLUMES),
    *(("POST", "/snapshots", *bad) for bad in BAD_SNAPSHOTS),
    *(("GET", path, *bad) for bad in BAD_LISTS for path in ("/volumes", "/snapshots")),
]


def any_volume(machine: Histories) -> bool:
    """Whether there ever was one."""
    return bool(machine.known["volumes"])


def any_image(machine: Histories) -> bool:
    """Whether there ever was one."""
    return bool(machine.model.images)


class Histories(RuleBasedStateMachine):
    """Does the same to the sandbox, through its WSGI door, and to the model; answers and records must be the same."""

    counted: ClassVar[Counter[str]] = Counter()  # what was answered, over all histories

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.cloud = Cloud(":memory:", Settings(**LIMITS), now=self.clock)  # type: ignore[arg-type] # numbers, all
        transport = httpx.WSGITransport(app=application(self.cloud))
        self.http = httpx.Client(transport=transport, base_url="http://cloud.test")
        self.model = Model()
        self.tokens: dict[str, tuple[str, float]] = {}
        self.known: dict[str, list[tuple[str, Scope]]] = {"volumes": [], "snapshots": []}

    # doing the same to both

    @property
    def now(self) -> float:
        """The time, to which the model is brought."""
        now = self.cloud.moment()
        self.model.settle(now)
        return now

    def token(self, tenant: str) -> str:
        """A token of the tenant: the last one while it is valid, else the sandbox must refuse it before a new one."""
        kept, ends = self.tokens.get(tenant, ("", 0.0))
        if ends > self.now:
            return kept
        assert self.http.get(f"/v2/{tenant}/volumes", headers={"X-Auth-Token": kept}).status_code == 401
        username, password = LOGINS[tenant]
        credentials = {"username": username, "password": password}
        answer = self.http.post("/v2.0/tokens", json={"auth": {"tenantId": tenant, "passwordCredentials": credentials}})
        issued = str(answer.json()["access"]["token"]["id"])
        self.tokens[tenant] = (issued, int(self.now + LIMITS["token_life"]))
        return issued

    def ask(self, scope: Scope, method: str, path: str, body: Any = None, params: Any = None) -> httpx.Response:
        """One request in this scope."""
        tenant, region = scope
        answer = self.http.request(
            method,
            f"{PREFIX[region]}/v2/{tenant}{path}",
            json=body,
            params=params,
            headers={"X-Auth-Token": self.token(tenant)},
        )
        self.counted[f"{method} {answer.status_code}"] += 1
        return answer

    def same(self, answer: httpx.Response, expected: int, work: Callable[[], Any]) -> Any:
        """Have the model do *work*; the answer must have its refusal's code, or *expected*. Gives what it made."""
        made, code = None, expected
        try:
            made = work()
        except No as no:
            code = no.code
        assert answer.status_code == code, answer.text
        return made

    def pick(self, noun: str, number: int, *, foreign: bool) -> tuple[str, Scope]:
        """One of what there is, sometimes of what there ever was, with its scope, or with another one."""
        there = [(thing.id, thing.scope) for thing in self.model.things if thing.noun == noun]
        chosen = there if there and number < PAST else self.known[noun] or [(NOBODY, (TENANT_ID, "KR1"))]
        identifier, scope = chosen[-1 - number % len(chosen)]
        if foreign:
            scope = (TENANT_ID, "KR2") if scope[1] == "KR1" else (OTHER_TENANT_ID, "KR1")
        return identifier, scope

    def settled(self, *, waits: bool) -> None:
        """Have what was begun done, half of the time: little can be done with what is `creating`."""
        if waits:
            self.clock.pass_by(LIMITS["delay"])

    def made(self, noun: str, scope: Scope, answer: httpx.Response, thing: Thing) -> Thing:
        """Add the thing, under the ID that the sandbox gave it."""
        thing.id = answer.json()[noun[:-1]]["id"]
        thing.created = int(self.now)
        self.model.made(thing, self.now)
        self.known[noun].append((thing.id, scope))
        self.looked_at(noun, scope, thing.id)
        return thing

    def looked_at(self, noun: str, scope: Scope, identifier: str) -> None:
        """What the sandbox shows of one thing is what the model knows of it."""
        answer = self.ask(scope, "GET", f"/{noun}/{identifier}")
        thing = self.same(answer, 200, lambda: self.model.find(noun, scope, identifier))
        if thing is not None:
            compare(answer.json()[noun[:-1]], thing)

    # the steps

    @initialize(scope=scopes, size=st.sampled_from([1, 2, 5]))
    def begin(self, scope: Scope, size: int) -> None:
        """A token that never was is refused; with a good one there is soon a volume."""
        assert self.http.get(f"/v2/{TENANT_ID}/volumes", headers={"X-Auth-Token": "x"}).status_code == 401
        self.create(scope, size, "first", (None, None), waits=True)

    @rule(scope=scopes, size=sizes, name=names, where=st.tuples(choices, choices), waits=st.booleans())
    def create(
        self, scope: Scope, size: int, name: str | None, where: tuple[int | None, int | None], *, waits: bool
    ) -> None:
        """A volume from nothing, in one of two zones, of one of two types."""
        zone, kind = where
        zone_name = None if zone is None else ZONES[scope[1]][zone]
        type_name = None if kind is None else TYPES[kind]
        given = {"size": size, "name": name, "availability_zone": zone_name, "volume_type": type_name}
        answer = self.ask(scope, "POST", "/volumes", {"volume": {**given, "metadata": {"k": "v"}}})

        def work() -> Thing:
            self.model.may_create(scope, size)
            thing = Thing("volumes", "", scope, size, 0, name, metadata={"k": "v"})
            thing.zone, thing.type = zone_name or ZONES[scope[1]][0], type_name or TYPES[0]
            return self.made("volumes", scope, answer, thing)

        self.same(answer, 202, work)
        self.settled(waits=waits)

    @precondition(any_volume)
    @rule(
        source=st.sampled_from(["snapshot_id", "source_volid"]),
        number=picks,
        size=st.one_of(st.none(), sizes),
        foreign=rarely,
        waits=st.booleans(),
    )
    def copy(self, source: str, number: int, size: int | None, *, foreign: bool, waits: bool) -> None:
        """A volume from a snapshot or another volume."""
        identifier, scope = self.pick("snapshots" if source == "snapshot_id" else "volumes", number, foreign=foreign)
        answer = self.ask(scope, "POST", "/volumes", {"volume": {"size": size, source: identifier}})

        def work() -> Thing:
            volume, asked = self.model.origin(scope, source, identifier, size)
            self.model.may_create(scope, asked)
            thing = Thing("volumes", "", scope, asked, 0, zone=volume.zone, type=volume.type)
            setattr(thing, source, identifier)
            return self.made("volumes", scope, answer, thing)

        self.same(answer, 202, work)
        self.settled(waits=waits)

    @precondition(any_volume)
    @rule(number=picks, name=names, force=st.booleans(), foreign=rarely, waits=st.booleans())
    def snapshot(self, number: int, name: str | None, *, force: bool, foreign: bool, waits: bool) -> None:
        """A snapshot."""
        identifier, scope = self.pick("volumes", number, foreign=foreign)
        body = {"snapshot": {"volume_id": identifier, "force": force, "name": name}}
        answer = self.ask(scope, "POST", "/snapshots", body)

        def work() -> Thing:
            volume = self.model.may_snapshot(scope, identifier, force=force)
            thing = Thing("snapshots", "", scope, volume.size, 0, name, volume_id=identifier)
            return self.made("snapshots", scope, answer, thing)

        self.same(answer, 202, work)
        self.settled(waits=waits)

    @precondition(any_volume)
    @rule(noun=nouns, number=picks, foreign=rarely, cascade=st.booleans())
    def delete(self, noun: str, number: int, *, foreign: bool, cascade: bool) -> None:
        """A delete, of a volume with its snapshots or only without."""
        identifier, scope = self.pick(noun, number, foreign=foreign)
        cascade = cascade and noun == "volumes"
        answer = self.ask(scope, "DELETE", f"/{noun}/{identifier}", params={"cascade": "True"} if cascade else None)
        self.same(answer, 202, lambda: self.model.delete(noun, scope, identifier, self.now, cascade=cascade))
        self.looked_at(noun, scope, identifier)

    @precondition(any_volume)
    @rule(number=picks, attach=st.booleans())
    def move(self, number: int, *, attach: bool) -> None:
        """Attach or detach, which Compute does."""
        identifier, scope = self.pick("volumes", number, foreign=False)
        now, expected, code = self.now, 200, 200
        try:
            self.model.move(identifier, now, attach=attach)
        except No as no:
            expected = no.code
        try:
            self.cloud.attach(identifier, SERVER) if attach else self.cloud.detach(identifier)
        except Refused as refused:
            code = refused.status
        assert code == expected
        self.looked_at("volumes", scope, identifier)

    @precondition(any_volume)
    @rule(number=picks, force=st.booleans(), foreign=rarely)
    def upload(self, number: int, *, force: bool, foreign: bool) -> None:
        """An image."""
        identifier, scope = self.pick("volumes", number, foreign=foreign)
        body = {"os-volume_upload_image": {"image_name": "i", "force": force}}
        answer = self.ask(scope, "POST", f"/volumes/{identifier}/action", body)
        now = self.now

        def work() -> None:
            self.model.upload(scope, identifier, now, force=force)
            self.model.images[answer.json()["os-volume_upload_image"]["image_id"]] = (scope, now)

        self.same(answer, 202, work)

    @precondition(any_volume)
    @rule(number=picks, by=st.sampled_from([-1, 0, 1, 9, 20]), foreign=rarely)
    def extend(self, number: int, by: int, *, foreign: bool) -> None:
        """A larger size."""
        identifier, scope = self.pick("volumes", number, foreign=foreign)
        found = [thing.size for thing in self.model.things if thing.id == identifier]
        size = max(1, (found or [1])[0] + by)
        answer = self.ask(scope, "POST", f"/volumes/{identifier}/action", {"os-extend": {"new_size": size}})
        self.same(answer, 202, lambda: self.model.extend(scope, identifier, size, self.now))
        self.looked_at("volumes", scope, identifier)

    @precondition(any_volume)
    @rule(number=picks, name=names, foreign=rarely)
    def rename(self, number: int, name: str | None, *, foreign: bool) -> None:
        """Another name."""
        identifier, scope = self.pick("volumes", number, foreign=foreign)
        answer = self.ask(scope, "PUT", f"/volumes/{identifier}", {"volume": {"name": name}})

        def work() -> None:
            volume = self.model.find("volumes", scope, identifier)
            volume.name, volume.updated = name, int(self.now)

        self.same(answer, 200, work)
        self.looked_at("volumes", scope, identifier)

    @precondition(any_volume)
    @rule(noun=nouns, number=picks, foreign=rarely)
    def show(self, noun: str, number: int, *, foreign: bool) -> None:
        """A look."""
        identifier, scope = self.pick(noun, number, foreign=foreign)
        self.looked_at(noun, scope, identifier)

    @rule(data=st.data(), noun=nouns, scope=scopes)
    def page(self, data: st.DataObject, noun: str, scope: Scope) -> None:
        """One page with anything that may be asked of it; the rows, their order and the link are right."""
        keys = st.sampled_from(SORTS[noun])
        order = st.lists(st.tuples(keys, st.sampled_from(["asc", "desc"])), min_size=1, max_size=2)
        ids = [thing.id for thing in self.model.of(noun, scope)] or [NOBODY]
        asked: dict[str, Any] = data.draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "limit": st.sampled_from([0, 1, 2, 4, 5, 6]),
                    "offset": st.sampled_from([0, 1, 2, 9]),
                    "sort": order.map(lambda parts: ",".join(":".join(part) for part in parts)),
                    "marker": st.sampled_from(ids),
                    "name": st.sampled_from(["data", "데이터", ""]),
                    "status": st.sampled_from(["available", "creating", "in-use"]),
                },
            )
        )
        answer = self.ask(scope, "GET", f"/{noun}/detail", params=asked)
        found = self.same(answer, 200, lambda: self.model.page(noun, scope, asked))
        if found is not None:
            rows, link = found
            assert [row["id"] for row in answer.json()[noun]] == [thing.id for thing in rows]
            assert (f"{noun}_links" in answer.json()) == link

    @rule(scope=scopes, case=st.sampled_from(BAD))
    def ask_badly(self, scope: Scope, case: tuple[str, str, dict[str, Any], int]) -> None:
        """What cannot be asked is refused, and nothing is made; a token opens its own tenant's door only."""
        method, path, given, code = case
        body, params = ({path[1:-1]: given}, None) if method == "POST" else (None, given)
        assert self.ask(scope, method, path, body, params).status_code == code
        headers = {"X-Auth-Token": self.token(TENANT_ID)}
        assert self.http.get(f"/v2/{OTHER_TENANT_ID}{path}", headers=headers).status_code == 400

    @rule(noun=nouns, scope=scopes)
    def walk(self, noun: str, scope: Scope) -> None:
        """All pages, by the links: everything that there is, once, in order, each record as the model knows it."""
        rows: list[dict[str, Any]] = []
        asked: dict[str, str] = {}
        while True:
            answer = self.ask(scope, "GET", f"/{noun}/detail", params=asked).json()
            rows += answer[noun]
            if f"{noun}_links" not in answer:
                break
            (link,) = answer[f"{noun}_links"]
            asked = dict(httpx.URL(link["href"]).params)
        everything = sorted(self.model.of(noun, scope), key=lambda row: (row.created, row.id), reverse=True)
        assert [row["id"] for row in rows] == [thing.id for thing in everything]
        for row, thing in zip(rows, everything, strict=True):
            compare(row, thing)

    @rule(quarters=st.sampled_from([8, 4, 2, 1, 80, 400]), moved=st.booleans())
    def wait(self, quarters: int, *, moved: bool) -> None:
        """Time passes, or the clock is moved."""
        if moved:
            self.cloud.advance(quarters / 4)
        else:
            self.clock.pass_by(quarters / 4)

    @rule(kind=st.sampled_from([*FAILURES, "tokens"]))
    def order(self, kind: str) -> None:
        """The next one fails, whosever it is; or all tokens do, as when the API password was changed."""
        if kind == "tokens":
            self.cloud.expire_tokens()
            self.tokens = {tenant: (kept, 0.0) for tenant, (kept, _ends) in self.tokens.items()}
        else:
            self.cloud.fail_next(kind)
            self.model.orders.append(kind)

    @precondition(any_image)
    @rule(number=picks)
    def image(self, number: int) -> None:
        """An image is `queued`, `saving`, `active` in its time, and another tenant or region does not see it."""
        image_id = list(self.model.images)[number % len(self.model.images)]
        scope, begun = self.model.images[image_id]
        for tenant, region in ((tenant, region) for tenant in LOGINS for region in PREFIX):
            headers = {"X-Auth-Token": self.token(tenant)}
            answer = self.http.get(f"{PREFIX[region]}/v2/images/{image_id}", headers=headers)
            assert answer.status_code == (200 if (tenant, region) == scope else 404)
            if (tenant, region) == scope:
                passed = (self.now - begun) / LIMITS["delay"]
                assert answer.json()["status"] == (
                    "active" if passed >= 0.75 else "saving" if passed >= 0.25 else "queued"
                )

    @invariant()
    def counting(self) -> None:
        """Count the steps, the first state included."""
        self.counted["steps"] += 1

    def teardown(self) -> None:
        """In the end everything is where it belongs, in every tenant and region."""
        for tenant, region in ((tenant, region) for tenant in LOGINS for region in PREFIX):
            for noun in ("volumes", "snapshots"):
                self.walk(noun, (tenant, region))
        self.http.close()
        self.cloud.close()


def seconds(stamp: str) -> int:
    """Read a time of a record; it must have no fraction."""
    assert stamp.endswith(".000000"), stamp
    return int(datetime.fromisoformat(stamp).replace(tzinfo=timezone.utc).timestamp())


def compare(row: dict[str, Any], thing: Thing) -> None:
    """Hold a record against what the model knows."""
    kept = {"id": thing.id, "name": thing.name, "size": thing.size, "status": thing.status, "created_at": thing.created}
    if thing.noun == "volumes":
        kept |= {"availability_zone": thing.zone, "volume_type": thing.type}
        kept |= {"snapshot_id": thing.snapshot_id, "source_volid": thing.source_volid}
        shown = thing.metadata | ({"readonly": "False", "attached_mode": "rw"} if thing.server else {})
        assert row["metadata"] == shown
        assert [one["server_id"] for one in row["attachments"]] == ([thing.server] if thing.server else [])
    else:
        kept["volume_id"] = thing.volume_id
    seen = {name: row[name] for name in kept}
    seen["created_at"] = seconds(seen["created_at"])
    assert seen == kept
    if "updated_at" in row:
        assert seconds(row["updated_at"]) == thing.updated


def test_random_histories() -> None:
    """Statuses, sizes, quotas, lists and refusals are the model's in every history of 30 steps."""
    Histories.counted.clear()
    run_state_machine_as_test(
        Histories,
        _min_steps=STEPS,
        settings=settings(
            max_examples=HISTORIES,
            database=None,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    figures = ", ".join(f"{what} {count}" for what, count in sorted(Histories.counted.items()))
    print(f"\n{HISTORIES} histories of {STEPS} steps: no difference; {figures}")
