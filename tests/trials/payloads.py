"""Nothing that a server says is obeyed: each payload in each text field, in every view, on a terminal.

Lists, single records, progress and failures go to a pseudo-terminal of this process; the question before a delete is
asked of a process of its own on one.
"""

from __future__ import annotations

import contextlib
import io
import os
import pty
import select
import signal
import time
from collections.abc import Callable
from typing import Any

from nbs_cli.output.records import NAMES
from nbs_cli.running import run
from nbs_cli.session import Session
from tests.cloud.conftest import uuid, with_token
from tests.cloud.faulty import Behaviour, Faulty, Heard, answer
from tests.conftest import NBS
from tests.output.conftest import LIVE, OBEYED, PAYLOADS, Screen
from tests.trials.ground import Figure, main

TRIALS = len(PAYLOADS)
VOLUME: dict[str, Any] = {
    "id": uuid(1),
    "name": "v",
    "status": "available",
    "size": 1,
    "volume_type": "t",
    "availability_zone": "z",
    "created_at": "2026-01-01T00:00:00",
    "description": "d",
    "bootable": "false",
    "user_id": "u",
    "snapshot_id": "s",
    "source_volid": "s",
    "consistencygroup_id": "c",
    "os-vol-tenant-attr:tenant_id": "t",
    "os-volume-replication:extended_status": "e",
    "os-volume-replication:driver_data": "d",
    "replication_status": "disabled",
    "metadata": {"key": "value"},
    "attachments": [{"server_id": "s", "device": "/dev/vdb", "attachment_id": "a", "id": "i", "volume_id": "v"}],
    "links": [{"href": "h", "rel": "self"}],
}
SNAPSHOT: dict[str, Any] = {
    "id": uuid(2),
    "name": "s",
    "status": "available",
    "size": 1,
    "volume_id": uuid(1),
    "description": "d",
    "created_at": "2026-01-01T00:00:00",
    "metadata": {"key": "value"},
    "os-extended-snapshot-attributes:progress": "50%",
    "os-extended-snapshot-attributes:project_id": "p",
}
ALL = ["--color", "never"]


def trial(trials: int) -> list[Figure]:
    """The first *trials* payloads."""
    payloads = dict(list(PAYLOADS.items())[:trials])
    return [
        fields(payloads, "volume", VOLUME),
        fields(payloads, "snapshot", SNAPSHOT),
        formats(payloads),
        failures(payloads),
        progress(payloads),
        questions(payloads),
    ]


def poisoned(record: dict[str, Any], field: str, text: str) -> dict[str, Any]:
    """A copy of *record* with *text* in one field, in its keys too where it has some."""
    value = record[field]
    if isinstance(value, dict):
        return {**record, field: {text: text}}
    if isinstance(value, list):
        return {**record, field: [dict.fromkeys(value[0], text)]}
    return {**record, field: text}


def cloud(noun: str, record: dict[str, Any]) -> Callable[[Heard], Behaviour]:
    """A server with one record."""

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            return answer(202)
        if "/snapshots" in heard.target and noun == "volume":
            return answer(200, {"snapshots": [SNAPSHOT]})
        return answer(200, {noun + "s": [record]} if "/detail" in heard.target else {noun: record})

    return by


def shown(server: Faulty, *args: str) -> tuple[int, str]:
    """Exit code of a command, and what it wrote to two terminals; the live line's own sequence aside."""
    out, err = Screen(100), Screen(100)
    environ = {**os.environ, **with_token(server), "COLUMNS": "100"}
    session = Session(environ, stdin=io.StringIO(), stdout=out.stream, stderr=err.stream)
    code = run([*args, *ALL], session)
    return code, out.text + err.text.replace(LIVE, "")


def check(figure: Figure, label: str, code: int, text: str) -> None:
    """Count one view."""
    found = OBEYED.search(text.replace("\r\n", "\n"))
    bad = found is not None or "Traceback" in text or "a mistake in nbs" in text
    figure.count(not bad, f"{label}: exit {code}, {found and found[0]!r} in {text!r:.200}")


def fields(payloads: dict[str, str], noun: str, record: dict[str, Any]) -> Figure:
    """Every payload in every field of a list and of a record alone."""
    figure = Figure(f"{noun}: payloads x fields x table and show")
    with contextlib.closing(Faulty([])) as server:
        for name, text in payloads.items():
            for field, value in record.items():
                if not isinstance(value, int):
                    server.script = cloud(noun, poisoned(record, field, text))
                    columns = "id" if field == "id" else f"id,{field}"
                    check(figure, f"{name} in {field}", *shown(server, noun, "list", "-c", columns))
                    check(figure, f"{name} in {field}", *shown(server, noun, "show", record["id"]))
    return figure


def formats(payloads: dict[str, str]) -> Figure:
    """Every payload in all fields at once, in every format, and in the trace."""
    figure = Figure("payloads x formats, --debug")
    with contextlib.closing(Faulty([])) as server:
        for name, text in payloads.items():
            record = VOLUME
            for field in ("name", "description", "metadata", "attachments", "availability_zone", "links"):
                record = poisoned(record, field, text)
            server.script = cloud("volume", record)
            for form in sorted(NAMES):
                code, said = shown(server, "volume", "list", "-o", form)
                said = said.replace("\t", "") if form == "value" else said.replace("\r\n", "\n")
                check(figure, f"{name} as {form}", code, said)
            check(figure, f"{name} in --debug", *shown(server, "volume", "show", uuid(1), "--debug"))
    return figure


def failures(payloads: dict[str, str]) -> Figure:
    """Every payload in a refusal's words, its fault's name, its headers, a redirect, a page of HTML; and as a ref."""
    figure = Figure("payloads in failures")
    with contextlib.closing(Faulty([])) as server:
        for name, text in payloads.items():
            header = "".join(char for char in text if char.isprintable() and char.isascii()) + "\x1b]0;x\x9b"
            for behaviour in (
                answer(400, {"badRequest": {"code": 400, "message": text}}),
                answer(409, {text: {"message": text}}, X_Openstack_Request_Id=header),
                answer(418, text.encode("utf-8", "surrogatepass")),
                answer(302, b"", Location=header),
                answer(200, b"<html>" + text.encode("utf-8", "surrogatepass")),
                answer(200, {"volumes": [], "volumes_links": [{"rel": "next", "href": f"?marker={text}"}]}),
            ):
                server.script = [behaviour]
                for more in ((), ("-o", "json"), ("--debug",)):
                    check(figure, f"{name} in a failure", *shown(server, "volume", "list", *more))
            server.script = cloud("volume", VOLUME)
            check(figure, f"{name} as a ref", *shown(server, "volume", "show", text.replace("\0", "")))
    return figure


def progress(payloads: dict[str, str]) -> Figure:
    """Every payload as a status that is waited for, and in the name of what waits."""
    figure = Figure("payloads in progress")
    with contextlib.closing(Faulty([])) as server:
        for name, text in payloads.items():
            for field in ("status", "name"):
                server.script = cloud("volume", poisoned({**VOLUME, "status": "creating"}, field, text))
                words = ("volume", "wait", uuid(1), "--for", "available", "--timeout", "0.05s")
                check(figure, f"{name} in {field}", *shown(server, *words))
    return figure


def questions(payloads: dict[str, str]) -> Figure:
    """Every payload in what a delete shows before it asks, on the terminal of a process of its own."""
    figure = Figure("payloads in questions")
    with contextlib.closing(Faulty([])) as server:
        for name, text in payloads.items():
            record = VOLUME
            for field in ("name", "status", "attachments", "description"):
                record = poisoned(record, field, text)
            server.script = cloud("volume", record)
            said = asked(server, "volume", "delete", uuid(1), *ALL)
            check(figure, name, 0, said)
            figure.count("[y/N]" in said, f"{name}: was not asked: {said!r:.300}")
    return figure


def asked(server: Faulty, *args: str) -> str:
    """What a command writes to its terminal up to its question, which is answered with no."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(NBS, [NBS, *args], {**os.environ, **with_token(server), "TERM": "xterm", "COLUMNS": "100"})
    said, end = b"", time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # it has ended
                break
            said += piece
            if b"[y/N]" in piece:
                os.write(terminal, b"n\n")
            if not piece:
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    return said.decode("utf-8", "replace").replace(LIVE, "").replace("\r\n", "\n")


if __name__ == "__main__":
    main(trial, TRIALS)
