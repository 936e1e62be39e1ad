"""The doctor's round: every check in turn, its findings told, and what they come to."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

from nbs_cli.commands import installation
from nbs_cli.commands.checks import requests
from nbs_cli.commands.finding import OK, Finding, lines
from nbs_cli.commands.journey import journey
from nbs_cli.commands.particulars import FINDING
from nbs_cli.commands.variables import variables
from nbs_cli.errors import Failure
from nbs_cli.output.words import _, plural
from nbs_cli.session import Session

_OFFLINE = (
    installation.config,
    installation.modes,
    variables,
    installation.keyring,
    installation.credentials,
    requests,
)
_NEEDED = frozenset({"environment", "credentials"})  # without these no command reaches the server


def examine(session: Session, *, online: bool) -> None:
    """Print what is found; raises Failure when something is to be mended."""
    trouble = session.config_trouble  # looked at first: without a config file that can be read there is no format
    session.printer.check(FINDING)
    findings = [finding for check in _OFFLINE for finding in check(session)]
    usable = trouble is None and all(one.status == OK for one in findings if one.check in _NEEDED)
    if online and usable:
        findings += journey(session)
    _tell(session, findings)
    if online and not usable:
        session.notes.note(_("the way to the server was not tried: no command could go it before that is mended"))
    wrong = _apart(one for one in findings if one.status != OK)
    if wrong:
        raise Failure(
            plural("there is one thing to mend", "there are {count} things to mend", len(wrong)).format(
                count=len(wrong)
            )
        )


def _apart(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, of those that one command mends the first."""
    return list({one.fix or one.message: one for one in reversed(list(findings))}.values())[::-1]


def _tell(session: Session, findings: list[Finding]) -> None:
    if session.options.quiet:
        session.printer.show(FINDING, [one.record() for one in _apart(findings) if one.fix], several=True)
    elif session.for_people:
        room = shutil.get_terminal_size().columns if session.stdout.isatty() else sys.maxsize
        color = session.colored(session.stdout)
        session.stdout.write("".join(f"{line}\n" for one in findings for line in lines(one, room, color=color)))
    else:
        session.printer.show(FINDING, [one.record() for one in findings], several=True)
