"""Who one is: the credentials in use, where they come from and where the secret lies; never a secret itself."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nbs_cli.cloud.access import BLOCK_STORAGE, Access
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.errors import Usage
from nbs_cli.output.words import _
from nbs_cli.session import Session


def describe(session: Session, *, online: bool) -> dict[str, Any]:
    """The record of `auth status` (`particulars.STATUS`); with *online* the credentials are tried, which may raise."""
    credentials = session.credentials
    if online:
        session.storage.page(VOLUME, {"limit": 1}, detail=False)
    access = _known(session, online=online)
    return {
        "source": credentials.source,
        "profile": session.named,
        "realm": credentials.realm.name if credentials.realm else None,
        "identity_url": credentials.identity_url,
        "tenant_id": credentials.tenant_id,
        "username": credentials.username,
        "region": credentials.region,
        "region_from": _("the option --region") if session.options.region else credentials.source,
        "secret": _place(session),
        "token_expires": access.expires if access else None,
        "regions": sorted({region for region, _url in access.endpoints(BLOCK_STORAGE)}) if access else None,
        "endpoint": _endpoint(session, access),
        "online": True if online else None,
    }


def _known(session: Session, *, online: bool) -> Access | None:
    """The access that is at hand without a request, or that of the request that was made."""
    if session.credentials.token is not None:
        return None
    if online:
        return session.identity.access
    return session.keeper.store.read().access if session.keeper else None


def _endpoint(session: Session, access: Access | None) -> str | None:
    """The endpoint where it is known without a request."""
    if session.credentials.token is None:
        if access is None:
            return None
        session.identity.adopt(access)
    with suppress(Usage):
        return session.identity.endpoint
    return None


def _place(session: Session) -> str:
    if session.keeper is not None:
        return session.keeper.store.place()
    return _("nowhere: it is in the environment") if not session.in_sandbox else _("nowhere: the sandbox needs none")
