"""What the doctor looks at on this machine: config file, modes of files, keyring, credentials; nothing is asked."""

from __future__ import annotations

import difflib
import secrets
import shlex
import shutil
import time
from pathlib import Path

from nbs_cli.commands.finding import OK, PROBLEM, Finding
from nbs_cli.errors import Failure, NotFound, Unauthorized
from nbs_cli.local import folders
from nbs_cli.local.config import Profile
from nbs_cli.local.exposed import exposed
from nbs_cli.output.words import _
from nbs_cli.session import Session

_SLOW = 1.0  # seconds of a keyring that every command would wait for


def config(session: Session) -> list[Finding]:
    """The config file: whether it can be read, and which profile is in use."""
    path = folders.config_file(session.environment.get("NBS_CONFIG_FILE"))
    trouble = session.config_trouble
    if trouble is not None:
        words = trouble.message if trouble.hint is None else f"{trouble.message}; {trouble.hint}"
        # without quotes: it may have options of its own
        return [Finding("config", PROBLEM, words, f"${{EDITOR:-vi}} {shlex.quote(str(path))} </dev/tty")]
    in_use = session.config.in_use
    if in_use is not None and in_use not in session.config.profiles:
        words = _("the profile in use, {name}, is not in the config file").format(name=in_use)
        others = list(session.config.profiles)
        fix = f"nbs profile use {shlex.quote(others[0])}" if others else f"nbs auth login -p {shlex.quote(in_use)}"
        return [Finding("config", PROBLEM, words, fix)]
    if path is None or not path.exists():
        return [Finding("config", OK, _("there is no config file, and none is needed"))]
    words = _("{path} can be read; profiles: {names}").format(
        path=folders.readable(path), names=", ".join(session.config.profiles) or "-"
    )
    return [Finding("config", OK, words)]


def modes(session: Session) -> list[Finding]:
    """Files that others could read or change."""
    named = [session.environment.get("NBS_CONFIG_FILE"), session.environment.get("NBS_PASSWORD_FILE")]
    settings = folders.config_file(named[0])
    state = folders.state()
    secret = [state / "secrets", *([Path(named[1])] if named[1] else [])]
    other = [*([settings] if settings else []), state]
    found = {one.path: one for one in exposed(secret, other)}  # each once, though one folder lies in the other
    findings = [
        Finding(
            "files",
            PROBLEM,
            (_("{path} is another user's") if one.foreign else _("others can read or change {path}")).format(
                path=folders.readable(one.path)
            ),
            f'sudo chown "$(id -u)" {shlex.quote(str(one.path))}'
            if one.foreign
            else f"chmod {one.mode:o} {shlex.quote(str(one.path))}",
        )
        for one in found.values()
    ]
    return findings or [Finding("files", OK, _("nobody else can read or change what nbs keeps"))]


def keyring(session: Session) -> list[Finding]:
    """Where the secrets of profiles lie: a keyring that keeps what it is given, a command that is there."""
    findings: list[Finding] = []
    tried: set[str | None] = set()
    for profile in session.config.profiles.values():
        if profile.store == "command":
            findings += _command(profile)
        elif profile.store == "keyring" and profile.keyring_backend not in tried:
            tried.add(profile.keyring_backend)
            findings.append(_round_trip(session, profile))
    return findings or [Finding("keyring", OK, _("no profile keeps its secret in a keyring"))]


def _command(profile: Profile) -> list[Finding]:
    name = profile.password_command[0] if profile.password_command else ""
    if name and shutil.which(name):
        return []
    words = _("the profile {name} asks `{command}` for its password, and there is no such command").format(
        name=profile.name, command=name
    )
    return [Finding("keyring", PROBLEM, words, f"nbs auth login -p {shlex.quote(profile.name)} --store file")]


def _round_trip(session: Session, profile: Profile) -> Finding:
    """Keep a word in the keyring, read it back and delete it, against the clock."""
    began = time.monotonic()
    probe = f"nbs-doctor-{secrets.token_hex(8)}"
    try:
        ring = session.keyring(profile.keyring_backend, profile.name)
        ring.set(probe, "nothing secret")
        ring.delete(probe)
    except Unauthorized as failure:
        fix = f"nbs auth login -p {shlex.quote(profile.name)} --store file"
        words = _("{why}; the profile {name} keeps its secret there").format(why=failure.message, name=profile.name)
        return Finding("keyring", PROBLEM, words, fix)
    took = time.monotonic() - began
    words = _("the keyring ({name}) keeps what it is given, in {milliseconds:.0f} ms").format(
        name=ring.name, milliseconds=took * 1000
    )
    if took > _SLOW:
        fix = f"nbs auth login -p {shlex.quote(profile.name)} --store file"
        return Finding("keyring", PROBLEM, words + _(": every command would wait for it"), fix)
    return Finding("keyring", OK, words)


def credentials(session: Session) -> list[Finding]:
    """Which credentials a command would use; that there are none is told, and nothing wrong."""
    if session.config_trouble is not None:
        return []
    try:
        found = session.credentials
    except Failure as failure:
        if session.named is None and not session.environment.get("NBS_TOKEN", "NBS_USERNAME", "OS_AUTH_URL"):
            return [Finding("credentials", OK, _("there are no credentials yet: `nbs auth login` keeps some"))]
        told = failure.hint and "`" not in failure.hint  # a command has a line of its own
        words = f"{failure.message}; {failure.hint}" if told else failure.message
        return [Finding("credentials", PROBLEM, words.partition("\n")[0], _credentials_fix(session, failure))]
    words = _("the credentials come from {source}; tenant {tenant}, region {region}").format(
        source=found.source, tenant=found.tenant_id, region=found.region or "-"
    )
    return [Finding("credentials", OK, words)]


def _credentials_fix(session: Session, failure: Failure) -> str:
    """What is wrong is put right where it is: a variable is set, a profile is named as it is called, or made."""
    if session.named is None:
        return again(failure.resource or "NBS_USERNAME")
    close = difflib.get_close_matches(session.named, list(session.config.profiles), 1)
    if isinstance(failure, NotFound) and close and session.options.profile is None:
        return f"export NBS_PROFILE={shlex.quote(close[0])}"
    return f"nbs auth login -p {shlex.quote(session.named)}"


def again(name: str) -> str:
    """The command that asks for the variable *name*, a secret without showing it."""
    quiet = "s" if name.endswith(("PASSWORD", "TOKEN")) else ""
    return f"read -r{quiet} {name} && export {name}"
