"""Which proxy a request goes through, whatever people write into the variables."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.proxies import Proxy, proxy_of

HOST = "kr1-api-block-storage-infrastructure.nhncloudservice.com"
URL = f"https://{HOST}/v2/t/volumes"
PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "http://other.example:1"}, PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": PROXY}, None),
    ],
)
def test_the_proxy_of_the_environment(
    environ: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY before ALL_PROXY, in either case, with and without a scheme; that of plain http is another one."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(URL) == (None if proxy is None else Proxy(proxy))


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", URL, True),
        (HOST, URL, True),
        ("nhncloudservice.com", URL, True),
        (".nhncloudservice.com", URL, True),
        ("*.nhncloudservice.com", URL, True),
        (f"{HOST}:443", f"https://{HOST}:443/", True),
        ("a.example, .NHNcloudservice.com ,b", URL, True),
        ("cloudservice.com", URL, False),
        ("other.example", URL, False),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.1.2.3/8", "https://10.9.9.9/", True),
        ("::1", "https://[::1]/", True),
        ("[::1]", "https://[::1]:8776/", True),
        ("fd00::/8", "https://[fd00::1]/", True),
        ("10.0.0.0/8", "https://[::1]/", False),
        ("10.0.0.0/8", URL, False),
        ("*.svc,.cluster.local", "https://cinder.openstack.svc/", True),
        ("::1,10.0.0.0/99,*.,.,,[", URL, False),
    ],
)
def test_what_needs_no_proxy(exceptions: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY names hosts, domains, wildcards, ports, addresses and networks; nonsense in it is passed over (A21)."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_of(url) is None) == direct


@settings(database=None, deadline=None, max_examples=300)
@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    st.text("0123456789abcdef:[]./*,-", max_size=30),
)
def test_no_setting_is_a_crash(proxy: str, exceptions: str) -> None:
    """Whatever stands in the variables there is a proxy or none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "HTTPS_PROXY", proxy)
        patch.setitem(os.environ, "NO_PROXY", exceptions)
        found = proxy_of(URL)
    assert found is None or isinstance(found.name, str)


def test_a_proxys_password_is_no_part_of_its_name() -> None:
    """What people see has host and port; the password is told apart as a secret, also as it is meant."""
    proxy = Proxy("http://ann:s%21cret-word@proxy.example:3128/")
    assert proxy.name == "proxy.example:3128"
    assert proxy.secrets == ("s%21cret-word", "s!cret-word")
    assert Proxy("http://ann@proxy.example").secrets == ()
