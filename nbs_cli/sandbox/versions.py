"""Which versions of a service there are: clients look for these documents, of which the guide does not tell."""

from __future__ import annotations

from nbs_cli.sandbox.turns import Record

MANUAL = {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}


def storage(base: str) -> Record:
    """`{"versions": [...]}` of the block storage: 2.0, and nothing newer."""
    version = _version(
        "DEPRECATED", "2017-02-25T12:00:00Z", f"{base}/v2/", "application/vnd.openstack.volume+json;version=2"
    )
    return {"versions": [{**version, "version": "", "min_version": ""}]}


def identity(base: str) -> Record:
    """`{"version": {...}}` of the identity service: 2.0."""
    media = "application/vnd.openstack.identity-v2.0+json"
    return {"version": _version("deprecated", "2016-08-04T00:00:00Z", f"{base}/v2.0/", media)}


def _version(status: str, updated: str, href: str, media: str) -> Record:
    return {
        "id": "v2.0",
        "status": status,
        "updated": updated,
        "links": [{"rel": "self", "href": href}, MANUAL],
        "media-types": [{"base": "application/json", "type": media}],
    }
