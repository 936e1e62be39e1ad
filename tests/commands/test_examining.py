"""The doctor with faults that were planted: each is found, named, and mended by the command below it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID
from tests.accounts import altered, config_path, log_in, secret_path
from tests.cloud.faulty import Faulty, answer, certificate, tls
from tests.conftest import NBS, Ran, Served

ONLINE = ("doctor", "--online", "-o", "json")
FAILS = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def found(ran: Ran) -> dict[str, Any]:
    """The problems of a run by their check."""
    assert "Traceback" not in ran.err
    return {one["check"]: one for one in json.loads(ran.out) if one["status"] != "ok"}


@pytest.fixture
def written(home: Path) -> Callable[[str], Path]:
    """Write a config file as a person with an editor does."""

    def write(text: str) -> Path:
        path = config_path(home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def closed() -> Iterator[int]:
    """A port at which nobody answers."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def test_a_bad_key_in_the_config(nbs: Callable[..., Ran], written: Callable[[str], Path]) -> None:
    """The key and the nearest one; everything that needs no config is looked at all the same."""
    path = written('[profiles.a]\nregoin = "KR1"\n')
    ran = nbs("doctor", "-o", "json")
    assert ran.code == 1
    assert list(found(ran)) == ["config"]
    assert "regoin; did you mean region?" in found(ran)["config"]["message"]
    assert str(path) in found(ran)["config"]["fix"]
    fix = found(ran)["config"]["fix"].replace("</dev/tty", "")  # a test has no terminal
    subprocess.run(["sh", "-c", fix], env={**os.environ, "EDITOR": "sed -i s/regoin/region/"}, check=True)
    assert "config" not in found(nbs("doctor", "-o", "json"))
    assert [one["check"] for one in json.loads(ran.out)] == ["config", "files", "environment", "keyring", "requests"]


def test_a_profile_in_use_that_is_not_there(nbs: Callable[..., Ran], written: Callable[[str], Path]) -> None:
    """The command that chooses one that is there mends it."""
    written('profile = "prod"\n\n[profiles.dev]\nrealm = "gov"\nstore = "file"\n')
    assert found(nbs("doctor", "-o", "json"))["config"]["fix"] == "nbs profile use dev"
    assert nbs("profile", "use", "dev").code == 0
    assert "config" not in found(nbs("doctor", "-o", "json"))


def test_a_secret_that_others_can_read(nbs: Callable[..., Ran], served: Served, home: Path) -> None:
    """The command as printed mends it."""
    log_in(nbs, served)
    path = secret_path(home)
    path.chmod(0o644)
    ran = nbs("doctor", "-o", "json")
    assert list(found(ran)) == ["files"]
    assert PASSWORD not in ran.out
    subprocess.run(["sh", "-c", found(ran)["files"]["fix"]], check=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert nbs("doctor").code == 0
    assert served.calls == []


def test_a_config_that_others_can_change(nbs: Callable[..., Ran], written: Callable[[str], Path]) -> None:
    """It may name a command that gives the password, so nobody else may write it; reading it does no harm."""
    path = written("")
    path.chmod(0o644)
    assert nbs("doctor").code == 0
    path.chmod(0o666)
    assert found(nbs("doctor", "-o", "json"))["files"]["fix"] == f"chmod 600 {path}"


def test_no_keyring(installed: Callable[..., Ran], written: Callable[[str], Path]) -> None:
    """A profile that keeps its secret there is told the way on; that way is a command that exists."""
    written('[profiles.prod]\nrealm = "gov"\n')
    ran = installed("doctor", "-o", "json", env=FAILS)
    assert list(found(ran)) == ["keyring"]
    assert found(ran)["keyring"]["fix"] == "nbs auth login -p prod --store file"


def test_a_password_command_that_is_not_there(nbs: Callable[..., Ran], written: Callable[[str], Path]) -> None:
    """It is looked for and never run."""
    written('[profiles.prod]\nstore = "command"\npassword_command = ["no-such-manager", "show"]\n')
    assert "`no-such-manager`" in found(nbs("doctor", "-o", "json"))["keyring"]["message"]


def test_all_is_well_online(nbs: Callable[..., Ran], served: Served) -> None:
    """Every step in its order, a login and one read; offline not a byte."""
    assert nbs("doctor", env=served.environ).code == 0
    assert served.calls == []
    ran = nbs(*ONLINE, env=served.environ)
    assert ran.code == 0
    steps = [one["check"] for one in json.loads(ran.out)][6:]
    assert steps == ["proxy", "dns", "tcp", "login", "clock", "region", "read"]
    assert len(served.logins()) == len(served.asked()) == 1
    assert PASSWORD not in ran.out


def test_a_wrong_password(nbs: Callable[..., Ran], served: Served) -> None:
    """The login is refused; nothing is tried behind it, and the password is nowhere."""
    ran = nbs(*ONLINE, env={**served.environ, "NBS_PASSWORD": "wrong-canary"})
    assert list(found(ran)) == ["login"]
    assert "refused the login" in found(ran)["login"]["message"]
    assert found(ran)["login"]["fix"] == "read -rs NBS_PASSWORD && export NBS_PASSWORD"
    assert json.loads(ran.out)[-1]["check"] == "login"
    assert "wrong-canary" not in ran.out + ran.err


@pytest.mark.parametrize("profile", [False, True])
def test_a_wrong_region(nbs: Callable[..., Ran], served: Served, profile: bool) -> None:
    """The nearest that the catalog offers is put where the wrong one came from."""
    if profile:
        log_in(nbs, served)
        nbs("profile", "set", "region", "KR11")
        ran = nbs(*ONLINE)
    else:
        ran = nbs(*ONLINE, env={**served.environ, "NBS_REGION": "KR11"})
    assert list(found(ran)) == ["region"]
    fix = found(ran)["region"]["fix"]
    assert fix == ("nbs profile set region KR1 -p default" if profile else "export NBS_REGION=KR1")
    if profile:
        assert nbs(*fix.split()[1:]).code == 0
        assert nbs("doctor", "--online").code == 0


@pytest.mark.parametrize("seconds", [600, 86_400])
def test_a_clock_that_is_wrong(nbs: Callable[..., Ran], served: Served, seconds: int) -> None:
    """The cloud's clock is ahead; the steps behind it are tried all the same."""
    served.cloud.advance(seconds)
    ran = nbs(*ONLINE, env=served.environ)
    assert list(found(ran)) == ["clock"]
    assert " behind the server's" in found(ran)["clock"]["message"]
    assert "set-ntp" in found(ran)["clock"]["fix"]
    assert json.loads(ran.out)[-1]["check"] == "read"


def test_a_certificate_that_has_expired(nbs: Callable[..., Ran], served: Served, tmp_path: Path) -> None:
    """OpenSSL's reason, and the command that shows its dates; no password goes there."""
    pem = certificate(tmp_path, "127.0.0.1", days=-1)
    server = Faulty([answer(200)], tls=tls(pem))
    env = {**served.environ, "NBS_IDENTITY_URL": server.url, "NBS_CA_BUNDLE": str(pem)}
    ran = nbs(*ONLINE, env=env)
    server.close()
    assert list(found(ran)) == ["tls"]
    assert "certificate has expired; by the clock of this machine it is 20" in found(ran)["tls"]["message"]
    assert f"-connect {server.host} " in found(ran)["tls"]["fix"]
    assert server.heard == []


def test_a_certificate_that_nobody_knows(nbs: Callable[..., Ran], served: Served, tmp_path: Path) -> None:
    """The network's own authority, as where TLS is looked into: its certificate in NBS_CA_BUNDLE mends it."""
    pem = certificate(tmp_path, "127.0.0.1", days=90)
    server = Faulty([answer(200)], tls=tls(pem))
    env = {**served.environ, "NBS_IDENTITY_URL": server.url}
    ran = nbs(*ONLINE, env=env)
    assert "ask for its certificate and name the file in NBS_CA_BUNDLE" in found(ran)["tls"]["message"]
    assert "tls" not in found(nbs(*ONLINE, env={**env, "NBS_CA_BUNDLE": str(pem)}))
    server.close()


def test_a_certificate_that_will_soon_expire(nbs: Callable[..., Ran], served: Served, tmp_path: Path) -> None:
    """A few days left are a finding before they are over."""
    pem = certificate(tmp_path, "127.0.0.1", days=5)
    server = Faulty([answer(200)], tls=tls(pem))
    ran = nbs(*ONLINE, env={**served.environ, "NBS_IDENTITY_URL": server.url, "NBS_CA_BUNDLE": str(pem)})
    server.close()
    assert "for 5 more days" in found(ran)["tls"]["message"]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_dead_proxy(nbs: Callable[..., Ran], served: Served, closed: int, name: str) -> None:
    """Its variable is named, its user and password are not shown, and nobody looks past it."""
    env = {**served.environ, "NBS_IDENTITY_URL": "https://cloud.invalid", name: f"http://me:canary@127.0.0.1:{closed}"}
    ran = nbs(*ONLINE, env=env)
    assert list(found(ran)) == ["proxy"]
    assert found(ran)["proxy"]["fix"] == f"unset {name}"
    assert f"127.0.0.1:{closed} takes no connection" in found(ran)["proxy"]["message"]
    assert "canary" not in ran.out + ran.err


def test_no_proxy_excepts_a_host(nbs: Callable[..., Ran], served: Served, closed: int) -> None:
    """A host below a suffix of NO_PROXY is looked up itself; a name that nobody knows is the finding."""
    proxy = f"http://127.0.0.1:{closed}"
    env = {
        **served.environ,
        "NBS_IDENTITY_URL": "https://a.cloud.invalid",
        "HTTPS_PROXY": proxy,
        "NO_PROXY": ".invalid",
    }
    ran = nbs(*ONLINE, env=env)
    assert list(found(ran)) == ["dns"]
    assert found(ran)["dns"]["fix"] == "getent hosts a.cloud.invalid"


def test_nobody_listens(nbs: Callable[..., Ran], served: Served, closed: int) -> None:
    """A connection that is refused is told with the address."""
    ran = nbs(*ONLINE, env={**served.environ, "NBS_IDENTITY_URL": f"http://127.0.0.1:{closed}"})
    assert list(found(ran)) == ["tcp"]


def test_the_sandbox_is_well(nbs: Callable[..., Ran]) -> None:
    """In this process there is no road, and the rest is tried."""
    ran = nbs("-p", "sandbox", *ONLINE)
    assert ran.code == 0
    assert [one["check"] for one in json.loads(ran.out)][6:] == ["login", "region", "read"]


@pytest.mark.parametrize(
    ("env", "said", "fix"),
    [
        ({"NBS_TENNANT_ID": "x"}, "NBS_TENNANT_ID means nothing to nbs; did you mean NBS_TENANT_ID?", "export"),
        ({"NBS_PASWORD": "canary", "NBS_PASSWORD": "x"}, "NBS_PASWORD means nothing to nbs", "unset NBS_PASWORD"),
        ({"NBS_COLOUR": "x"}, "NBS_COLOUR means nothing to nbs", "unset NBS_COLOUR"),
        (
            {"NBS_TIMEOUT": "soon"},
            "NBS_TIMEOUT: 'soon' is no duration; write it as 90s, 10m or 2h",
            "unset NBS_TIMEOUT",
        ),
        ({"NBS_CA_BUNDLE": "/nowhere.pem"}, "NBS_CA_BUNDLE: there is no file /nowhere.pem of certificates", "unset"),
        ({"SSL_CERT_FILE": "/nowhere.pem"}, "SSL_CERT_FILE: there is no file /nowhere.pem", "unset SSL_CERT_FILE"),
    ],
)
def test_the_environment(installed: Callable[..., Ran], env: dict[str, str], said: str, fix: str) -> None:
    """Misspelt names, durations and files that no command could use: told, and mended by the printed command."""
    ran = installed("doctor", "-o", "json", env=env)
    problem = found(ran)["environment"]
    assert said in problem["message"]
    assert problem["fix"].startswith(fix)
    assert "canary" not in ran.out + ran.err
    mended = f"{problem['fix']}\n{NBS} doctor -o json"
    again = subprocess.run(["sh", "-c", mended], env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert [one for one in json.loads(again.stdout) if one["status"] != "ok"] == []


CREDENTIALS = {"NBS_USERNAME": "me", "NBS_PASSWORD": "x", "NBS_TENANT_ID": "a" * 32, "NBS_REGION": "KR1"}


@pytest.mark.parametrize(
    ("env", "name", "typed"),
    [
        ({"NBS_TENANT_ID": ""}, "NBS_TENANT_ID", "a" * 32),
        ({"NBS_TENANT_ID": "../x"}, "NBS_TENANT_ID", "a" * 32),
        ({"NBS_REALM": "gvo"}, "NBS_REALM", "gov"),
        ({"NBS_PASSWORD": ""}, "NBS_PASSWORD", "word"),
        ({"NBS_PASSWORD": "", "NBS_PASSWORD_FILE": "/nowhere"}, "NBS_PASSWORD_FILE", "/etc/hostname"),
        ({"NBS_USERNAME": "", "OS_AUTH_URL": "https://x.invalid", "OS_USERNAME": "me"}, "OS_TENANT_ID", "a" * 32),
    ],
)
def test_half_a_set_of_credentials(installed: Callable[..., Ran], env: dict[str, str], name: str, typed: str) -> None:
    """The variable that is missing or wrong is asked for: a login would not help, for the environment comes first."""
    env = {**CREDENTIALS, **env}
    fix = found(installed("doctor", "-o", "json", env=env))["credentials"]["fix"]
    assert fix == f"read -r{'s' if name == 'NBS_PASSWORD' else ''} {name} && export {name}"
    again = subprocess.run(
        ["bash", "-c", f"{fix}\n{NBS} doctor -o json"],
        env={**os.environ, **env},
        input=f"{typed}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    problems = {one["check"]: one for one in json.loads(again.stdout) if one["status"] != "ok"}
    assert "credentials" not in problems or name not in problems["credentials"]["fix"]


def test_a_profile_that_is_called_otherwise(nbs: Callable[..., Ran], written: Callable[[str], Path]) -> None:
    """The nearest profile is named where the wrong one was; without one a login makes it."""
    written('[profiles.prod]\nstore = "file"\n')
    for name, fix in {"prd": "export NBS_PROFILE=prod", "other": "nbs auth login -p other"}.items():
        assert found(nbs("doctor", "-o", "json", env={"NBS_PROFILE": name}))["credentials"]["fix"] == fix


def test_a_token_leads_to_the_endpoint(nbs: Callable[..., Ran], served: Served) -> None:
    """Where a token is given nobody logs in: the way to the block storage is tried, and no other."""
    token = nbs("auth", "token", env=served.environ).out.strip()
    given = {"NBS_TOKEN": token, "NBS_TENANT_ID": TENANT_ID, "NBS_ENDPOINT": f"{served.url}/v2"}
    ran = nbs(*ONLINE, env=given)
    assert (ran.code, found(ran)) == (0, {})
    assert [one["check"] for one in json.loads(ran.out)][6:] == ["login", "clock", "region", *ROAD, "read"]
    ran = nbs(*ONLINE, env={**given, "NBS_TOKEN": "stale"})
    assert found(ran)["read"]["fix"] == "read -rs NBS_TOKEN && export NBS_TOKEN"
    ran = nbs(*ONLINE, env={**given, "NBS_ENDPOINT": "", "NBS_REALM": ""})
    assert list(found(ran)) == ["region"]


ROAD = ["proxy", "dns", "tcp"]


def test_a_firewall_between_the_two(nbs: Callable[..., Ran], serve: Callable[..., Served], closed: int) -> None:
    """Where the block storage is at another address than the identity service its way is tried too."""
    served = serve(altered(lambda body: elsewhere(body, closed)))
    ran = nbs(*ONLINE, env=served.environ)
    assert list(found(ran)) == ["tcp"]
    assert f"127.0.0.1:{closed} takes no connection" in found(ran)["tcp"]["message"]


def elsewhere(body: Any, port: int) -> None:
    """Have the catalog name another port."""
    for service in body["access"]["serviceCatalog"]:
        for endpoint in service["endpoints"]:
            endpoint["publicURL"] = re.sub(r":\d+/", f":{port}/", endpoint["publicURL"])


def test_the_clock_is_compared_behind_a_kept_token(nbs: Callable[..., Ran], served: Served) -> None:
    """A kept token asks nobody and a wrong region leads nowhere: the identity service says what time it is."""
    log_in(nbs, served)
    nbs("profile", "set", "region", "KR11")
    served.cloud.advance(13 * 3600)
    ran = nbs(*ONLINE)
    assert list(found(ran)) == ["clock", "region"]
    assert "13h behind the server's" in found(ran)["clock"]["message"].replace("12h 59m", "13h")


def test_one_command_is_told_once(nbs: Callable[..., Ran], served: Served, home: Path) -> None:
    """A secret that others can read is found at rest and at the login, and is one thing to mend."""
    log_in(nbs, served)
    secret_path(home).chmod(0o644)
    ran = nbs("doctor", "--online")
    assert ran.out.count("chmod 600") == 2
    assert ran.err == "nbs: there is one thing to mend\n"
    assert nbs("doctor", "--online", "-q").out == f"chmod 600 {secret_path(home)}\n"


def test_what_was_not_tried_is_told(nbs: Callable[..., Ran]) -> None:
    """--online without credentials leads nowhere, and says so."""
    ran = nbs("doctor", "--online", env={"NBS_PROFILE": "other"})
    assert "the way to the server was not tried" in ran.err


def test_colours_are_for_terminals(nbs: Callable[..., Ran]) -> None:
    """A problem is red and what is well green, on a terminal alone."""
    env = {"NBS_PROFILE": "other"}
    colored = nbs("doctor", "--color", "always", env=env).out
    assert "\x1b[31mproblem\x1b[0m" in colored
    assert "\x1b[32mok\x1b[0m       there is no config file" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == nbs("doctor", env=env).out
