"""What a manual page says beyond what its commands tell: that of the sandbox is its handbook."""

from __future__ import annotations

from typing import NamedTuple

from nbs_cli.output.words import _
from nbs_cli.sandbox.differences import DIFFERENCES


class Section(NamedTuple):
    """A section of a page: its title, its paragraphs, then its definitions (term and words), then lines as they are."""

    title: str
    text: str
    rows: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


def _sandbox() -> tuple[Section, ...]:
    return (
        Section(
            _("WHAT IT IS"),
            _(
                "The guide's whole API and its identity service in one process: volumes, snapshots, types, images, "
                "statuses that change with time, quotas, pages, two regions, several tenants and users, and every "
                "refusal that real servers of this family were seen to give. `nbs -p sandbox` calls it in the same "
                "process; `nbs sandbox serve` offers it over HTTP on this machine, with faults on demand. Both share "
                "one state.\n\n"
                "Attaching goes through the Compute API's calls, where any UUID is an instance, or through "
                "`nbs sandbox attach`. Images can be looked at, not loaded."
            ),
        ),
        Section(
            _("WHAT IT IS NOT"),
            _(
                "The real service. It stores no data; it has not its speed, its load nor its people. Where NHN's "
                "documents are silent it does what other servers of the family do, and where they speak, what they "
                "say. It listens on loopback only, its password is known to everybody, and nothing leaves the machine."
            ),
        ),
        Section(
            _("USERS"),
            _("Each logs in with POST /v2.0/tokens; the first is the one that `nbs -p sandbox` uses."),
            (
                ("sandbox, sandbox-password", _("everything in its tenant, and in an Object Storage tenant")),
                ("viewer, viewer-password", _("may look at the same tenant and change nothing (403)")),
                ("other, other", _("a tenant of its own")),
                ("former, former-password", _("a disabled account")),
            ),
        ),
        Section(
            _("OTHER CLIENTS"),
            _("What `nbs sandbox serve` printed, as other clients want to have it:"),
            lines=(
                ". ./sandbox.env",
                "export OS_AUTH_URL=$NBS_IDENTITY_URL/v2.0 OS_IDENTITY_API_VERSION=2 OS_VOLUME_API_VERSION=2",
                "export OS_TENANT_ID=$NBS_TENANT_ID OS_USERNAME=$NBS_USERNAME OS_PASSWORD=$NBS_PASSWORD",
                "export OS_REGION_NAME=$NBS_REGION",
                "openstack volume list",
                'curl -H "X-Auth-Token: $(nbs auth token)" $NBS_ENDPOINT/$NBS_TENANT_ID/volumes',
            ),
        ),
        Section(
            _("DIFFERENCES"),
            _(
                "The sandbox was compared with answers of Cinder 18.2.1 (v2) and Keystone 12.0.3 (v2.0). Where NHN "
                "documents otherwise, it follows NHN:"
            ),
            tuple(
                (
                    _(one.requests),
                    _("there {there}; here {here} ({source})").format(
                        there=_(one.there), here=_(one.here), source=_(one.source)
                    ),
                )
                for one in DIFFERENCES
            ),
        ),
    )


SECTIONS = {"sandbox": _sandbox()}
