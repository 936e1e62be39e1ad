"""Realms of NHN Cloud as data: identity, regions, zones, and the domains that a token may go to.

Source: facts.md §2 (the token and endpoint pages of NHN's documentation of every realm).
"""

from __future__ import annotations

from typing import NamedTuple


class Region(NamedTuple):
    """A region: its code in the service catalog, its name in Korean and English, its availability zones where known."""

    code: str
    korean: str
    english: str
    zones: tuple[str, ...] = ()


class Realm(NamedTuple):
    """A cloud of its own: accounts, tokens and endpoints of one realm mean nothing in another.

    `domains` are those that a token of the realm may be sent to; the first one is used to build host names.
    """

    name: str
    domains: tuple[str, ...]
    regions: tuple[Region, ...]

    @property
    def identity_url(self) -> str:
        """The identity service, one host for all regions, without `/v2.0`."""
        return f"https://api-identity-infrastructure.{self.domains[0]}"

    def endpoint(self, region: str, tenant_id: str) -> str:
        """The documented block storage endpoint of *region* (any case) for *tenant_id*, where no catalog is at hand."""
        host = f"{region.lower()}-api-block-storage-infrastructure.{self.domains[0]}"
        return f"https://{host}/v2/{tenant_id}"

    def zones(self, region: str) -> tuple[str, ...]:
        """The availability zones of *region* (any case) that NHN documents; empty where it documents none."""
        return next((known.zones for known in self.regions if known.code == region.upper()), ())


_PANGYO = ("kr-pub-a", "kr-pub-b")
_PYEONGCHON = ("kr2-pub-a", "kr2-pub-b")
_DAEGU = (Region("KR4", "한국(대구)", "Korea (Daegu)"),)

REALMS = {
    realm.name: realm
    for realm in (
        Realm(
            "gov",
            ("gov-nhncloudservice.com",),
            (
                Region("KR1", "한국(판교)", "Korea (Pangyo)", _PANGYO),
                Region("KR2", "한국(평촌)", "Korea (Pyeongchon)", _PYEONGCHON),
            ),
        ),
        Realm(
            "public",
            ("nhncloudservice.com",),
            (
                Region("KR1", "한국(판교)", "Korea (Pangyo)", _PANGYO),
                Region("KR2", "한국(평촌)", "Korea (Pyeongchon)", _PYEONGCHON),
                Region("KR3", "한국(광주)", "Korea (Gwangju)", ("kr3-pub-a", "kr3-pub-b")),
                Region("JP1", "일본(도쿄)", "Japan (Tokyo)", ("jp-pub-a", "jp-pub-b")),
            ),
        ),
        Realm("ncgn", ("gncloud.go.kr",), (Region("KR1", "한국(대구)", "Korea (Daegu)"),)),
        # the catalogs of these two name .go.kr hosts although the endpoint tables say .com
        Realm("ngoic", ("ngoic.com", "ngoic.go.kr"), _DAEGU),
        Realm("ngovc", ("ngovc.com", "ngovc.go.kr"), _DAEGU),
        Realm("ngsc", ("ngsc.go.kr",), _DAEGU),
        Realm("ninc", ("ninc.go.kr",), _DAEGU),
    )
}
DEFAULT = "gov"


def realm_of_host(host: str) -> Realm | None:
    """The realm whose domain *host* lies in, None for a host of no realm."""
    for realm in REALMS.values():
        if within(host, realm.domains):
            return realm
    return None


def within(host: str, domains: tuple[str, ...]) -> bool:
    """Whether *host* is one of *domains* or lies below one."""
    return any(host == domain or host.endswith("." + domain) for domain in domains)
