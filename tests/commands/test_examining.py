"""The doctor with faults that were planted: each is found, named, and mended by the command below it."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.sandbox.cloud import PASSWORD
from tests.accounts import config_path, log_in, secret_path
from tests.cloud.faulty import Faulty, answer, certificate, tls
from tests.conftest import Ran, Served

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
    assert [one["check"] for one in json.loads(ran.out)] == ["config", "files", "keyring", "requests"]


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
    steps = [one["check"] for one in json.loads(ran.out)][5:]
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
    assert "certificate has expired" in found(ran)["tls"]["message"]
    assert f"-connect {server.host} " in found(ran)["tls"]["fix"]
    assert server.heard == []


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
    assert [one["check"] for one in json.loads(ran.out)][5:] == ["login", "region", "read"]
