r"""Measure everything in the table of what `nbs` should reach, in one interleaved run, and print it as one table.

    python -m tests.benchmarks --nbs /path/to/venv/bin/nbs --rounds 15 --json figures.json \
        --cinder /path/to/bin/cinder --openstack /path/to/bin/openstack

Without `--nbs` the one of this interpreter is measured. curl and jq, the peers and a keyring daemon are measured where
they are there. `py` is `python -c pass` of the interpreter beside that `nbs`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME
from tests.benchmarks.pages import volume_id
from tests.benchmarks.runs import Case, Spawner, interleaved
from tests.benchmarks.table import DELAY, DELETES, PARALLEL, markdown, rows
from tests.cloud.faulty import certificate
from tests.daemon import bus

FLOOR = str(Path(__file__).with_name("floor.sh"))
BARE = str(Path(__file__).with_name("bare.py"))
CREATING, FIRST, GROWTH = 3.0, 0.5, 1.3  # seconds: how long volumes are made, and how a wait's pauses grow


class Bench:
    """What is measured against what: the page server, a home of its own, and the cases."""

    def __init__(self, args: argparse.Namespace, folder: Path, pages: dict[str, str]) -> None:
        self.args = args
        self.folder = folder
        self.pages = pages
        self.nbs = [args.nbs]
        self.python = shutil.which("python", path=str(Path(args.nbs).parent)) or sys.executable
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "SSL_CERT_DIR": str(folder / "certs"),
        }
        self.token = {
            "NBS_TOKEN": pages["token"],
            "NBS_TENANT_ID": TENANT_ID,
            "NBS_ENDPOINT": pages["http"] + pages["root"],
        }
        self.cases: dict[str, Case] = {}

    def add(self, name: str, argv: list[str], **more: Any) -> None:
        """Measure *argv* as *name*; *more* is of `Case`, its `environ` beside that of all."""
        more["environ"] = {**self.environ, **more.pop("environ", {})}
        self.cases[name] = Case(name, argv, **more)

    def ask(self, path: str) -> Any:
        """Ask the page server itself."""
        with urllib.request.urlopen(self.pages["http"] + path) as answer:
            return json.load(answer)

    def begin(self, **wanted: object) -> Callable[[], object]:
        """Have the page server count anew and behave as *wanted*, before each run."""
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        return lambda: self.ask(f"/_begin?{query}")

    def start(self) -> None:
        """What takes no server: help, mistakes, a TAB."""
        self.add("py", [self.python, "-c", "pass"])
        self.add("version", [*self.nbs, "--version"])
        self.add("help", [*self.nbs, "--help"])
        self.add("group", [*self.nbs, "volume", "--help"])
        self.add("create", [*self.nbs, "volume", "create", "--help"])
        self.add("mistake", [*self.nbs, "volume", "create", "--sise", "10"], code=2)
        self.add("tab", [*self.nbs, "__complete", "words", "+volume", "+show", "+web-00"], environ=self.token)

    def starts_of_peers(self) -> None:
        """What the other clients take for as much as nothing."""
        if self.args.cinder:
            self.add("cinder", [self.args.cinder, "--version"])
        if self.args.openstack:
            self.add("openstack", [self.args.openstack, "--version"], every=3)
            self.add("openstack help", [self.args.openstack, "--help"], every=3)

    def one_page(self) -> None:
        """A list of 100 over HTTPS by one request, and with the request that proves its end."""
        https = {**self.token, "NBS_ENDPOINT": self.pages["https"] + self.pages["root"]}
        words = [*self.nbs, "volume", "list", "-o", "json"]
        self.add("one", [*words, "--limit", "100"], environ=https, before=self.begin(rows=100))
        self.add("whole", words, environ=https, before=self.begin(rows=100))

    def keyring(self, address: dict[str, str]) -> None:
        """The same with a token that a login has left in a keyring."""
        environ = {**address, "NBS_PROFILE": "bench"}
        who = ["--tenant-id", TENANT_ID, "--username", USERNAME, "--region", "KR1"]
        words = ["auth", "login", "--identity-url", self.pages["https"], *who, "--password-stdin"]
        subprocess.run(
            [*self.nbs, *words],
            input=PASSWORD + "\n",
            env={**self.environ, **environ},
            text=True,
            capture_output=True,
            check=True,
        )
        words = [*self.nbs, "volume", "list", "-o", "json", "--limit", "100"]
        self.add("keyring", words, environ=environ, before=self.begin(rows=100))

    def lists(self) -> None:
        """Long lists, beside curl and jq where they are there."""
        address = f"{self.pages['http']}{self.pages['root']}/volumes/detail?limit=1000"
        for count, every in ((1000, 1), (10_000, 1), (100_000, 5)):
            before = self.begin(rows=count)
            words = [*self.nbs, "volume", "list", "-o"]
            self.add(f"json {count}", [*words, "json"], environ=self.token, before=before, every=every)
            if count < 100_000:
                self.add(f"table {count}", [*words, "table"], environ=self.token, before=before)
                if shutil.which("curl") and shutil.which("jq"):
                    self.add(f"curl {count}", ["/bin/sh", FLOOR, address, self.pages["token"]], before=before)

    def many(self) -> None:
        """Deletes and waits."""
        ids = [volume_id(number) for number in range(DELETES)]
        (self.folder / "ids").write_text("\n".join(ids))
        (self.folder / "fifty").write_text("\n".join(ids[:50]))
        words = [*self.nbs, "volume", "delete", "-", "--yes", "--parallel", str(PARALLEL), "-q"]
        before = self.begin(delay=DELAY)
        self.add("delete", words, environ=self.token, before=before, stdin=str(self.folder / "ids"), every=2)
        words = [self.python, BARE, self.pages["http"] + self.pages["root"], self.pages["token"], str(PARALLEL)]
        self.add("bare", words, before=before, stdin=str(self.folder / "ids"), every=2)
        words = [*self.nbs, "volume", "wait", "-", "-q"]
        before = self.begin(creating=CREATING)
        fifty = str(self.folder / "fifty")
        self.add("wait", words, environ=self.token, before=before, after=self.counted, stdin=fifty, every=5)

    def counted(self, case: Case) -> None:
        """Note how many requests a tick of a wait took, the ones that found the volumes aside."""
        told = self.ask("/_count")
        found = next(number for number, one in enumerate(told["asked"], 1) if "limit=1000" in one or number == 50)
        ticks, pause, elapsed = 1, FIRST, 0.0
        while elapsed < CREATING * 0.9:  # the pauses vary by a tenth
            ticks, elapsed, pause = ticks + 1, elapsed + pause, pause * GROWTH
        asked = len(told["asked"]) - found
        case.notes = {"requests": asked, "requests_a_tick": round(asked / ticks, 1), "at_once": told["most"]}

    def peers(self) -> None:
        """The other clients; they log in at every call, for they keep no token."""
        environ = {
            "OS_AUTH_URL": self.pages["http"] + "/v2.0",
            "OS_USERNAME": USERNAME,
            "OS_PASSWORD": PASSWORD,
            "OS_TENANT_ID": TENANT_ID,
            "OS_REGION_NAME": "KR1",
            "OS_VOLUME_API_VERSION": "2",
            "OS_IDENTITY_API_VERSION": "2",
        }
        before = self.begin(rows=10_000)
        if self.args.cinder:
            project = {**environ, "OS_PROJECT_ID": TENANT_ID}
            self.add("cinder 10000", [self.args.cinder, "list"], environ=project, before=before, every=5)
        if self.args.openstack:
            words = [self.args.openstack, "volume", "list"]
            self.add("openstack 10000", words, environ=environ, before=before, every=5)

    def fill_the_cache(self) -> None:
        """What a TAB finds: the names of a list of 1,000."""
        spawner = Spawner()
        self.cases["json 1000"].run(spawner, warm_up=True)
        spawner.close()


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """The page server in a process of its own, its certificate among those of the system."""
    own = certificate(folder, "127.0.0.1")
    certs = folder / "certs"
    certs.mkdir()
    for path in Path("/etc/ssl/certs").glob("*.pem"):
        shutil.copy(path, certs)
    shutil.copy(own, certs)
    subprocess.run(["openssl", "rehash", str(certs)], check=True, capture_output=True)
    words = [sys.executable, "-m", "tests.benchmarks.pages", str(own)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.kill()


def machine(nbs: str, python: str) -> dict[str, str]:
    """What it was measured on, and who made the script that starts `nbs`; *python* is the interpreter beside it."""
    pip = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=False).stdout
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "date": date.today().isoformat(),  # noqa: DTZ011 the day here
        "machine": f"{len(names)} cores, {names[0].partition(': ')[2]}" if names else platform.processor(),
        "python": subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.strip(),
        "installer": " ".join(pip.split()[:2]) or "unknown",
        "nbs": subprocess.run([nbs, "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--nbs", default=str(Path(sys.executable).with_name("nbs")), help="the command to measure")
    parser.add_argument("--rounds", type=int, default=15, help="rounds that are counted (15)")
    parser.add_argument("--cinder", help="cinderclient's command")
    parser.add_argument("--openstack", help="openstackclient's command")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    return parser.parse_args()


def main() -> None:
    """Measure, print the table, write the figures."""
    args = options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(args, folder, stack.enter_context(serving(folder)))
        bench.start()
        bench.one_page()
        bench.starts_of_peers()  # just behind the page that is compared with one of them
        if shutil.which("gnome-keyring-daemon") and shutil.which("dbus-daemon"):
            os.environ["HOME"] = str(folder)  # where the daemon keeps its keyring
            session = stack.enter_context(bus())
            session.unlock()
            bench.keyring(session.environ)
        bench.lists()
        bench.many()
        bench.peers()
        bench.fill_the_cache()
        yardstick, *cases = bench.cases.values()
        interleaved(yardstick, cases, args.rounds, lambda text: print(text, file=sys.stderr, flush=True))
    facts = machine(args.nbs, bench.python)
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print(f"`py`, the median of `python -c pass`: {bench.cases['py'].seconds * 1000:.1f} ms; {args.rounds} rounds\n")
    print(markdown(rows(bench.cases)))
    if args.json:
        figures = {**facts, "rounds": args.rounds, "cases": [case.record() for case in bench.cases.values()]}
        args.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
