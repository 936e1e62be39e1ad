"""The doctor's round: every check in turn, its findings told, and what they come to."""

from __future__ import annotations

import shutil
import sys

from nbs_cli.commands import installation
from nbs_cli.commands.checks import requests
from nbs_cli.commands.finding import OK, Finding, lines
from nbs_cli.commands.journey import journey
from nbs_cli.commands.particulars import FINDING
from nbs_cli.errors import Failure
from nbs_cli.output.words import plural
from nbs_cli.session import Session

_OFFLINE = (installation.config, installation.modes, installation.keyring, installation.credentials, requests)


def examine(session: Session, *, online: bool) -> None:
    """Print what is found; raises Failure when something is to be mended."""
    trouble = session.config_trouble  # looked at first: without a config file that can be read there is no format
    session.printer.check(FINDING)
    findings = [finding for check in _OFFLINE for finding in check(session)]
    if online and trouble is None and all(one.status == OK for one in findings if one.check == "credentials"):
        findings += journey(session)
    _tell(session, findings)
    wrong = [one for one in findings if one.status != OK]
    if wrong:
        raise Failure(
            plural("there is one thing to mend", "there are {count} things to mend", len(wrong)).format(
                count=len(wrong)
            )
        )


def _tell(session: Session, findings: list[Finding]) -> None:
    if session.options.quiet:
        session.printer.show(FINDING, [one.record() for one in findings if one.fix], several=True)
    elif session.for_people:
        room = shutil.get_terminal_size().columns if session.stdout.isatty() else sys.maxsize
        session.stdout.write("".join(f"{line}\n" for one in findings for line in lines(one, room)))
    else:
        session.printer.show(FINDING, [one.record() for one in findings], several=True)
