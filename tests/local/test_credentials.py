"""One set of credentials from one source, never mixed value by value."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from nbs_cli.cloud.identity import Credentials
from nbs_cli.errors import Failure, NotFound, Unauthorized, Usage
from nbs_cli.session import Session

TENANT = "6cdebe3eb0094910bc41f1d42ebe4cb7"
NBS = {"NBS_USERNAME": "ops", "NBS_PASSWORD": "secret", "NBS_TENANT_ID": TENANT}
TOKEN = {"NBS_TOKEN": "t0ken", "NBS_TENANT_ID": TENANT}
OPENRC = {
    "OS_AUTH_URL": "https://identity.example.org:5000/v2.0/",
    "OS_TENANT_ID": "0" * 32,
    "OS_USERNAME": "openrc",
    "OS_PASSWORD": "other",
    "OS_REGION_NAME": "RegionOne",
}
GOV = "https://api-identity-infrastructure.gov-nhncloudservice.com"


def found(environ: dict[str, str], *, profile: str | None = None, region: str | None = None) -> Credentials:
    """The credentials that a command with this environment and these options uses."""
    session = Session(environ, stdin=StringIO(), stdout=StringIO(), stderr=StringIO())
    session.options.profile, session.options.region = profile, region
    return session.credentials


def test_a_password_from_the_environment() -> None:
    """User name, API password and tenant; the realm is `gov` unless another is named."""
    credentials = found({**NBS, "NBS_REGION": "KR1"})
    assert (credentials.username, credentials.password, credentials.token) == ("ops", "secret", None)
    assert (credentials.identity_url, credentials.tenant_id, credentials.region) == (GOV, TENANT, "KR1")
    assert "NBS_USERNAME" in credentials.source


def test_a_token_from_the_environment() -> None:
    """A token with its tenant; beside it user name and password count for nothing."""
    for environ in (TOKEN, {**NBS, **TOKEN}):
        credentials = found(environ)
        assert (credentials.token, credentials.username, credentials.password) == ("t0ken", None, None)
        assert "NBS_TOKEN" in credentials.source


@pytest.mark.parametrize("tenant", ["OS_TENANT_ID", "OS_PROJECT_ID"])
def test_an_openrc_works_as_it_is(tenant: str) -> None:
    """What an openrc exports is enough, under either name of the tenant."""
    environ = {key: value for key, value in OPENRC.items() if key != "OS_TENANT_ID"} | {tenant: "1" * 32}
    credentials = found(environ)
    assert (credentials.identity_url, credentials.tenant_id) == ("https://identity.example.org:5000", "1" * 32)
    assert (credentials.username, credentials.password, credentials.region) == ("openrc", "other", "RegionOne")
    assert "OS_AUTH_URL" in credentials.source


def test_the_sources_do_not_mix() -> None:
    """With both sets there, nothing of the openrc gets into the other."""
    credentials = found({**OPENRC, **NBS})
    assert (credentials.username, credentials.password, credentials.tenant_id) == ("ops", "secret", TENANT)
    assert (credentials.identity_url, credentials.region) == (GOV, None)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({**NBS, "NBS_PASSWORD": ""}, "NBS_PASSWORD"),
        ({**NBS, "NBS_TENANT_ID": ""}, "NBS_TENANT_ID"),
        ({"NBS_TOKEN": "x"}, "NBS_TENANT_ID"),
        ({**OPENRC, **NBS, "NBS_PASSWORD": ""}, "NBS_PASSWORD"),
        ({**OPENRC, **NBS, "NBS_TENANT_ID": ""}, "NBS_TENANT_ID"),
        ({**OPENRC, "OS_PASSWORD": ""}, "OS_PASSWORD"),
        ({**OPENRC, "OS_USERNAME": ""}, "OS_USERNAME"),
        ({**OPENRC, "OS_TENANT_ID": ""}, "OS_TENANT_ID"),
    ],
)
def test_half_a_set_is_no_set(environ: dict[str, str], missing: str) -> None:
    """What is missing is not taken from elsewhere: exit 4 that names the variable."""
    with pytest.raises(Unauthorized) as refused:
        found(environ)
    assert missing in refused.value.message
    assert missing in str(refused.value.hint)


@pytest.mark.parametrize("environ", [{}, dict.fromkeys(NBS, ""), {"NBS_PASSWORD": "x", "NBS_TENANT_ID": TENANT}])
def test_nothing_is_no_credentials(environ: dict[str, str]) -> None:
    """Empty means unset; the way to log in and the sandbox are named."""
    with pytest.raises(Unauthorized, match="no credentials") as refused:
        found(environ)
    assert "-p sandbox" in str(refused.value.hint)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_a_password_from_a_file(tmp_path: Path, ending: str) -> None:
    """The file's line end is not part of the password; spaces are."""
    path = tmp_path / "password"
    path.write_bytes((" se cret " + ending).encode())
    environ = {**NBS, "NBS_PASSWORD": "", "NBS_PASSWORD_FILE": str(path)}
    assert found(environ).password == " se cret "


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_a_password_file_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    """Exit 2 with the path: the file was named by the user."""
    path = tmp_path / "password"
    if kind == "folder":
        path.mkdir()
    if kind == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Usage) as refused:
        found({**NBS, "NBS_PASSWORD": "", "NBS_PASSWORD_FILE": str(path)})
    assert str(path) in refused.value.message


@pytest.mark.parametrize("kind", ["empty", "newline"])
def test_an_empty_password_file_is_no_password(tmp_path: Path, kind: str) -> None:
    """An empty file is not sent as an empty password: the path is named, nothing is asked of the server."""
    path = tmp_path / "password"
    path.write_text("" if kind == "empty" else "\n")
    with pytest.raises(Failure) as refused:
        found({**NBS, "NBS_PASSWORD": "", "NBS_PASSWORD_FILE": str(path)})
    assert refused.value.exit_code in {2, 4}
    assert str(path) in refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/",
        "https://h.example",
        "https://h.example/v2.0",
        "https://h.example/v2.0/",
        " https://h.example ",
    ],
)
def test_an_identity_url_is_taken_with_and_without_version(url: str) -> None:
    """However it was copied, it is the same address."""
    assert found({**NBS, "NBS_IDENTITY_URL": url}).identity_url == "https://h.example"


@pytest.mark.parametrize(
    ("realm", "host"),
    [
        ("public", "nhncloudservice.com"),
        ("GOV", "gov-nhncloudservice.com"),
        ("ngsc", "ngsc.go.kr"),
    ],
)
def test_a_realm_names_its_identity_service(realm: str, host: str) -> None:
    """`NBS_REALM` in any case chooses the documented address."""
    assert found({**NBS, "NBS_REALM": realm}).identity_url == f"https://api-identity-infrastructure.{host}"


def test_an_unknown_realm_names_the_known_ones() -> None:
    """Exit 2 or 3, and the hint lists the realms."""
    with pytest.raises(Failure, match="there is no realm moon") as refused:
        found({**NBS, "NBS_REALM": "moon"})
    assert refused.value.exit_code in {2, 3}
    assert "gov, public" in str(refused.value.hint)


@pytest.mark.parametrize("tenant", ["../x", "a/b", "a?b", "a b", "테넌트", "a\nb", "%2e%2e", ".", "a#b"])
def test_a_tenant_is_no_path(tenant: str) -> None:
    """The tenant ID goes into every path: what could lead elsewhere is exit 2."""
    with pytest.raises(Usage, match="tenant ID"):
        found({**NBS, "NBS_TENANT_ID": tenant})


def test_a_region_named_on_the_command_line_comes_first() -> None:
    """`--region` is stronger than `NBS_REGION`."""
    assert found({**NBS, "NBS_REGION": "KR1"}, region="KR2").region == "KR2"


@pytest.mark.parametrize("environ", [{}, NBS, {**NBS, "NBS_PROFILE": "nobody"}])
def test_an_unknown_profile_is_not_made_up_for(environ: dict[str, str]) -> None:
    """A profile that was named and does not exist is exit 3, whatever the environment would offer."""
    with pytest.raises(NotFound, match="there is no profile nobody"):
        found(environ, profile="nobody")


def test_the_sandbox_takes_nothing_from_the_environment() -> None:
    """The `sandbox` profile has its own credentials, so that no account is touched by mistake."""
    credentials = found({**NBS, "NBS_REGION": "JP1", "NBS_IDENTITY_URL": "https://h.example"}, profile="sandbox")
    assert credentials.username != "ops"
    assert credentials.tenant_id != TENANT
    assert credentials.region == "KR1"
    assert found({}, profile="sandbox", region="KR2").region == "KR2"
