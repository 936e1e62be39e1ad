"""No traceback reaches a person: answers on the documented shapes and off them, command lines, config files.

Everything runs in this process for its speed, one in `FRACTION` as a process of its own with real sockets.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.client import Client
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.trace import Trace
from nbs_cli.errors import ExitCode
from nbs_cli.grammar import PRINTS
from nbs_cli.output.records import NAMES
from nbs_cli.running import run
from nbs_cli.session import Session
from tests.cloud.conftest import uuid, with_token
from tests.cloud.faulty import Faulty, answer
from tests.conftest import Ran
from tests.trials.ground import Figure, inside, main, outside

TRIALS = 100_000  # answers; a tenth of it command lines, a hundredth configs
FRACTION = 2000
CODES = set(ExitCode)
MISTAKE = re.compile(r"Traceback|a mistake in nbs|Error\b.*File \"")
ENVIRON = {
    "NBS_TOKEN": "a-token",
    "NBS_TENANT_ID": "a-tenant",
    "NBS_ENDPOINT": "http://cloud.localhost",
    "NBS_SETTLE": "0.01s",
}
LOGIN = {
    "NBS_IDENTITY_URL": "http://cloud.localhost",
    "NBS_TENANT_ID": "a-tenant",
    "NBS_USERNAME": "ann",
    "NBS_PASSWORD": "secret-word",
    "NBS_REGION": "KR1",
}

# JSON of any kind, and texts that trouble somebody
TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "available",
        "error",
        "2026-02-30T25:61:00",
        "0001-01-01T00:00:00",
        "\x1b[2J",
        "\ud800",
        "[/red]",
        "null",
        "-1",
    ]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just(10**40)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
FIELDS = {
    "volume": (
        *("id", "name", "status", "size", "volume_type", "availability_zone", "attachments", "created_at", "metadata"),
        *("description", "bootable", "encrypted", "links", "snapshot_id", "source_volid", "user_id", "multiattach"),
        *("os-vol-tenant-attr:tenant_id", "os-volume-replication:extended_status", "replication_status", "extra"),
    ),
    "snapshot": (
        *("id", "name", "status", "size", "volume_id", "created_at", "metadata", "description"),
        *("os-extended-snapshot-attributes:progress", "os-extended-snapshot-attributes:project_id"),
    ),
    "volume_type": ("id", "name", "extra_specs", "description", "os-volume-type-access:is_public"),
    "os-volume_upload_image": ("image_id", "image_name", "status", "size", "volume_type", "updated_at", "id"),
}


def records(noun: str) -> st.SearchStrategy[Any]:
    """Records of a resource: any field missing or of any type; mostly with an ID and a status that pass."""
    usual = st.fixed_dictionaries({"id": st.just(uuid(1)) | ANY, "status": st.just("available") | ANY})
    return st.builds(
        lambda base, more: {**more, **base}, usual, st.dictionaries(st.sampled_from(FIELDS[noun]), ANY, max_size=8)
    )


def documents() -> st.SearchStrategy[Any]:
    """Bodies of the documented shapes, of many, and of none."""
    shapes: list[st.SearchStrategy[Any]] = [ANY]
    for noun in FIELDS:
        one = records(noun)
        many = st.lists(one | ANY, max_size=3)
        shapes += [st.fixed_dictionaries({noun: one}), st.fixed_dictionaries({noun + "s": many})]
        links = st.lists(
            st.fixed_dictionaries({"rel": st.just("next"), "href": TEXTS | st.just("?marker=a")}), max_size=2
        )
        shapes.append(st.fixed_dictionaries({noun + "s": many, noun + "s_links": links | ANY}))
    token = st.fixed_dictionaries({"id": TEXTS | st.just("tok"), "expires": ANY, "tenant": ANY | st.just({"id": "a"})})
    endpoints = st.lists(
        st.fixed_dictionaries(
            {"region": TEXTS | st.just("KR1"), "publicURL": TEXTS | st.just("http://cloud.localhost/v2")}
        )
        | ANY,
        max_size=2,
    )
    services = st.lists(
        st.fixed_dictionaries({"type": st.just("volumev2") | TEXTS, "endpoints": endpoints | ANY}) | ANY, max_size=2
    )
    access = st.fixed_dictionaries({"token": token | ANY, "serviceCatalog": services | ANY})
    faults = st.sampled_from(["badRequest", "overLimit", "itemNotFound", "error", "header", "message", "forbidden"])
    fault = st.dictionaries(faults, st.fixed_dictionaries({"message": ANY}) | ANY, min_size=1, max_size=2)
    return st.one_of(*shapes, st.fixed_dictionaries({"access": access | ANY}), fault)


BODIES = (
    documents().map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
    | st.sampled_from(
        [b"", b"<html>", b'{"volumes": [NaN]}', b"[" * 2000, b"\xef\xbb\xbf{}", b'{"volume"', b"9" * 5000]
    )
)
STATUSES = st.sampled_from([200] * 12 + [202, 204, 301, 400, 401, 403, 404, 409, 413, 418, 429, 500, 503, 599])
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "X-Openstack-Request-Id", "Location", "Date", "Content-Encoding", "X-Any"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=15)
    | st.sampled_from(["0", "-1", "gzip", "3"]),
    max_size=2,
)
ANSWERS = st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=1, max_size=3)
COMMANDS = st.sampled_from(
    [
        *(("volume", "list", *more) for more in ((), ("--sort", "size"), ("--limit", "2"), ("--brief",))),
        *(("volume", "show", uuid(1)), ("volume", "show", "a name"), ("volume", "delete", uuid(1), "--yes")),
        *(("volume", "create", "--size", "1"), ("volume", "wait", uuid(1), "--for", "available", "--timeout", "0.01s")),
        *(("volume", "delete", uuid(1), "--yes", "--wait", "--timeout", "0.01s"), ("snapshot", "show", uuid(1))),
        *(("snapshot", "list"), ("snapshot", "create", uuid(1)), ("snapshot", "delete", uuid(1), "--yes")),
        *(("types", "list"), ("types", "show", "ssd"), ("volume", "upload-image", uuid(1), "--image-name", "i")),
    ]
)
FORMS = st.sampled_from(sorted(NAMES))


def told(ran: Ran) -> str | None:
    """What is wrong with how a command ended; None where nothing is."""
    if ran.code not in CODES:
        return f"exit {ran.code}"
    found = MISTAKE.search(ran.err + ran.out)
    return None if found is None else ran.err[-300:]


def trial(trials: int) -> list[Figure]:
    """So many answers, a tenth as many command lines, a hundredth as many configs."""
    with quick():
        return [answers(trials), lines(max(1, trials // 10)), configs(max(1, trials // 100)), processes(trials)]


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """No pauses between two sends: what is said counts here, not when."""
    with mock.patch.object(time, "sleep", return_value=None):
        yield


def many(number: int) -> Callable[[Any], Any]:
    """The settings for so many examples."""
    return settings(
        max_examples=number,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


def cloud(script: list[tuple[int, dict[str, str], bytes]]) -> Callable[..., list[bytes]]:
    """A WSGI application that gives one answer after the other, the last one for ever."""
    turn = iter(range(10**6))

    def application(_environ: dict[str, Any], start: Any) -> list[bytes]:
        number = next(turn)
        if number > 300:
            raise AssertionError("no end of requests")
        status, headers, body = script[min(number, len(script) - 1)]
        start(f"{status} Whatever", [("Content-Type", "application/json"), *headers.items()])
        return [body]

    return application


def against(application: Any, words: tuple[str, ...], environ: dict[str, str]) -> Ran:
    """Run a command whose cloud is *application*, in this process."""
    out, err = io.StringIO(), io.StringIO()
    session = Session({**os.environ, **environ}, stdin=io.StringIO(), stdout=out, stderr=err)
    session.__dict__["client"] = Client(
        deadline=Deadline(5.0), trace=Trace(session.notes.debug), application=application
    )
    return Ran(run(list(words), session), out.getvalue(), err.getvalue())


def answers(number: int) -> Figure:
    """Answers of any kind to every command, with a token and with a login, in every format, the trace read too."""
    figure = Figure("answers")

    @many(number)
    @given(ANSWERS, COMMANDS, FORMS, st.booleans())
    def one(script: list[tuple[int, dict[str, str], bytes]], words: tuple[str, ...], form: str, login: bool) -> None:
        ran = against(cloud(script), (*words, "-o", form), LOGIN if login else ENVIRON)
        wrong = told(ran)
        figure.count(wrong is None, f"{words} {form} {script!r:.300}: {wrong}")

    one()
    return figure


WORDS = st.sampled_from(
    [
        *(word for path in PRINTS for word in path.split(" ") if path not in {"sandbox serve", "auth login"}),
        *(
            "-o",
            "json",
            "csv",
            "-q",
            "-h",
            "--help",
            "-V",
            "-c",
            "id,+x",
            "-y",
            "--yes",
            "--size",
            "--name",
            "--timeout",
        ),
        *(
            "--limit",
            "--sort",
            "name:asc",
            "--for",
            "available",
            "--count",
            "0",
            "-1",
            "10^9",
            "-",
            "--",
            "",
            "id:",
            "..",
        ),
        *(
            "name:x",
            uuid(1),
            "\x1b[2J",
            "\udcff",
            "--color=never",
            "--page-size",
            "1e3",
            "٣",
            "9" * 400,
            "--no-such",
            "-p",
        ),
        *(
            "sandbox",
            "x",
            "--region",
            "KR2",
            "--dry-run",
            "--debug",
            "--metadata",
            "a=b",
            "=",
            "--wait",
            "1s",
            "-pq",
            "@f",
        ),
    ]
) | st.text(max_size=8)


def lines(number: int) -> Figure:
    """Command lines of known words in any order, and of any others."""
    figure = Figure("command lines")
    volumes: list[tuple[int, dict[str, str], bytes]] = [
        (200, {}, json.dumps({"volumes": [], "snapshots": [], "volume_types": []}).encode())
    ]

    @many(number)
    @given(st.lists(WORDS, max_size=7))
    def one(words: list[str]) -> None:
        if "serve" in words or "login" in words:
            return
        ran = against(cloud(volumes), tuple(words), ENVIRON)
        wrong = told(ran)
        figure.count(wrong is None, f"{words}: {wrong}")

    one()
    return figure


KEYS = st.sampled_from(
    [
        *("realm", "region", "tenant_id", "username", "store", "read_only", "output", "endpoint", "identity_url"),
        *("password_command", "keyring_backend", "password", "token", "ca_bundle"),
    ]
)
VALUES = (
    st.sampled_from(['"x"', "true", "3", "[]", '["a"]', "{}", '"file"', '"gov"', "1979-05-27", '"""a\nb"""', "nan"])
    | TEXTS
)
TABLES = st.sampled_from(
    ["[profiles.a]", "[profiles]", "[[profiles]]", '[profiles."a b"]', "[profiles.a.b]", "[x]", ""]
)
CONFIGS = st.lists(
    st.builds("{} = {}".format, KEYS | st.sampled_from(["profile", "profiles"]), VALUES) | TABLES | TEXTS, max_size=6
).map("\n".join)


def configs(number: int) -> Figure:
    """Config files on the documented form and off it."""
    figure = Figure("configs")
    path = Path.cwd() / "fuzzed.toml"

    @many(number)
    @given(
        CONFIGS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=30),
        st.sampled_from(
            [("profile", "list"), ("auth", "status"), ("profile", "show", "a"), ("auth", "token", "-p", "a")]
        ),
    )
    def one(raw: bytes, words: tuple[str, ...]) -> None:
        path.write_bytes(raw)
        ran = inside(*words, "--timeout", "0.01s", env={"NBS_CONFIG_FILE": str(path)})
        wrong = told(ran)
        figure.count(wrong is None, f"{words} {raw!r}: {wrong}")

    one()
    return figure


def processes(number: int) -> Figure:
    """A fraction of the answers over real sockets, each with a process of its own."""
    figure = Figure("as processes")

    @many(max(1, number // FRACTION))
    @given(STATUSES, BODIES, COMMANDS, FORMS)
    def one(status: int, body: bytes, words: tuple[str, ...], form: str) -> None:
        with contextlib.closing(Faulty([answer(status, body)])) as server:
            limit = () if "--timeout" in words else ("--timeout", "3s")
            ran = outside(*words, *limit, "-o", form, env={**with_token(server), "NBS_SETTLE": "0.1s"})
        wrong = told(ran)
        figure.count(wrong is None, f"{words} {status} {body!r:.200}: {wrong}")

    one()
    return figure


if __name__ == "__main__":
    main(trial, TRIALS)
