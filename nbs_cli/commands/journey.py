"""What the doctor finds on the way to the server (`--online`), step by step; behind one that fails nothing is tried."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from nbs_cli.cloud import clock, probes
from nbs_cli.cloud.access import BLOCK_STORAGE
from nbs_cli.cloud.probes import Address
from nbs_cli.cloud.request import Request
from nbs_cli.cloud.resources import VOLUME, Field, Kind
from nbs_cli.commands.finding import OK, PROBLEM, Finding, tried
from nbs_cli.commands.installation import again
from nbs_cli.errors import Failure, NotFound, Unauthorized, nearest
from nbs_cli.output.cells import cell
from nbs_cli.output.text import duration
from nbs_cli.output.words import _
from nbs_cli.session import Session

_FEW_DAYS = 14  # days that a certificate should have left
_SKEW = 60.0  # seconds that two clocks may differ
_LOOK = "openssl s_client -connect {address} -servername {host} </dev/null 2>/dev/null"
_EXPIRES = Field("expires", "", Kind.TIME)
_DATES = " | openssl x509 -noout -issuer -dates"


def journey(session: Session) -> list[Finding]:
    """The findings from the proxy to one read, up to the first step that leads nowhere; a wrong clock leads on."""
    findings: list[Finding] = []
    for finding in _all(session):
        findings.append(finding)
        if finding.status != OK and finding.check != "clock":
            break
    return findings


def _all(session: Session) -> Iterator[Finding]:
    known: list[Address] = []
    if not session.in_sandbox and session.credentials.token is None:
        known.append(probes.address(session.credentials.identity_url))
        yield from _road(session, known[0])
    yield tried("login", lambda: _login(session), _login_fix(session))
    if not session.in_sandbox:
        yield _clock(session)
    yield tried("region", lambda: _region(session), _region_fix(session))
    # a firewall may let one of the two through
    if not session.in_sandbox and (there := probes.address(session.identity.endpoint)) not in known:
        yield from _road(session, there)
    yield tried("read", lambda: _read(session), _read_fix(session))


def _road(session: Session, target: Address) -> Iterator[Finding]:
    """Through the proxy, where one is used; else name, connection and certificate of the server itself."""
    found = probes.proxy(target, session.environ)
    if found is not None:
        name, place = found
        yield tried("proxy", lambda: _reached("proxy", place), f"unset {name}")
        return
    yield Finding("proxy", OK, _("no proxy is used for {host}").format(host=target.host))
    yield tried("dns", lambda: _named(target), f"getent hosts {shlex.quote(target.host)}")
    yield tried("tcp", lambda: _reached("tcp", target), f"nc -vz {shlex.quote(target.host)} {target.port}")
    if target.secure:
        look = _LOOK.format(address=target, host=target.host) + _DATES
        yield tried("tls", lambda: _trusted(session, target, look), look)


def _named(target: Address) -> Finding:
    found = probes.resolve(target)
    return Finding("dns", OK, _("{host} is {addresses}").format(host=target.host, addresses=", ".join(found[:3])))


def _reached(check: str, target: Address) -> Finding:
    took = probes.connect(target)
    words = _("{address} takes connections, in {milliseconds:.0f} ms").format(address=target, milliseconds=took * 1000)
    return Finding(check, OK, words)


def _trusted(session: Session, target: Address, look: str) -> Finding:
    days = probes.certificate(target, session.ca_bundle)
    words = _("the certificate of {host} is trusted, for {days:.0f} more days").format(host=target.host, days=days)
    return Finding("tls", OK, words) if days > _FEW_DAYS else Finding("tls", PROBLEM, words, look)


def _login(session: Session) -> Finding:
    """A token, the kept one or that of a login; a token that was given is tried by the read."""
    if session.credentials.token is not None:
        return Finding("login", OK, _("a token was given"))
    began = time.monotonic()
    access = session.identity.access
    words = _("there is a token, valid until {expires}, in {milliseconds:.0f} ms").format(
        expires=cell(_EXPIRES, access.expires, short=False), milliseconds=(time.monotonic() - began) * 1000
    )
    return Finding("login", OK, words)


def _login_fix(session: Session) -> Callable[[Failure], str]:
    """A file that others can read is mended, a profile logs in again, a variable is set again."""

    def fix(failure: Failure) -> str:
        if failure.resource is not None and Path(failure.resource).is_file():
            return f"chmod 600 {shlex.quote(failure.resource)}"
        if session.profile is not None:
            return f"nbs auth login -p {shlex.quote(session.profile.name)}"
        return again("OS_PASSWORD" if session.credentials.source.endswith("(OS_AUTH_URL)") else "NBS_PASSWORD")

    return fix


def _read_fix(session: Session) -> Callable[[Failure], str]:
    """A token that was given and is refused is set again; what else may fail is looked at."""

    def fix(failure: Failure) -> str:
        if isinstance(failure, Unauthorized) and session.credentials.token is not None:
            return again("NBS_TOKEN")
        return f"{_command(session)} volume list --limit 1 --debug"

    return fix


def _clock(session: Session) -> Finding:
    """Compare this machine's clock with the Date of the last answer; where no answer came yet one is fetched."""
    there = clock.told(session.server_date or _date_of_identity(session))
    if there is None:
        return Finding("clock", OK, _("the server does not say what time it is there"))
    skew = (datetime.now(timezone.utc) - there).total_seconds()
    if abs(skew) <= _SKEW:
        return Finding("clock", OK, _("this machine's clock and the server's agree"))
    words = _("this machine's clock is {time} {direction} the server's").format(
        time=duration(round(abs(skew) / 60) * 60), direction=_("ahead of") if skew > 0 else _("behind")
    )
    fix = "sudo sntp -sS time.apple.com" if sys.platform == "darwin" else "sudo timedatectl set-ntp true"
    return Finding("clock", PROBLEM, words, fix)


def _date_of_identity(session: Session) -> str | None:
    """The Date of an answer that no token is needed for: a kept one asks nobody, a wrong region leads nowhere."""
    with suppress(Failure):
        session.client.send(Request("GET", session.credentials.identity_url))
    return session.client.date


def _region(session: Session) -> Finding:
    words = _("the block storage is at {endpoint}").format(endpoint=session.identity.endpoint)
    return Finding("region", OK, words)


def _region_fix(session: Session) -> Callable[[Failure], str]:
    """The nearest of the regions that there are, put where the wrong one came from."""

    def fix(failure: Failure) -> str:
        if not isinstance(failure, NotFound) or session.credentials.token is not None:
            return f"{_command(session)} auth status --online"
        codes = sorted({code for code, _url in session.identity.access.endpoints(BLOCK_STORAGE)})
        words = nearest(session.credentials.region or "", codes, "{names}")
        code = next((one for one in codes if one in words), codes[0])
        if session.profile is not None and not session.options.region:
            return f"nbs profile set region {code} -p {shlex.quote(session.profile.name)}"
        return f"export NBS_REGION={code}" if not session.options.region else f"nbs --region {code} doctor --online"

    return fix


def _read(session: Session) -> Finding:
    began = time.monotonic()
    session.storage.page(VOLUME, {"limit": 1}, detail=False)
    words = _("volumes can be read, in {milliseconds:.0f} ms").format(milliseconds=(time.monotonic() - began) * 1000)
    return Finding("read", OK, words)


def _command(session: Session) -> str:
    return session.notes.command
