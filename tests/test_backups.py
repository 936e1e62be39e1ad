"""The recipes for backups work when they are run as cron, systemd, Kubernetes and GitHub run them."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from nbs_cli.sandbox.settings import PASSWORD, TENANT_ID, USERNAME
from tests.accounts import config_path, log_in
from tests.aged import aged, there
from tests.conftest import NBS, Ran, Served
from tests.readme import README
from tests.test_recipes import code

BLOCKS = {name: text for name, _language, text in code(README) if name}
NAMES = ("data-1", "data-2")


@dataclass
class Machine:
    """Where a recipe runs: a served cloud with two volumes that have old snapshots, and the profile `prod`."""

    served: Served
    folder: Path
    volumes: dict[str, str]

    def run(
        self, words: list[str], environ: dict[str, str], *, profile: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run *words* with *environ*, the runner's own folders in place of the recipe's, and little else."""
        moved = [
            re.sub(r"--jitter \S+", "--jitter 0.1s", word).replace("/var/lib/nbs", str(self.folder)) for word in words
        ]
        path = f"{Path(NBS).parent}{os.pathsep}{os.environ['PATH']}"
        away = {} if profile else {"NBS_IDENTITY_URL": self.served.url, "NBS_ENDPOINT": f"{self.served.url}/v2"}
        return subprocess.run(
            moved,
            env={**environ, **away, "HOME": os.environ["HOME"], "PATH": path},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def kept(self) -> dict[str, int]:
        """How many snapshots each volume has."""
        with self.served.cloud.reading() as turn:
            rows = turn.db.execute("SELECT volume_id FROM snapshots").fetchall()
        return {name: sum(row["volume_id"] == identifier for row in rows) for name, identifier in self.volumes.items()}


@pytest.fixture
def machine(serve: Callable[..., Served], nbs: Callable[..., Ran], tmp_path: Path, home: Path) -> Machine:
    """Two volumes, one of them attached, each with nine nightly snapshots of `daily` and of `default`, one by hand."""
    served = serve(delay=0, snapshots_per_volume=99)
    log_in(nbs, served, "-p", "prod")
    with config_path(home).open("a", encoding="utf-8") as config:
        config.write("\n" + BLOCKS["retention"])
    volumes = {}
    for name in NAMES:
        made = nbs(
            "volume", "create", "--size", "1", "--name", name, "--type", "ssd", "-q", "--wait", env=served.environ
        )
        volumes[name] = made.out.strip()
        aged(served.cloud, volumes[name], 9000, policy=None, name="손으로")
        for night in range(9):
            for policy in ("daily", "default"):
                aged(served.cloud, volumes[name], 24 * night + 20, policy=policy)
    served.cloud.attach(volumes["data-1"])
    served.calls.clear()
    return Machine(served, tmp_path, volumes)


def rotated(machine: Machine, before: dict[str, int]) -> None:
    """Every volume has one new snapshot, and lost at least one."""
    posts = [call.path.rpartition("/")[2] for call in machine.served.asked("POST")]
    assert posts == ["snapshots"] * len(NAMES)
    deletes = len(machine.served.asked("DELETE"))
    assert deletes >= len(NAMES)
    assert sum(machine.kept().values()) == sum(before.values()) + len(NAMES) - deletes


def test_cron(machine: Machine) -> None:
    """The line of the crontab runs in `sh` with cron's few variables, says nothing, and leaves its heartbeat."""
    before = machine.kept()
    (line,) = [line for line in BLOCKS["cron"].splitlines() if re.match(r"\d+ \d+ ", line)]
    *when, command = line.split(maxsplit=5)
    assert len(when) == 5
    assert "%" not in command  # cron would make a line of what follows
    done = machine.run(["/bin/sh", "-c", command], {"LOGNAME": "backup", "SHELL": "/bin/sh"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (machine.folder / "daily").exists()
    rotated(machine, before)


def test_systemd(machine: Machine) -> None:
    """The service's command runs as it stands and leaves its metrics; the timer starts it by Seoul's clock."""
    before = machine.kept()
    units = {}
    for name in ("systemd-service", "systemd-timer"):
        units[name] = configparser.ConfigParser(interpolation=None)
        units[name].optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their capitals
        units[name].read_string(BLOCKS[name])
    words = shlex.split(units["systemd-service"]["Service"]["ExecStart"])
    assert words[0] == "/usr/local/bin/nbs"
    done = machine.run([NBS, *words[1:]], {"LANG": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    assert 'nbs_rotate_success{volume="data-1",policy="daily"} 1' in (machine.folder / "daily.prom").read_text()
    rotated(machine, before)
    calendar = units["systemd-timer"]["Timer"]["OnCalendar"]
    assert calendar.endswith(" Asia/Seoul")
    if shutil.which("systemd-analyze"):
        subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, check=True)


def test_cronjob(machine: Machine, tmp_path: Path) -> None:
    """The container's command runs with the variables of its specification; one run at a time, and none again."""
    before = machine.kept()
    job = yaml.safe_load(BLOCKS["cronjob"])
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "password").write_text(PASSWORD)
    (tmp_path / "state").mkdir()
    secrets = {"tenant": TENANT_ID, "username": USERNAME}
    environ = {
        one["name"]: one["value"] if "value" in one else secrets[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in container["env"]
    }
    for mount in container["volumeMounts"]:
        environ = {
            name: value.replace(mount["mountPath"], f"{tmp_path}{mount['mountPath']}")
            for name, value in environ.items()
        }
    words = [*container["command"], *container["args"]]
    done = machine.run(words, environ, profile=False)
    assert done.returncode == 0, done.stderr
    rotated(machine, before)


def test_nightly(machine: Machine) -> None:
    """The step of the workflow runs in `bash -e` with its secrets."""
    before = machine.kept()
    workflow = yaml.safe_load(BLOCKS["nightly"])
    (step,) = [step for step in workflow["jobs"]["rotate"]["steps"] if "env" in step]
    values = {"vars.NBS_TENANT_ID": TENANT_ID, "vars.NBS_USERNAME": USERNAME, "secrets.NBS_PASSWORD": PASSWORD}
    environ = {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], value) for name, value in step["env"].items()
    }
    done = machine.run(["bash", "-e", "-c", step["run"]], {"CI": "true", **environ}, profile=False)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    rotated(machine, before)


@pytest.mark.parametrize("name", NAMES)
def test_drill(machine: Machine, name: str, nbs: Callable[..., Ran]) -> None:
    """The drill restores the newest snapshot of the policy, compares, cleans up; a copy that differs is exit 1."""
    before = there(machine.served.cloud)
    newest = aged(machine.served.cloud, machine.volumes[name], 1, policy="daily")
    aged(machine.served.cloud, machine.volumes[name], 0.5, policy="weekly")
    environ = {**machine.served.environ, "SOURCE": name}
    done = machine.run(["bash", "-c", BLOCKS["drill"]], environ)
    assert done.returncode == 0, done.stderr
    assert f"{name} can be restored from {newest}" in done.stdout
    assert {*before, newest} < there(machine.served.cloud)
    assert set(nbs("volume", "list", "-q", env=machine.served.environ).out.split()) == set(machine.volumes.values())

    with machine.served.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET size = 7 WHERE name = ?", (name,))
    done = machine.run(["bash", "-c", BLOCKS["drill"]], environ)
    assert done.returncode == 1
    assert f"the copy of {name} differs" in done.stderr


def test_drill_without_a_snapshot(machine: Machine) -> None:
    """Where the policy has no snapshot the drill fails and says so."""
    done = machine.run(
        ["bash", "-c", BLOCKS["drill"]], {**machine.served.environ, "SOURCE": "data-1", "POLICY": "none"}
    )
    assert done.returncode != 0
    assert "there is no snapshot of the policy none" in done.stderr
