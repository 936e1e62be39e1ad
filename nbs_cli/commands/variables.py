"""What the doctor finds in the environment: variables that mean nothing, durations that are none, missing files."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from nbs_cli.commands.finding import OK, PROBLEM, Finding, tried
from nbs_cli.manual import ENVIRONMENT
from nbs_cli.output.words import _
from nbs_cli.session import Session, seconds

_KNOWN = [name for names, _words in ENVIRONMENT for name in names.split(", ") if name.startswith("NBS_")]
_DURATIONS = ("NBS_TIMEOUT", "NBS_WAIT_TIMEOUT", "NBS_SETTLE", "NBS_KEYRING_TIMEOUT")
_CHECK = "environment"


def variables(session: Session) -> list[Finding]:
    """Names that are misspelt, durations and files that no command could use; never what a variable holds."""
    found = [*_unknown(session), *_durations(session), *_bundle(session)]
    return found or [Finding(_CHECK, OK, _("every variable of the environment that is for nbs can be used"))]


def _unknown(session: Session) -> Iterator[Finding]:
    for name in sorted(session.environ):
        if name.startswith("NBS_") and name not in _KNOWN:
            close = difflib.get_close_matches(name, _KNOWN, 1, 0.8)
            words = _("{name} means nothing to nbs").format(name=name)
            if not close or session.environment.get(close[0]):
                yield Finding(_CHECK, PROBLEM, words, f"unset {shlex.quote(name)}")
                continue
            near = close[0]
            meant = _("did you mean {name}?").format(name=near)
            yield Finding(_CHECK, PROBLEM, f"{words}; {meant}", f'export {near}="${name}"; unset {name}')


def _durations(session: Session) -> Iterator[Finding]:
    for name in _DURATIONS:
        text = session.environment.get(name)
        if text is not None:
            finding = tried(_CHECK, partial(_read, text), f"unset {name}")
            if finding.status != OK:
                yield Finding(_CHECK, PROBLEM, f"{name}: {finding.message}", finding.fix)


def _read(text: str) -> Finding:
    seconds(text)
    return Finding(_CHECK, OK, text)


def _bundle(session: Session) -> Iterator[Finding]:
    """A file of certificates that is not there: OpenSSL would only say that there is no such file."""
    path = session.ca_bundle
    if path is not None and not Path(path).is_file():
        names = ("NBS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "OS_CACERT")
        name = next((one for one in names if session.environment.get(one) == path), None)
        words = _("there is no file {path} of certificates").format(path=path)
        if name is None:
            yield Finding(_CHECK, PROBLEM, words)
        else:
            yield Finding(_CHECK, PROBLEM, f"{name}: {words}", f"unset {name}")
