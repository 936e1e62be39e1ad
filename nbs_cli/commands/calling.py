"""A raw call: one request with the profile's token, or all pages of a list; what came back is printed as it is."""

from __future__ import annotations

from typing import Any

from nbs_cli.cloud import raw
from nbs_cli.commands.rehearsing import rehearse
from nbs_cli.commands.shapes import REQUEST
from nbs_cli.errors import Usage
from nbs_cli.local.given import data as read
from nbs_cli.output.words import _
from nbs_cli.session import Session


def call(session: Session, method: str, path: str, data: str | None, *, paginate: bool, dry_run: bool) -> None:
    """Send *method* to *path* below the endpoint and print the answer's body; Usage for bad input, before any request.

    A write is refused with a read-only profile, and a DELETE asks first.
    """
    method = raw.method_of(method)
    raw.check_path(path)
    _check(session, method, data, paginate=paginate, dry_run=dry_run)
    body = None if data is None else read(data, session.stdin)
    if paginate:
        resource, detail, filters = raw.listed(path)
        session.printer.data(raw.paged(session.storage, resource, filters, detail=detail))
        return
    if method != "GET":
        session.writing()
    if dry_run:
        rehearse(session, [(method, path, body, _("unknown: a raw call is not judged"))])
        return
    if method == "DELETE" and not _confirmed(session, path):
        session.notes.note(_("nothing was deleted"))
        return
    _send(session, method, path, body)


def _send(session: Session, method: str, path: str, body: Any) -> None:
    answer = raw.send(session.storage, method, path, body)
    if method != "GET":
        session.did(_("{method} {path}: HTTP {status}").format(method=method, path=path, status=answer.status))
    if answer.body is not None:
        session.printer.data(answer.body)


def _check(session: Session, method: str, data: str | None, *, paginate: bool, dry_run: bool) -> None:
    if paginate and method != "GET":
        raise Usage(_("--paginate is for GET"))
    if data is not None and method in {"GET", "DELETE"}:
        raise Usage(_("a {method} has no data").format(method=method))
    if dry_run:
        session.printer.check(REQUEST)
        return
    if session.options.columns is not None or session.options.quiet:
        raise Usage(
            _("an answer of any shape has neither columns nor an ID"), hint=_("`--query` chooses what is printed of it")
        )
    if session.output in {"csv", "value"} and session.query is None:
        raise Usage(
            _("an answer of any shape is no {format}").format(format=session.output),
            hint=_("say with `--query` what is wanted of it, or `-o json`"),
        )


def _confirmed(session: Session, path: str) -> bool:
    if session.options.yes:
        return True
    if not session.notes.interactive:
        raise Usage(_("a delete asks first, and nobody is there to answer"), hint=_("say `--yes` if you are sure"))
    return session.notes.confirm(_("Send DELETE {path}? It cannot be undone.").format(path=path))
