"""Whom we trust: the system's folder of hashed certificates first, everything it trusts after that, nobody else."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.cloud import hashed
from nbs_cli.errors import ExitCode
from tests.cloud.conftest import MakeFaulty, with_token
from tests.cloud.faulty import answer, certificate, tls
from tests.conftest import Ran

LIST = ("volume", "list", "-o", "json")
EMPTY = answer(200, {"volumes": []})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that OpenSSL takes for the system's."""
    made = tmp_path / "certs"
    made.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(made))
    return made


def put(folder: Path, pem: Path) -> None:
    """Put a certificate into *folder* under the hash of its name, as `openssl rehash` does."""
    words = ["openssl", "x509", "-hash", "-noout", "-in", str(pem)]
    name = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    (folder / f"{name}.0").write_bytes(pem.read_bytes())


def reads_whole(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A note for every time that everything the system trusts is read."""
    notes: list[bool] = []
    original = ssl.SSLContext.load_default_certs

    def noting(self: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        notes.append(True)
        original(self, purpose)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", noting)
    return notes


def test_the_folder_is_enough(
    folder: Path, tmp_path: Path, faulty: MakeFaulty, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose certificate lies there is trusted without anything else being read."""
    pem = certificate(tmp_path, "127.0.0.1")
    put(folder, pem)
    notes = reads_whole(monkeypatch)
    server = faulty(EMPTY, tls=tls(pem))

    assert nbs(*LIST, env=with_token(server)).code == ExitCode.OK
    assert notes == []


def test_the_rest_of_the_system_is_trusted_too(
    folder: Path, tmp_path: Path, faulty: MakeFaulty, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that only the system's file knows is trusted as well, at the second try; nothing was sent at the first."""
    put(folder, certificate(tmp_path, "elsewhere.example"))
    pem = certificate(tmp_path, "127.0.0.1")
    original = ssl.SSLContext.load_default_certs

    def with_file(self: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        original(self, purpose)
        self.load_verify_locations(cafile=str(pem))

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", with_file)
    server = faulty(EMPTY, tls=tls(pem))

    assert nbs(*LIST, env=with_token(server)).code == ExitCode.OK
    assert len(server.heard) == 1


@pytest.mark.parametrize("words", [LIST, ("volume", "create", "--size", "1")])
def test_a_stranger_is_not_trusted(
    folder: Path, tmp_path: Path, faulty: MakeFaulty, nbs: Callable[..., Ran], words: tuple[str, ...]
) -> None:
    """Neither try sends a byte to one that nobody vouches for; what is said names the way on."""
    put(folder, certificate(tmp_path, "elsewhere.example"))
    server = faulty(EMPTY, tls=tls(certificate(tmp_path, "127.0.0.1")))

    ran = nbs(*words, env=with_token(server))

    assert ran.code == ExitCode.UNAVAILABLE
    assert "CERTIFICATE_VERIFY_FAILED" in ran.err
    assert "--ca-bundle" in ran.err
    assert server.heard == []


def test_a_file_of_the_users_is_trusted_alone(
    folder: Path, tmp_path: Path, faulty: MakeFaulty, nbs: Callable[..., Ran]
) -> None:
    """With `--ca-bundle` the folder counts for nothing: its certificate does not help."""
    pem = certificate(tmp_path, "127.0.0.1")
    put(folder, pem)
    other = certificate(tmp_path, "elsewhere.example")
    server = faulty(EMPTY, tls=tls(pem))

    assert nbs(*LIST, "--ca-bundle", str(other), env=with_token(server)).code == ExitCode.UNAVAILABLE
    assert nbs(*LIST, "--ca-bundle", str(pem), env=with_token(server)).code == ExitCode.OK


def test_the_same_strictness(folder: Path, tmp_path: Path) -> None:
    """What is checked of a certificate is the same in both ways."""
    put(folder, certificate(tmp_path, "127.0.0.1"))
    quick, whole = hashed.context(), ssl.create_default_context()

    assert quick is not None
    for name in ("verify_mode", "verify_flags", "check_hostname", "minimum_version", "options"):
        assert getattr(quick, name) == getattr(whole, name), name


def test_a_folder_without_hashes_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates under their own names, or no folder at all, are no such folder: the whole is read."""
    (folder / "company.pem").write_text("")
    assert hashed.context() is None
    monkeypatch.setenv("SSL_CERT_DIR", str(folder / "missing"))
    assert hashed.context() is None
    assert not (folder / "missing").exists()
    assert os.environ["SSL_CERT_DIR"]
