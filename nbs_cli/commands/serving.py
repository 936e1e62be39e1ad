"""What `nbs sandbox` does to the cloud in a box: serve it, order its faults, move its clock, attach its volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbs_cli.errors import Conflict, Failure, NotFound, Usage, nearest
from nbs_cli.mistakes import translated
from nbs_cli.output.words import _
from nbs_cli.sandbox import scenarios, trouble
from nbs_cli.sandbox.cloud import REGIONS, Cloud, Refused
from nbs_cli.sandbox.forms import Mistake
from nbs_cli.sandbox.scenarios import Scenario
from nbs_cli.sandbox.server import Server
from nbs_cli.sandbox.trouble import Fault
from nbs_cli.session import Session


def shared_cloud(session: Session, state: str | None) -> Cloud:
    """The sandbox whose state other processes share: the profile's, or that in the file *state*."""
    if state == ":memory:":
        raise Usage(_("a state in memory is that of one process alone"), hint=_("serve it with a file: `--state FILE`"))
    if state is not None:
        session.cloud = session.open_cloud(state)  # closed with the session
    return session.cloud


def fault(kind: str, given: Mapping[str, Any]) -> Fault:
    """The fault of the sandbox of this kind, with these parameters; raises Usage."""
    with _understood():
        return trouble.fault(kind, **given)


def scenario(path: str | None) -> Scenario | None:
    """What the scenario in the file *path* asks for, None without one; raises Usage."""
    with _understood():
        return None if path is None else scenarios.read(Path(path))


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except Mistake as mistake:
        hint = nearest(mistake.word, mistake.known, _("there are {names}")) if mistake.known else None
        raise Usage(translated(mistake.message), hint=hint) from mistake


def attach(session: Session, volume_id: str) -> None:
    """Attach a volume of the sandbox; raises Conflict where its status forbids it."""
    with _allowed(volume_id):
        session.cloud.attach(volume_id)


def detach(session: Session, volume_id: str) -> None:
    """Detach a volume of the sandbox; raises Conflict where its status forbids it."""
    with _allowed(volume_id):
        session.cloud.detach(volume_id)


@contextmanager
def _allowed(volume_id: str) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise Conflict(refused.message, http_status=refused.status, resource=volume_id) from refused


def region(session: Session) -> str:
    """The region of the sandbox that was asked for; raises NotFound for one that it does not have."""
    wished = (session.options.region or REGIONS[0]).upper()
    if wished not in REGIONS:
        raise NotFound(
            _("there is no region {region} here").format(region=wished),
            hint=nearest(wished, REGIONS, _("the regions are {names}")),
        )
    return wished


def move_clock(cloud: Cloud, seconds: float | None, moment: float | None) -> None:
    """Move the sandbox's clock by *seconds*, or to the *moment* (since 1970); raises Usage where it cannot go."""
    try:
        if seconds is not None:
            cloud.advance(seconds)
        if moment is not None:
            cloud.advance_to(moment)
    except ValueError as error:
        raise Usage(
            _("the sandbox's clock only goes forward, a thousand years at most"),
            hint=_("`nbs sandbox clock` shows its time; `nbs sandbox reset` empties it and sets its clock right"),
        ) from error


def serve(session: Session, cloud: Cloud, port: int, faults: Sequence[Fault] | None = None) -> None:
    """Serve *cloud* over HTTP on loopback until a signal ends it; 0 is any free port.

    *faults* are ordered first, in place of what is ordered already; None leaves that.
    """
    try:
        server = Server(cloud, port)
    except OSError as error:
        raise Failure(
            _("port {port} cannot be used: {error}").format(port=port, error=error.strerror),
            hint=_("say another `--port`, or 0 for any free one"),
        ) from error
    if faults is not None:
        cloud.cancel()
        for one in faults:
            cloud.order(one)
    lines = [*server.exports(), _("# ready: {url}").format(url=server.url), ""]

    def ready() -> None:
        session.stdout.write("\n".join(lines))
        session.stdout.flush()

    server.run(ready)
