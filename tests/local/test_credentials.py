"""The table of credential sources: each row, its order, and that one set is never mixed with another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.cloud.realms import REALMS
from nbs_cli.errors import Unauthorized, Usage
from nbs_cli.local.config import Profile
from nbs_cli.local.credentials import Environment, bare, find, locate, of_profile, tenant
from nbs_cli.sandbox.cloud import OTHER_PASSWORD, OTHER_TENANT_ID, OTHER_USERNAME, PASSWORD, TENANT_ID, USERNAME
from tests.accounts import LIST, holding, log_in, trap
from tests.conftest import Ran, Served

Run = Callable[..., Ran]
NBS_NAMES = (
    "NBS_TOKEN",
    "NBS_USERNAME",
    "NBS_PASSWORD",
    "NBS_TENANT_ID",
    "NBS_REALM",
    "NBS_IDENTITY_URL",
    "NBS_ENDPOINT",
)


def everything(url: str) -> dict[str, str]:
    """Every variable that could lead to the cloud at *url*."""
    return {
        "NBS_TOKEN": "token-of-another",
        "NBS_TENANT_ID": OTHER_TENANT_ID,
        "NBS_USERNAME": OTHER_USERNAME,
        "NBS_PASSWORD": OTHER_PASSWORD,
        "NBS_IDENTITY_URL": url,
        "NBS_ENDPOINT": url,
        "NBS_REALM": "public",
        "NBS_REGION": "KR2",
        **openrc(url),
    }


def openrc(url: str) -> dict[str, str]:
    """What an openrc of the cloud at *url* sets."""
    return {
        "OS_AUTH_URL": f"{url}/v2.0",
        "OS_TENANT_ID": TENANT_ID,
        "OS_USERNAME": USERNAME,
        "OS_PASSWORD": PASSWORD,
        "OS_REGION_NAME": "KR1",
        "OS_TOKEN": "t",
        "OS_STORAGE_URL": url,
    }


def went_to(served: Served, region: str = "KR1") -> bool:
    """Whether every request that arrived was one of its own tenant and region."""
    prefix = "" if region == "KR1" else "/kr2"
    return [call.path for call in served.asked()] == [f"{prefix}/v2/{TENANT_ID}/volumes/detail"]


# the order


@pytest.mark.parametrize("how", ["-p", "NBS_PROFILE", "-p before NBS_PROFILE"])
def test_named_profile_is_alone(how: str, nbs: Run, served: Served) -> None:
    """A named profile takes nothing from the environment: not one byte goes to another cloud that is exported there."""
    log_in(nbs, served, "-p", "prod")
    with trap() as elsewhere:
        log_in_by_hand(nbs, elsewhere, "other")
        assert nbs("profile", "use", "other").code == 0
        named = {"NBS_PROFILE": "prod"} if how == "NBS_PROFILE" else {}
        named = {"NBS_PROFILE": "other"} if "before" in how else named
        words = ("-p", "prod") if how.startswith("-p") else ()

        done = nbs(*words, *LIST, env={**everything(elsewhere), **named})
        status = nbs(*words, "auth", "status", "-o", "json", env={**everything(elsewhere), **named})

    assert done.code == 0, done.err
    assert went_to(served)
    assert served.logins() == []
    assert json.loads(status.out)["source"] == "the profile prod"


def log_in_by_hand(nbs: Run, url: str, name: str) -> None:
    """Write a profile that leads to *url* as an editor would, without asking the server."""
    path = Path.home() / ".config/nbs/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.exists() else ""
    path.write_text(
        before + f'\n[profiles.{name}]\nidentity_url = "{url}"\ntenant_id = "{TENANT_ID}"\nusername = "{USERNAME}"\n'
        f'region = "KR1"\nstore = "command"\npassword_command = ["echo", "{PASSWORD}"]\n'
    )


def test_named_profile_without_its_secret(nbs: Run, served: Served) -> None:
    """A named profile whose password is gone is exit 4; the environment's is not taken in its place."""
    log_in(nbs, served, "-p", "prod")
    nbs("auth", "logout", "-p", "prod")
    with trap() as elsewhere:
        done = nbs("-p", "prod", *LIST, env={**everything(elsewhere), "NBS_PASSWORD": PASSWORD})

    assert done.code == 4
    assert served.calls == []


def test_named_sandbox_needs_nothing(nbs: Run) -> None:
    """`-p sandbox` asks nobody, whatever is exported."""
    with trap() as elsewhere:
        assert nbs("-p", "sandbox", *LIST, env=everything(elsewhere)).out == "[]\n"
        assert nbs(*LIST, env={**everything(elsewhere), "NBS_PROFILE": "sandbox"}).out == "[]\n"


def test_named_profile_that_is_gone(nbs: Run) -> None:
    """A name that is not there is exit 3 and not the next source."""
    with trap() as elsewhere:
        assert nbs("-p", "gone", *LIST, env=everything(elsewhere)).code == 3


def test_token_of_the_environment(nbs: Run, served: Served) -> None:
    """NBS_TOKEN comes before NBS_USERNAME, the profile in use and OS_*: no login at all."""
    log_in(nbs, served)
    token = nbs("auth", "token").out.strip()
    with trap() as elsewhere:
        log_in_by_hand(nbs, elsewhere, "other")
        nbs("profile", "use", "other")
        env = {
            **everything(elsewhere),
            "NBS_TOKEN": token,
            "NBS_TENANT_ID": TENANT_ID,
            "NBS_ENDPOINT": served.url,
            "NBS_REGION": "KR1",
        }
        done = nbs(*LIST, env=env)
        status = nbs("auth", "status", "-o", "json", env=env)

    assert done.code == 0, done.err
    assert went_to(served)
    assert served.calls[0].headers["x-auth-token"] == token
    assert json.loads(status.out)["source"] == "the environment (NBS_TOKEN)"


def kept(home: Path) -> list[Path]:
    """What lies in *home*, the names that completion remembers aside, in which no secret stands."""
    assert holding(home / ".cache", PASSWORD) == []
    return sorted(path for path in home.rglob("*") if not path.is_relative_to(home / ".cache"))


def test_password_of_the_environment(nbs: Run, served: Served, home: Path) -> None:
    """NBS_USERNAME comes before the profile in use and OS_*; nothing of it is kept."""
    with trap() as elsewhere:
        log_in_by_hand(nbs, elsewhere, "other")
        nbs("profile", "use", "other")
        before = kept(home)
        done = nbs(*LIST, env={**openrc(elsewhere), **served.environ})
        status = nbs("auth", "status", "-o", "json", env={**openrc(elsewhere), **served.environ})

    assert done.code == 0, done.err
    assert went_to(served)
    assert len(served.logins()) == 1
    assert json.loads(status.out)["source"] == "the environment (NBS_USERNAME)"
    assert kept(home) == before


@pytest.mark.parametrize(
    "stray", ["NBS_PASSWORD", "NBS_TENANT_ID", "NBS_REALM", "NBS_IDENTITY_URL", "NBS_ENDPOINT", "NBS_PASSWORD_FILE"]
)
def test_profile_in_use(stray: str, nbs: Run, served: Served) -> None:
    """The profile in use comes before OS_*, and a value of the environment without its set is not mixed in."""
    log_in(nbs, served)
    with trap() as elsewhere:
        env = {**openrc(elsewhere), stray: {**everything(elsewhere), "NBS_PASSWORD_FILE": "/etc/passwd"}[stray]}
        done = nbs(*LIST, env=env)
        status = nbs("auth", "status", "-o", "json", env=env)

    assert done.code == 0, done.err
    assert went_to(served)
    assert json.loads(status.out)["source"] == "the profile default"


@pytest.mark.parametrize("tenant_name", ["OS_TENANT_ID", "OS_PROJECT_ID"])
def test_openrc(tenant_name: str, nbs: Run, served: Served, home: Path) -> None:
    """Without a profile an openrc works as it is, with either name of the tenant, and nothing is kept."""
    env = openrc(served.url)
    env[tenant_name] = env.pop("OS_TENANT_ID")

    done = nbs(*LIST, env=env)

    assert done.code == 0, done.err
    assert went_to(served)
    assert json.loads(nbs("auth", "status", "-o", "json", env=env).out)["source"] == "the environment (OS_AUTH_URL)"
    assert kept(home) == []


def test_openrc_after_the_profile_is_gone(nbs: Run, served: Served) -> None:
    """A config with profiles of which none is in use counts as no profile."""
    with trap() as elsewhere:
        log_in_by_hand(nbs, elsewhere, "other")
        assert nbs(*LIST, env=openrc(served.url)).code == 0
    assert went_to(served)


def test_nothing(nbs: Run) -> None:
    """No source: exit 4 with the three ways to begin."""
    done = nbs("volume", "list")

    assert done.code == 4
    assert "no credentials" in done.err


# one set, whole or not at all


@pytest.mark.parametrize(
    ("missing", "beside"),
    [("NBS_TENANT_ID", "NBS_TOKEN"), ("NBS_TENANT_ID", "NBS_USERNAME"), ("NBS_PASSWORD", "NBS_USERNAME")],
)
def test_half_a_set(missing: str, beside: str, nbs: Run, served: Served) -> None:
    """Half a set is exit 4 and says what is missing; no profile and no openrc fills it up."""
    log_in(nbs, served)
    env = {**openrc(served.url), **served.environ}
    env.pop(missing)
    if beside == "NBS_TOKEN":
        env["NBS_TOKEN"] = "t"

    done = nbs("volume", "list", env=env)

    assert done.code == 4
    assert f"{beside} is set and {missing} is not" in done.err
    assert served.calls == []


@pytest.mark.parametrize("missing", ["OS_TENANT_ID", "OS_USERNAME", "OS_PASSWORD"])
def test_half_an_openrc(missing: str, nbs: Run, served: Served) -> None:
    """The same for an openrc; what NBS_* has beside it does not count."""
    env = {**openrc(served.url), "NBS_TENANT_ID": TENANT_ID, "NBS_PASSWORD": PASSWORD}
    env.pop(missing)

    done = nbs("volume", "list", env=env)

    assert done.code == 4
    assert f"OS_AUTH_URL is set and {missing} is not" in done.err
    assert served.calls == []


@pytest.mark.parametrize(
    "name", ["NBS_PROFILE", "NBS_TOKEN", "NBS_USERNAME", "NBS_ENDPOINT", "NBS_IDENTITY_URL", "NBS_REGION"]
)
def test_empty_means_unset(name: str, nbs: Run, served: Served) -> None:
    """An empty variable is none, as a pipeline's unset secret is empty."""
    log_in(nbs, served)

    assert nbs(*LIST, env={name: ""}).code == 0
    assert went_to(served)


def test_all_empty(nbs: Run) -> None:
    """All of them empty is nothing at all."""
    empty = dict.fromkeys([*everything(""), *NBS_NAMES], "")

    assert "no credentials" in nbs("volume", "list", env=empty).err


# the password of the environment


@pytest.mark.parametrize("text", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n"])
def test_password_file(text: str, nbs: Run, served: Served, tmp_path: Path) -> None:
    """NBS_PASSWORD_FILE holds the password and perhaps a line end."""
    path = tmp_path / "password"
    path.write_bytes(text.encode())
    env = {**served.environ, "NBS_PASSWORD": "", "NBS_PASSWORD_FILE": str(path)}

    assert nbs(*LIST, env=env).code == 0


def test_password_before_its_file(nbs: Run, served: Served) -> None:
    """Where both are given the password counts, and the file is not even opened."""
    assert nbs(*LIST, env={**served.environ, "NBS_PASSWORD_FILE": "/none"}).code == 0


@pytest.mark.parametrize("kind", ["none", "folder", "bytes", "empty", "two lines"])
def test_password_file_of_no_use(kind: str, nbs: Run, served: Served, tmp_path: Path) -> None:
    """A file that cannot be read, or holds no password, is exit 2 or 4 before any request, and is named."""
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind != "none":
        path.write_bytes({"bytes": b"\xff\xfe", "empty": b"\n", "two lines": b"hush-one\nhush-two\n"}[kind])

    done = nbs("volume", "list", env={**served.environ, "NBS_PASSWORD": "", "NBS_PASSWORD_FILE": str(path)})

    assert done.code in {2, 4}, done.err
    assert "hush" not in done.err
    assert "[Errno" not in done.err
    assert str(path) in done.err or "password" in done.err
    assert served.calls == []


# where a token alone leads


def test_token_with_realm_and_region() -> None:
    """A token with realm and region leads to the documented endpoint; with NBS_ENDPOINT there."""
    env = Environment({"NBS_TOKEN": "t", "NBS_TENANT_ID": "a", "NBS_REALM": "ngsc", "NBS_REGION": "KR4"})
    found = find(env, None, None)

    assert (found.token, found.username, found.password) == ("t", None, None)
    assert found.realm is REALMS["ngsc"]
    assert found.region == "KR4"


def test_token_without_a_place(nbs: Run, served: Served) -> None:
    """A token alone does not say where the storage is: exit 2 with what to set."""
    env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "a", "NBS_IDENTITY_URL": served.url}
    done = nbs("volume", "list", env=env)

    assert done.code == 2
    assert "NBS_ENDPOINT" in done.err
    status = nbs("auth", "status", "-o", "json", env=env)
    assert status.code == 0, status.err


def test_region_of_the_command_line(nbs: Run, served: Served) -> None:
    """--region replaces the region of whichever source, in any case."""
    log_in(nbs, served)
    nbs("--region", "kr2", *LIST)
    assert went_to(served, "KR2")
    served.calls.clear()
    nbs("--region", "kr2", *LIST, env=served.environ)
    assert went_to(served, "KR2")


def test_region_that_is_not_there(nbs: Run, served: Served) -> None:
    """An unknown region is exit 3 with the ones that there are."""
    log_in(nbs, served)
    done = nbs("volume", "list", "--region", "KR7")

    assert done.code == 3
    assert "KR1, KR2" in done.err
    assert served.asked() == []


# the small parts


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example",
        "https://x.example/",
        "https://x.example/v2.0",
        "https://x.example/v2.0/",
        "https://x.example//v2.0//",
        " https://x.example/v2.0 ",
    ],
)
def test_bare(url: str) -> None:
    """An identity URL is the same with version, slashes and blanks at its ends."""
    assert bare(url) == "https://x.example"


@pytest.mark.parametrize("text", ["a", "0" * 32, "6cdebe3e-b009-4910", "A_b"])
def test_tenant(text: str) -> None:
    """A tenant ID is one word."""
    assert tenant(text) == text


@pytest.mark.parametrize("text", ["", " ", "a/b", "..", "a?b", "a#", "a%2f", "한국", "a\n", "a b", "-", "a;b"])
def test_no_tenant(text: str) -> None:
    """What would be more than one piece of a path is none."""
    with pytest.raises(Usage):
        tenant(text)


@pytest.mark.parametrize("name", [*REALMS, "GOV", "Public"])
def test_realms(name: str) -> None:
    """A realm, in any case, fixes the identity URL."""
    url, realm = locate(None, name)

    assert realm is REALMS[name.lower()]
    assert url == REALMS[name.lower()].identity_url


def test_realm_by_url() -> None:
    """An identity URL of a realm's domain is of that realm, also where another is named; a foreign one is of none."""
    assert locate("https://api-identity-infrastructure.nhncloudservice.com/v2.0", "gov")[1] is REALMS["public"]
    assert locate("https://x.gov-nhncloudservice.com", None)[1] is REALMS["gov"]
    assert locate("https://gov-nhncloudservice.com.evil.example", None)[1] is None
    assert locate("https://evilgov-nhncloudservice.com", None)[1] is None


def test_no_realm() -> None:
    """An unknown realm is refused with the ones that there are."""
    with pytest.raises(Usage) as caught:
        locate(None, "moon")
    assert "gov, public" in str(caught.value.hint)


@pytest.mark.parametrize("missing", ["tenant_id", "username"])
def test_half_a_profile(missing: str) -> None:
    """A profile without tenant or user says which is missing and how to add it."""
    values = {"tenant_id": "a", "username": "u"}
    del values[missing]

    with pytest.raises(Usage, match=f"prod has no {missing}") as caught:
        of_profile(Profile("prod", **values))  # type: ignore[arg-type]  # both are texts
    assert "nbs auth login -p prod" in str(caught.value.hint)


def test_openrc_needs_its_own() -> None:
    """OS_AUTH_URL of a realm finds the realm, whose domains its token may go to."""
    url = REALMS["public"].identity_url + "/v2.0"
    env = Environment({"OS_AUTH_URL": url, "OS_TENANT_ID": "a", "OS_USERNAME": "u", "OS_PASSWORD": "p"})

    assert find(env, None, None).realm is REALMS["public"]
    assert find(env, None, "KR3").region == "KR3"
    with pytest.raises(Unauthorized):
        find(Environment({"OS_USERNAME": "u", "OS_PASSWORD": "p"}), None, None)
