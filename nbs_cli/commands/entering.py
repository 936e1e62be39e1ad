"""Logging in: what is asked, what is tried, what is kept; nothing is saved before the server gave a token."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from nbs_cli.cloud.access import BLOCK_STORAGE, Access, Credentials
from nbs_cli.cloud.identity import Identity, log_in
from nbs_cli.cloud.realms import DEFAULT, REALMS
from nbs_cli.cloud.request import Request
from nbs_cli.errors import Usage
from nbs_cli.local import config
from nbs_cli.local.config import Profile
from nbs_cli.local.credentials import bare, of_profile, tenant
from nbs_cli.local.secrets import OfCommand, Secret, Store, account
from nbs_cli.output import hidden
from nbs_cli.output.words import _
from nbs_cli.session import Session

USUAL = "default"  # the profile of a login without -p


class Typed(NamedTuple):
    """The options of `auth login` as they were typed; None where they were not."""

    realm: str | None
    region: str | None
    tenant_id: str | None
    username: str | None
    identity_url: str | None
    endpoint: str | None
    store: str | None
    password_command: str | None
    password_stdin: bool


def login(session: Session, typed: Typed) -> None:
    """Ask for what is missing, get a token, and keep profile and secret; raises before anything is kept."""
    name = session.options.profile or session.environment.get("NBS_PROFILE") or USUAL
    config.check_name(name)
    profile = _profile(session, name, typed)
    credentials = of_profile(profile)
    store = session.store(profile, account(name, credentials))
    password = _password(session, typed, store)
    access = log_in(session.client, credentials._replace(password=password))
    profile = profile._replace(region=_region(session, credentials, access))
    store.write(Secret(None if isinstance(store, OfCommand) else password, access.trimmed()))
    _keep(session, profile, use=session.options.profile is None or session.config.in_use is None)
    forget_former(session, name, profile)
    session.did(
        _("logged in as {user}, tenant {tenant}, region {region}; the password lies in {place}").format(
            user=profile.username, tenant=profile.tenant_id, region=profile.region, place=store.place()
        )
    )
    session.notes.hint(_("`nbs volume list` lists your volumes; `nbs auth status` says who you are"))


def check_value(key: str, value: object) -> None:
    """Raise Usage for a tenant ID or an address that no later command could use."""
    if key == "tenant_id" and isinstance(value, str):
        tenant(value)
    if key in {"identity_url", "endpoint"} and isinstance(value, str):
        Request("GET", bare(value)).check_url()


def forget_former(session: Session, name: str, profile: Profile) -> None:
    """Remove the secret that the profile *name* had, when *profile* keeps its own under another name or elsewhere."""
    former = session.config.profiles.get(name)
    if former is None or former.tenant_id is None or former.username is None:
        return
    place = (former.store, account(name, of_profile(former)))
    if place == (profile.store, account(name, of_profile(profile))):
        return
    with session.told(_("the former password was not removed")):
        session.store(former, place[1]).remove()


def forget(session: Session, profile: Profile) -> None:
    """Remove the secret of *profile*, where its values can be read; raises Unauthorized where it may stay behind."""
    with suppress(Usage):
        store = session.store(profile, account(profile.name, of_profile(profile)))
        with session.mended(
            _(
                "its password may still lie in the keyring: unlock it and try again, or take the profile out of "
                "the config file by hand"
            )
        ):
            store.remove()


def _profile(session: Session, name: str, typed: Typed) -> Profile:
    """The profile that is logged in to: what was typed, what it had before, what is asked now."""
    before = session.config.profiles.get(name, Profile(name))
    if typed.realm is not None and typed.identity_url is None:
        before = before._replace(identity_url=None, endpoint=None)  # they belong to the realm before
    given = {key: value for key in config.KEYS if (value := getattr(typed, key, None)) is not None}
    if "password_command" in given:
        given["password_command"] = config.parse("password_command", given["password_command"])
    for key in ("realm", "store"):
        if key in given:
            config.parse(key, given[key])
    profile = before._replace(**given)
    profile = profile._replace(keyring_backend=_backend(session, profile))
    if profile.store == "command" and not profile.password_command:
        raise Usage(_("the command is missing"), hint=_("say `--password-command 'pass show nhn'`, for example"))
    return _complete(session, profile, typed)


def _backend(session: Session, profile: Profile) -> str | None:
    """The keyring's backend, found before anything is asked: without one there is no use in asking."""
    if profile.store != "keyring":
        return None
    return session.keyring(profile.keyring_backend, profile.name).name


def _complete(session: Session, profile: Profile, typed: Typed) -> Profile:
    if profile.realm is None and profile.identity_url is None:
        question = _("Realm ({names})").format(names=", ".join(REALMS))
        realm = _ask(session, "realm", question, typed.realm, DEFAULT, missing=DEFAULT)
        profile = profile._replace(realm=config.parse("realm", realm))
    if session.notes.interactive and not (typed.tenant_id and typed.username):
        session.notes.note(_("The tenant ID and the API password are in the console:"))
        session.notes.note(_("  Compute > Instance > API endpoint settings"))
        session.notes.note(_("The API password is set there; it is not the password of the console."))
    tenant = _ask(session, "tenant-id", _("Tenant ID"), typed.tenant_id, profile.tenant_id)
    question = _("Account (e-mail address or IAM account)")
    username = _ask(session, "username", question, typed.username, profile.username)
    return profile._replace(tenant_id=tenant, username=username)


def _ask(
    session: Session, option: str, question: str, given: str | None, default: str | None, missing: str | None = None
) -> str:
    """What was typed, or is answered; without a terminal what was kept before, or *missing*; else Usage."""
    if given is not None:
        return given
    if session.notes.interactive:
        return session.notes.ask(question, default)
    value = default or missing
    if value is None:
        raise Usage(_("--{option} is missing, and nobody is there to ask").format(option=option))
    return value


def _password(session: Session, typed: Typed, store: Store) -> str:
    if isinstance(store, OfCommand):
        return store.password()
    if typed.password_stdin:
        line = session.stdin.readline().rstrip("\r\n")
        if not line:
            raise Usage(_("standard input holds no password"))
        return line
    if session.notes.interactive:
        return hidden.ask(session.notes, _("API password"))
    raise Usage(
        _("the password is missing, and nobody is there to ask"),
        hint=_("pipe it in: `nbs auth login --password-stdin < FILE`"),
    )


def _region(session: Session, credentials: Credentials, access: Access) -> str:
    """The region as the catalog writes it; asked for when several are offered and none was named."""
    offered = sorted({region for region, _url in access.endpoints(BLOCK_STORAGE)})
    wanted = session.options.region or credentials.region
    if wanted is None and len(offered) > 1 and session.notes.interactive:
        wanted = session.notes.ask(_("Region ({names})").format(names=", ".join(offered)), offered[0])
    chosen = Identity(session.client, credentials._replace(region=wanted))
    return chosen.region_of(access)


def _keep(session: Session, profile: Profile, *, use: bool) -> None:
    """Write the profile, without what is usual, and put it in use when it is to be."""
    usual = Profile(profile.name)
    values = {
        key: value if (value := getattr(profile, key)) != getattr(usual, key) or key == "store" else None
        for key in config.KEYS
    }
    session.edits.put(session.config, profile.name, values)
    if use:
        session.edits.use(session.config, profile.name)
