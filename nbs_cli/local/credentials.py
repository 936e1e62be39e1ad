"""Which set of credentials a command uses: one set from one source, never mixed value by value.

The order is that of `commands.md` §1: a named profile; `NBS_*`; the profile in use; `OS_*` when there is no profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from nbs_cli.cloud.identity import Credentials
from nbs_cli.cloud.realms import DEFAULT, REALMS, Realm, realm_of_host
from nbs_cli.errors import NotFound, Unauthorized, Usage
from nbs_cli.output.words import _

SANDBOX = "sandbox"


@dataclass(frozen=True)
class Environment:
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
            )
        return value


def find(environment: Environment, profile: str | None, region: str | None) -> Credentials:
    """Give the set of credentials for *profile* (None: none was named), with *region* in place of its own.

    Raises NotFound for an unknown profile, Unauthorized with the ways on when there are no credentials. The `sandbox`
    profile is not found here: it has no credentials of the environment's.
    """
    if profile is not None:
        raise NotFound(
            _("there is no profile {name}").format(name=profile), hint=_("`sandbox` is the one that always exists")
        )
    found = _of_nbs(environment) or _of_openrc(environment)
    if found is None:
        raise _nothing()
    if region is None:
        return found
    return replace(found, region=region, endpoint=None)  # an endpoint is of one region; what is typed comes first


def _nothing() -> Unauthorized:
    return Unauthorized(
        _("no credentials"),
        hint=_(
            "log in by setting these, all from the console, Compute > Instance > API endpoint settings:\n"
            "  export NBS_REALM=gov NBS_REGION=KR1 NBS_TENANT_ID=… NBS_USERNAME=… NBS_PASSWORD=…\n"
            "or try everything without an account, in a sandbox on this machine:\n"
            "  nbs -p sandbox volume create --size 10 --wait"
        ),
    )


def _of_nbs(environment: Environment) -> Credentials | None:
    token, username = environment.get("NBS_TOKEN"), environment.get("NBS_USERNAME")
    if token is None and username is None:
        return None
    marker = "NBS_USERNAME" if token is None else "NBS_TOKEN"
    identity_url, realm = _identity(environment)
    return Credentials(
        source=_("the environment ({name})").format(name=marker),
        identity_url=identity_url,
        realm=realm,
        tenant_id=_tenant(environment.needed("NBS_TENANT_ID", marker)),
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
        realm=realm_of_host(urlsplit(identity_url).hostname or ""),
        tenant_id=_tenant(
            environment.get("OS_TENANT_ID", "OS_PROJECT_ID") or environment.needed("OS_TENANT_ID", "OS_AUTH_URL")
        ),
        region=environment.get("OS_REGION_NAME"),
        username=environment.needed("OS_USERNAME", "OS_AUTH_URL"),
        password=environment.needed("OS_PASSWORD", "OS_AUTH_URL"),
    )


def _identity(environment: Environment) -> tuple[str, Realm | None]:
    """The identity URL without version, and the realm it belongs to; a URL of the user's own comes first."""
    url = environment.get("NBS_IDENTITY_URL")
    if url is not None:
        identity_url = bare(url)
        return identity_url, realm_of_host(urlsplit(identity_url).hostname or "")
    name = environment.get("NBS_REALM") or DEFAULT
    realm = REALMS.get(name.lower())
    if realm is None:
        raise Usage(
            _("there is no realm {name}").format(name=name),
            hint=_("the realms are {names}").format(names=", ".join(REALMS)),
        )
    return realm.identity_url, realm


def bare(url: str) -> str:
    """Give an identity URL without `/v2.0` and slashes at its end, for it is taken with and without."""
    return url.strip().rstrip("/").removesuffix("/v2.0").rstrip("/")


def _tenant(text: str) -> str:
    """A tenant ID goes into paths: it must be one word of letters, digits and dashes."""
    if not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise Usage(
            _("{text!r} is no tenant ID").format(text=text),
            hint=_("it is 32 hexadecimal digits: console, Compute > Instance > API endpoint settings"),
        )
    return text


def _password(environment: Environment) -> str:
    path = environment.get("NBS_PASSWORD_FILE")
    given = environment.get("NBS_PASSWORD")
    if given is not None or path is None:
        return environment.needed("NBS_PASSWORD", "NBS_USERNAME")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(_("the password file {path} cannot be read: {error}").format(path=path, error=error)) from error
    if not text.strip("\r\n"):
        raise Usage(_("the password file {path} is empty").format(path=path))
    return text.rstrip("\r\n")
