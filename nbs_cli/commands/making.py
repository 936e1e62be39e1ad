"""Making volumes and snapshots: the request or its rehearsal, the wait, what is printed."""

from __future__ import annotations

from typing import Any

from nbs_cli.cloud import once
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.nouns import command_of, noun_of
from nbs_cli.cloud.once import Made, Wish
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.waiting import Goal, until
from nbs_cli.commands.outcomes import conclude
from nbs_cli.commands.shapes import REQUEST
from nbs_cli.errors import Usage
from nbs_cli.local import names
from nbs_cli.output.cells import compact
from nbs_cli.output.text import safe
from nbs_cli.output.words import _
from nbs_cli.session import Session


def wishes(resource: Resource, bodies: list[dict[str, Any]], request_key: str | None, *, marked: bool) -> list[Wish]:
    """A wish for every one of *bodies*: marked with *request_key* (`KEY-1`, `KEY-2`, … for several) or a random key."""
    if request_key is not None:
        if not marked:
            raise Usage(_("--request-key and --no-request-key exclude each other"))
        once.check_key(request_key)
    made = []
    for number, body in enumerate(bodies, 1):
        key = None
        if marked:
            key = once.new_key(resource) if request_key is None else request_key
            if request_key is not None and len(bodies) > 1:
                key = f"{request_key}-{number}"
        made.append(Wish(resource, body, key, given=request_key is not None))
    return made


def make(session: Session, resource: Resource, made: list[Wish], *, wait: bool, dry_run: bool, several: bool) -> None:
    """Create what is wished for, wait for it when asked to, and print it as last seen."""
    session.writing()
    session.printer.check(REQUEST if dry_run else resource)
    if dry_run:
        rehearse(session, [("POST", f"/{resource.path}", {resource.name: wish.marked()}, None) for wish in made])
        return
    outcomes = at_once(
        lambda wish: once.create(session.storage, wish, session.deadline),
        made,
        interrupted=lambda so_far: _tell_interrupted(session, resource, so_far),
    )
    for outcome in outcomes:
        if outcome.result is not None:
            _tell(session, resource, outcome.result)
    if wait:
        await_all(session, resource, outcomes)
    records = [outcome.result.record for outcome in outcomes if outcome.result is not None]
    if records:
        session.printer.show(resource, records, several=several)
        names.change(session.names(resource), made=map(names.known, records))
    conclude(session, outcomes, lambda wish: str(wish.body.get("name") or wish.key))
    if not wait and records:
        session.notes.hint(
            _("`nbs {command} wait {id}` waits until it can be used").format(
                command=command_of(resource), id=records[0]["id"]
            )
        )


def _tell(session: Session, resource: Resource, made: Made) -> None:
    words = _("found {noun} {name}: it was made before, and its answer was lost or its key used again")
    if not made.adopted:
        words = _("created {noun} {name}")
    name = made.record.get("name")
    called = f"{name} ({made.record['id']})" if name else made.record["id"]
    session.did(words.format(noun=noun_of(resource), name=called))


def _tell_interrupted(session: Session, resource: Resource, outcomes: list[Outcome]) -> None:
    """Name what was made, and the key that finds what may have been made."""
    for outcome in outcomes:
        if outcome.result is not None:
            _tell(session, resource, outcome.result)
        elif outcome.tried and not outcome.done and outcome.item.key:
            session.notes.note(
                _("a {noun} may have been created: the same command with `--request-key {key}` finds it").format(
                    noun=noun_of(resource), key=outcome.item.key
                )
            )


def await_all(session: Session, resource: Resource, outcomes: list[Outcome]) -> None:
    """Wait until everything made is `available`; what a wait found out goes into the outcomes."""
    waiting = [outcome for outcome in outcomes if outcome.result is not None]
    found = [Found(outcome.result.record["id"], outcome.result.record) for outcome in waiting]
    ended = until(
        session.storage,
        resource,
        found,
        Goal("available"),
        seconds=session.wait_seconds(WAIT),
        deadline=session.deadline,
        tell=session.notes.status,
    )
    session.notes.clear()
    for outcome, end in zip(waiting, ended, strict=True):
        outcome.result = Made(end.result or outcome.result.record)
        outcome.failure = end.failure


def rehearse(session: Session, requests: list[tuple[str, str, Any, str | None]]) -> None:
    """Print requests, each a method, a path below the tenant's endpoint, a body and a forecast; send none of them."""
    tenant = session.credentials.tenant_id
    rows = []
    for method, path, body, forecast in requests:
        row = {"method": method, "path": f"/v2/{tenant}{path}", "body": body}
        rows.append(row if forecast is None else {**row, "forecast": forecast})
    if session.output == "table" and not session.options.columns and not session.options.quiet:
        session.stdout.write("".join(_request_lines(row) for row in rows))
    else:
        session.printer.show(REQUEST, rows, several=True)
    session.notes.note(_("a rehearsal: nothing was sent"))


def _request_lines(row: dict[str, Any]) -> str:
    """A request as people read it: its line, below it the body and what is expected; no path is cut."""
    lines = [f"{row['method']} {row['path']}"]
    lines += [f"  {safe(compact(row['body']))}"] if row["body"] is not None else []
    lines += [f"  {_('expected: {forecast}').format(forecast=safe(row['forecast']))}"] if "forecast" in row else []
    return "\n".join(lines) + "\n"
