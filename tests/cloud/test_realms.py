"""Realms as data: what NHN documents of each, and which hosts belong to one."""

from __future__ import annotations

import pytest

from nbs_cli.cloud.realms import DEFAULT, REALMS, realm_of_host, within

# realm, domain, regions: the endpoint tables of NHN's documentation (facts.md 2), not taken from the program
DOCUMENTED = {
    "gov": ("gov-nhncloudservice.com", ["KR1", "KR2"]),
    "public": ("nhncloudservice.com", ["KR1", "KR2", "KR3", "JP1"]),
    "ncgn": ("gncloud.go.kr", ["KR1"]),
    "ngoic": ("ngoic.com", ["KR4"]),
    "ngovc": ("ngovc.com", ["KR4"]),
    "ngsc": ("ngsc.go.kr", ["KR4"]),
    "ninc": ("ninc.go.kr", ["KR4"]),
}
TENANT = "6cdebe3eb0094910bc41f1d42ebe4cb7"


def test_every_documented_realm_is_known() -> None:
    """No more and no less, and the guide's own is the usual one."""
    assert set(REALMS) == set(DOCUMENTED)
    assert DEFAULT == "gov"


@pytest.mark.parametrize(("name", "documented"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_a_realm_is_as_documented(name: str, documented: tuple[str, list[str]]) -> None:
    """Identity, block storage hosts and regions, spelt as in the tables."""
    domain, regions = documented
    realm = REALMS[name]
    assert realm.name == name
    assert realm.identity_url == f"https://api-identity-infrastructure.{domain}"
    assert [region.code for region in realm.regions] == regions
    for region in regions:
        host = f"{region.lower()}-api-block-storage-infrastructure.{domain}"
        assert realm.endpoint(region, TENANT) == f"https://{host}/v2/{TENANT}"
        assert realm.endpoint(region.lower(), TENANT) == realm.endpoint(region, TENANT)


@pytest.mark.parametrize(
    ("code", "endpoint"),
    [
        ("KR1", "https://kr1-api-block-storage-infrastructure.gov-nhncloudservice.com"),
        ("KR2", "https://kr2-api-block-storage-infrastructure.gov-nhncloudservice.com"),
    ],
)
def test_the_endpoints_of_the_guide(code: str, endpoint: str) -> None:
    """The two that stand in the guide's first table, letter by letter."""
    assert REALMS["gov"].endpoint(code, TENANT) == f"{endpoint}/v2/{TENANT}"


def test_the_regions_of_the_guide_have_their_names() -> None:
    """KR2 is Pyeongchon (평촌), not Pyeongchang."""
    names = [(region.code, region.korean, region.english) for region in REALMS["gov"].regions]
    assert names == [("KR1", "한국(판교)", "Korea (Pangyo)"), ("KR2", "한국(평촌)", "Korea (Pyeongchon)")]


@pytest.mark.parametrize(
    ("realm", "region", "zones"),
    [
        ("gov", "KR1", ("kr-pub-a", "kr-pub-b")),
        ("gov", "kr2", ("kr2-pub-a", "kr2-pub-b")),
        ("public", "KR3", ("kr3-pub-a", "kr3-pub-b")),
        ("public", "JP1", ("jp-pub-a", "jp-pub-b")),
        ("ngsc", "KR4", ()),
        ("gov", "KR9", ()),
    ],
)
def test_zones_are_known_where_they_are_documented(realm: str, region: str, zones: tuple[str, ...]) -> None:
    """And nothing is invented where they are not."""
    assert REALMS[realm].zones(region) == zones


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api-identity-infrastructure.gov-nhncloudservice.com", "gov"),
        ("gov-nhncloudservice.com", "gov"),
        ("api-identity-infrastructure.nhncloudservice.com", "public"),
        ("kr4-api.ngoic.go.kr", "ngoic"),
        ("kr4-api.ngovc.go.kr", "ngovc"),
        ("evilgov-nhncloudservice.com", None),
        ("gov-nhncloudservice.com.evil.example", None),
        ("keystone.example", None),
        ("127.0.0.1", None),
        ("", None),
    ],
)
def test_a_host_belongs_to_one_realm(host: str, name: str | None) -> None:
    """Gov is not below public although its name ends alike; look-alikes belong to none."""
    realm = realm_of_host(host)
    assert (realm.name if realm else None) == name


def test_no_host_is_within_two_realms() -> None:
    """A token of one realm means nothing in another, so no host may count for both."""
    for name, (domain, _regions) in DOCUMENTED.items():
        host = f"kr1-api.{domain}"
        assert [realm.name for realm in REALMS.values() if within(host, realm.domains)] == [name]
