"""Which set of credentials a command uses: one set from one source, never mixed value by value.

The order is that of `commands.md` §1: a named profile; `NBS_*`; the profile in use; `OS_*` when there is no profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nbs_cli.cloud.access import Credentials
from nbs_cli.cloud.realms import DEFAULT, REALMS, Realm, realm_of_host
from nbs_cli.cloud.request import split
from nbs_cli.errors import Unauthorized, Usage, nearest
from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.local.config import Profile


class Environment(NamedTuple):
    """The environment's variables; an empty one counts as unset."""

    variables: Mapping[str, str]

    def get(self, *names: str) -> str | None:
        """The first of *names* that is set."""
        return next((value for name in names if (value := self.variables.get(name, ""))), None)

    def needed(self, name: str, beside: str) -> str:
        """The value of *name*, which has to stand beside *beside*; raises Unauthorized where it is missing."""
        value = self.get(name)
        if value is None:
            raise Unauthorized(
                _("{beside} is set and {name} is not").format(beside=beside, name=name),
                hint=_("one set of credentials comes from one source; set {name} too").format(name=name),
                resource=name,
            )
        return value


def find(environment: Environment, profile: Profile | None, region: str | None) -> Credentials:
    """Give the set of credentials, of *profile* where one is chosen, with *region* in place of its own.

    Raises Unauthorized with the ways on when there are none, Usage for what cannot be. The `sandbox` profile is not
    found here: its cloud is in this process.
    """
    if profile is not None:
        found = of_profile(profile)
    else:
        candidate = _of_nbs(environment) or _of_openrc(environment)
        if candidate is None:
            raise _nothing()
        found = candidate
    if region is None:
        return found
    return found._replace(region=region, endpoint=None)  # an endpoint is of one region; what is typed comes first


def in_environment(environment: Environment) -> bool:
    """Whether `NBS_*` holds a set of credentials, which then comes before the profile in use."""
    return environment.get("NBS_TOKEN", "NBS_USERNAME") is not None


def of_profile(profile: Profile) -> Credentials:
    """The credentials of *profile*, its password left where it is; raises Usage where a value is missing."""
    for key in ("tenant_id", "username"):
        if getattr(profile, key) is None:
            raise Usage(
                _("the profile {name} has no {key}").format(name=profile.name, key=key),
                hint=_("`nbs auth login -p {name}` asks for it").format(name=profile.name),
            )
    identity_url, realm = locate(profile.identity_url, profile.realm)
    return Credentials(
        source=_("the profile {name}").format(name=profile.name),
        identity_url=identity_url,
        realm=realm,
        tenant_id=tenant(profile.tenant_id or ""),
        region=profile.region,
        username=profile.username,
        endpoint=profile.endpoint,
    )


def _nothing() -> Unauthorized:
    return Unauthorized(
        _("no credentials"),
        hint=_(
            "log in once, with the values of the console, Compute > Instance > API endpoint settings:\n"
            "  nbs auth login\n"
            "or, for a pipeline, set them:\n"
            "  export NBS_REGION=KR1 NBS_TENANT_ID=… NBS_USERNAME=… NBS_PASSWORD=…\n"
            "or try everything without an account, in a sandbox on this machine:\n"
            "  nbs -p sandbox volume create --size 10 --wait"
        ),
    )


def _of_nbs(environment: Environment) -> Credentials | None:
    token, username = environment.get("NBS_TOKEN"), environment.get("NBS_USERNAME")
    if token is None and username is None:
        return None
    marker = "NBS_USERNAME" if token is None else "NBS_TOKEN"
    identity_url, realm = locate(environment.get("NBS_IDENTITY_URL"), environment.get("NBS_REALM"), "NBS_REALM")
    return Credentials(
        source=_("the environment ({name})").format(name=marker),
        identity_url=identity_url,
        realm=realm,
        tenant_id=tenant(environment.needed("NBS_TENANT_ID", marker), "NBS_TENANT_ID"),
        region=environment.get("NBS_REGION"),
        username=username if token is None else None,
        password=_password(environment) if token is None else None,
        token=token,
        endpoint=environment.get("NBS_ENDPOINT"),
    )


def _of_openrc(environment: Environment) -> Credentials | None:
    """What an openrc sets: OS_AUTH_URL, OS_TENANT_ID or OS_PROJECT_ID, OS_USERNAME, OS_PASSWORD, OS_REGION_NAME."""
    url = environment.get("OS_AUTH_URL")
    if url is None:
        return None
    identity_url = bare(url)
    return Credentials(
        source=_("the environment (OS_AUTH_URL)"),
        identity_url=identity_url,
        realm=realm_of_host(split(identity_url).hostname or ""),
        tenant_id=tenant(
            environment.get("OS_TENANT_ID", "OS_PROJECT_ID") or environment.needed("OS_TENANT_ID", "OS_AUTH_URL"),
            "OS_TENANT_ID",
        ),
        region=environment.get("OS_REGION_NAME"),
        username=environment.needed("OS_USERNAME", "OS_AUTH_URL"),
        password=environment.needed("OS_PASSWORD", "OS_AUTH_URL"),
    )


def locate(url: str | None, name: str | None, variable: str | None = None) -> tuple[str, Realm | None]:
    """The identity URL without version, and the realm it belongs to: by a *url* of the user's own, else by *name*.

    Raises Usage for an unknown realm, about the *variable* that it comes from.
    """
    if url is not None:
        identity_url = bare(url)
        return identity_url, realm_of_host(split(identity_url).hostname or "")
    name = name or DEFAULT
    realm = REALMS.get(name.lower())
    if realm is None:
        raise Usage(
            _("there is no realm {name}").format(name=name),
            hint=nearest(name, list(REALMS), _("the realms are {names}")),
            resource=variable,
        )
    return realm.identity_url, realm


def bare(url: str) -> str:
    """Give an identity URL without `/v2.0` and slashes at its end, for it is taken with and without."""
    return url.strip().rstrip("/").removesuffix("/v2.0").rstrip("/")


def tenant(text: str, variable: str | None = None) -> str:
    """Give a tenant ID, which goes into paths: a word of letters, digits, dashes; raises Usage about *variable*."""
    if not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise Usage(
            _("{text!r} is no tenant ID").format(text=text),
            hint=_("it is 32 hexadecimal digits: console, Compute > Instance > API endpoint settings"),
            resource=variable,
        )
    return text


def _password(environment: Environment) -> str:
    path = environment.get("NBS_PASSWORD_FILE")
    given = environment.get("NBS_PASSWORD")
    if given is not None or path is None:
        return environment.needed("NBS_PASSWORD", "NBS_USERNAME")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _file_trouble(_("the password file {path} is no text in UTF-8").format(path=path)) from error
    except OSError as error:
        words = _("the password file {path} cannot be read: {error}").format(path=path, error=error.strerror)
        raise _file_trouble(words) from error
    if not text.strip("\r\n"):
        raise _file_trouble(_("the password file {path} is empty").format(path=path))
    return text.rstrip("\r\n")


def _file_trouble(message: str) -> Usage:
    return Usage(message, resource="NBS_PASSWORD_FILE")
