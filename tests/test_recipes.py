"""The recipes for pipelines work when they are run as their runners run them, and both READMEs hold the same."""

from __future__ import annotations

import os
import re
import signal
import string
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from gettext import GNUTranslations
from pathlib import Path

import pytest
import yaml

from nbs_cli.sandbox.kinds import KINDS
from nbs_cli.sandbox.settings import PASSWORD, TENANT_ID, USERNAME
from tests import catalogue
from tests.conftest import NBS, Ran, Served
from tests.readme import README

KOREAN = README.with_name("README.ko.md")
ACCOUNT = {"NBS_TENANT_ID": TENANT_ID, "NBS_USERNAME": USERNAME}
_CODE = re.compile(r"(?:<!-- tested: (?P<name>[\w-]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
_SH = re.compile(r"sh '''(.*?)'''|sh '([^'\n]+)'", re.DOTALL)
_SETTING = re.compile(r"^ *(\w+) = (credentials\()?'([^']*)'\)?$", re.MULTILINE)
_COMMENT = re.compile(r"(^| )# .*$", re.MULTILINE)

# what the recipes test with: the first time the machine dies under it
MIGRATION = """\
#!/bin/bash
echo "$1" >> migrated
if [ ! -e died ]; then touch died; kill -9 $PPID; fi
"""


@dataclass
class Machine:
    """A runner: its folder, the environment that the CI gives, all that its shells printed, and the last one's code."""

    folder: Path
    environ: dict[str, str]
    printed: str = ""
    code: int = 0
    shells: list[str] = field(default_factory=list)

    def run(self, shell: list[str], text: str, environ: Mapping[str, str]) -> bool:
        """Run *text* in a shell of its own, the install left out; whether it went well."""
        self.shells.append(text)
        script = self.folder / "script"
        script.write_text(text.replace("pip install nbs-cli", ":"), encoding="utf-8")
        path = f"{self.folder / 'bin'}{os.pathsep}{Path(NBS).parent}{os.pathsep}{os.environ['PATH']}"
        log = self.folder / "log"  # a file, for what runs on in the background would hold a pipe open
        with log.open("wb") as told:
            done = subprocess.run(
                [*shell, str(script)],
                cwd=self.folder,
                env={"HOME": os.environ["HOME"], **self.environ, **environ, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                timeout=120,
                check=False,
            )
        self.printed += log.read_text(encoding="utf-8")
        self.code = done.returncode
        return self.code == 0


class Script:
    """The plain script, run by any scheduler that gives it the job's ID."""

    def __init__(self, text: str, machine: Machine) -> None:
        self.text, self.machine, self.job = text, machine, "copy-17"

    def attempt(self) -> None:
        """Run it; it cleans up itself."""
        environ = {**ACCOUNT, "NBS_REGION": "KR1", "NBS_PASSWORD": PASSWORD, "JOB_ID": "17"}
        self.machine.run(["bash"], self.text, {"SOURCE": "data-1", **environ, **self.machine.environ})

    def clean_up(self) -> None:
        """Nothing is left to do."""


class GitHub:
    """GitHub Actions: a `bash -e` a step; what is written to GITHUB_ENV is in the environment of the next."""

    def __init__(self, text: str, machine: Machine) -> None:
        self.work, self.machine, self.job = yaml.safe_load(text)["jobs"]["copy"], machine, "copy-4711"
        self.given = machine.folder / "github_env"

    def attempt(self) -> None:
        """Run every step until one fails."""
        self.given.write_text("")
        for step in self._steps(always=False):
            if not self._run(step):
                return

    def clean_up(self) -> None:
        """Run the steps that run always."""
        for step in self._steps(always=True):
            assert self._run(step)

    def _steps(self, *, always: bool) -> list[dict[str, object]]:
        return [step for step in self.work["steps"] if "run" in step and (step.get("if") == "always()") == always]

    def _run(self, step: dict[str, object]) -> bool:
        values = {
            "vars.NBS_TENANT_ID": TENANT_ID,
            "vars.NBS_USERNAME": USERNAME,
            "secrets.NBS_PASSWORD": PASSWORD,
            "github.run_id": "4711",
        }
        own = step.get("env", {})
        assert isinstance(own, dict)
        environ = {
            key: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], value)
            for key, value in {**self.work["env"], **own}.items()
        }
        environ |= dict(line.split("=", 1) for line in self.given.read_text().splitlines())
        ci = {"CI": "true", "GITHUB_RUN_ID": "4711", "GITHUB_ENV": str(self.given)}
        return self.machine.run(["bash", "-e"], str(step["run"]), {**ci, **environ})


class GitLab:
    """GitLab CI: a shell a job, its lines one after the other; a job that is tried again has another CI_JOB_ID."""

    def __init__(self, text: str, machine: Machine) -> None:
        self.pipeline, self.machine, self.job = yaml.safe_load(text), machine, "copy-812"
        self.jobs = 0
        self.file = machine.folder / "password"
        self.file.write_text(PASSWORD + "\n")

    def attempt(self) -> None:
        """Run the job that copies and tests."""
        self._run("copy")

    def clean_up(self) -> None:
        """Run the job of the last stage, which runs always."""
        assert self.pipeline["clean-up"]["stage"] == ".post"
        assert self.pipeline["clean-up"]["when"] == "always"
        assert self._run("clean-up")

    def _run(self, name: str) -> bool:
        self.jobs += 1
        ci = {"CI": "true", "CI_PIPELINE_ID": "812", "CI_JOB_ID": f"90{self.jobs}", **ACCOUNT}
        variables = {key: string.Template(value).substitute(ci) for key, value in self.pipeline["variables"].items()}
        lines = [*self.pipeline["default"]["before_script"], *self.pipeline[name]["script"]]
        text = "\n".join(["set -eo pipefail", *lines])
        return self.machine.run(["bash"], text, {**ci, **variables, "NBS_PASSWORD_FILE": str(self.file)})


class Jenkins:
    """Jenkins: a shell a `sh` step, `sh -xe` where the script does not name another in its first line."""

    def __init__(self, text: str, machine: Machine) -> None:
        self.text, self.machine, self.job = text, machine, "jenkins-data-feature-2Fx-17"

    def attempt(self) -> None:
        """Run the steps of the stages until one fails."""
        for step in self._steps(self.text.partition("post {")[0]):
            if not self._run(step):
                return

    def clean_up(self) -> None:
        """Run the steps of `post`, which run always."""
        for step in self._steps(self.text.partition("post {")[2]):
            assert self._run(step)

    def _steps(self, text: str) -> Iterator[str]:
        return (long or short for long, short in _SH.findall(text))

    def _run(self, step: str) -> bool:
        environ = {name: PASSWORD if secret else value for name, secret, value in _SETTING.findall(self.text)}
        ci = {"BUILD_TAG": "jenkins-data-feature%2Fx-17", "BUILD_NUMBER": "17"}
        shell = step.partition("\n")[0][2:].split() if step.startswith("#!") else ["sh", "-xe"]
        return self.machine.run(shell, step, {**environ, **ci, **ACCOUNT})


Runner = Script | GitHub | GitLab | Jenkins
RUNNERS: dict[str, type[Runner]] = {"pipeline": Script, "github": GitHub, "gitlab": GitLab, "jenkins": Jenkins}


def code(readme: Path) -> list[tuple[str | None, str, str]]:
    """Every block of code of *readme*: the name of a tested one, its language, its text."""
    return [(block["name"], block["language"], block["text"]) for block in _CODE.finditer(_text(readme))]


def recipe(name: str, readme: Path = README) -> str:
    """The block called *name*."""
    return next(text for called, _language, text in code(readme) if called == name)


def _text(readme: Path) -> str:
    return readme.read_text(encoding="utf-8")


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A cloud where nothing takes time."""
    return serve(delay=0.0)


@pytest.fixture
def machine(tmp_path: Path, served: Served, nbs: Callable[..., Ran]) -> Machine:
    """A runner with the migration's test and a `sleep` that takes no time, and in the cloud the volume `data-1`."""
    folder = tmp_path / "runner"
    (folder / "bin").mkdir(parents=True)
    _program(folder / "test-migration.sh", MIGRATION)
    _program(folder / "bin" / "sleep", "#!/bin/sh\n")
    assert nbs("volume", "create", "--size", "10", "--name", "data-1", "--wait", env=served.environ).code == 0
    served.calls.clear()
    return Machine(folder, {"NBS_IDENTITY_URL": served.url, "NBS_ENDPOINT": f"{served.url}/v2"})


def _program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def names(served: Served, table: str) -> set[str]:
    """The names of what is in the cloud, and not on its way out."""
    with served.cloud.reading() as turn:
        return {row["name"] for row in turn.db.execute(f"SELECT name FROM {table} WHERE status != 'deleting'")}


def made(served: Served) -> list[str]:
    """What was asked to be created, in order."""
    return [call.path.rpartition("/")[2] for call in served.asked("POST")]


@pytest.mark.parametrize("name", RUNNERS)
def test_recipe(name: str, served: Served, machine: Machine) -> None:
    """A job whose machine dies is run again: it makes nothing twice, does its work, cleans up, and tells no secret.

    The Korean README has the same blocks, comments aside: see `test_both_readmes_hold_the_same_commands`.
    """
    runner = RUNNERS[name](recipe(name), machine)

    runner.attempt()
    assert machine.code == -9, machine.printed
    assert names(served, "volumes") == {"data-1", runner.job}
    assert names(served, "snapshots") == {runner.job}
    assert len(served.logins()) == 1

    runner.attempt()
    assert machine.code == 0, machine.printed
    runner.clean_up()
    assert machine.code == 0, machine.printed
    assert (machine.folder / "migrated").read_text().split() == [runner.job] * 2
    assert made(served) == ["snapshots", "volumes"]
    assert names(served, "volumes") == {"data-1"}
    assert names(served, "snapshots") == set()
    assert told(served, machine) == set()
    assert "NBS_PASSWORD" not in "\n".join(machine.shells)


def told(served: Served, machine: Machine) -> set[str]:
    """The secrets that stand in the log; a line that asks the CI to mask one is none of it."""
    with served.cloud.reading() as turn:
        tokens = {row["id"] for row in turn.db.execute("SELECT id FROM tokens")}
    log = re.sub(r"^::add-mask::.*$", "", machine.printed, flags=re.MULTILINE)
    assert tokens
    return {secret for secret in {PASSWORD, *tokens} if secret in log}


@pytest.mark.parametrize(("code", "happened"), [(7, True), (9, False), (11, True)])
def test_script_goes_on(code: int, happened: bool, served: Served, machine: Machine) -> None:
    """The script waits on after a 7 and asks again after a 9 or an 11; whatever happened, nothing is made twice."""
    (machine.folder / "died").touch()
    first = f'{NBS} "$@" >&2\n' if happened else ""
    _program(
        machine.folder / "bin" / "nbs",
        f'#!/bin/sh\nif [ "$2" = create ] && [ ! -e "$1" ]; then touch "$1"; {first}exit {code}; fi\nexec {NBS} "$@"\n',
    )
    Script(recipe("pipeline"), machine).attempt()

    assert machine.code == 0, machine.printed
    assert (machine.folder / "migrated").read_text() == "copy-17\n"
    assert made(served) == ["snapshots", "volumes"]
    assert names(served, "volumes") == {"data-1"}
    assert names(served, "snapshots") == set()


def _attached(served: Served) -> None:
    with served.cloud.reading() as turn:
        (volume,) = turn.db.execute("SELECT id FROM volumes").fetchall()
    served.cloud.attach(volume["id"])


def _filled(served: Served) -> None:
    with served.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET size = 10235")


REFUSALS: dict[str, tuple[int, str, Callable[[Served, Machine], object]]] = {
    "missing": (3, "there is no volume disk-2", lambda _served, machine: machine.environ.update(SOURCE="disk-2")),
    "attached": (5, "data-1 is attached", lambda served, _machine: _attached(served)),
    "full": (6, "a quota is full", lambda served, _machine: _filled(served)),
    "login": (4, "refused the login", lambda _served, machine: machine.environ.update(NBS_PASSWORD="console")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_script_gives_up(case: str, served: Served, machine: Machine) -> None:
    """The script ends with the exit code of what was refused, says what to do, and leaves nothing behind."""
    expected, words, begin = REFUSALS[case]
    begin(served, machine)
    before = names(served, "volumes")
    Script(recipe("pipeline"), machine).attempt()

    assert machine.code == expected, machine.printed
    assert words in machine.printed
    assert names(served, "volumes") == before
    assert names(served, "snapshots") == set()
    assert not (machine.folder / "migrated").exists()


# The sandbox in pipelines: a script of a user's own, against a block storage that the recipe starts.

BACKUPS = """\
#!/bin/sh
set -e
nbs volume create --size 1 --name vol --wait -q
nbs snapshot create vol --name nightly --wait -q
nbs snapshot list -o value -c name >> kept
"""
FIXTURE_IS_USED = """
def test_backups(block_storage):
    made = ["volume", "create", "--size", "1", "--name", "vol", "--wait", "-o", "value", "-c", "status"]
    answer = subprocess.run(["nbs", *made], env={**os.environ, **block_storage}, capture_output=True, text=True)
    assert answer.stdout == "available\\n", answer.stderr
"""


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Machine]:
    """A runner that knows of no cloud; what it has started in the background ends with it."""
    folder = tmp_path / "runner"
    folder.mkdir()
    _program(folder / "test-backups.sh", BACKUPS)
    machine = Machine(folder, {"XDG_STATE_HOME": str(tmp_path / "state"), "CI": "true"})
    yield machine
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").resolve() == folder:
                os.kill(int(process.name), signal.SIGTERM)


def _github(text: str, machine: Machine) -> None:
    given = machine.folder / "github_env"
    given.touch()
    for step in yaml.safe_load(text)["jobs"]["test"]["steps"]:
        variables = dict(line.split("=", 1) for line in given.read_text().splitlines())
        if "run" in step:
            assert machine.run(["bash", "-e"], step["run"], {"GITHUB_ENV": str(given), **variables}), machine.printed


def _gitlab(text: str, machine: Machine) -> None:
    assert machine.run(["bash"], "\n".join(["set -eo pipefail", *yaml.safe_load(text)["test"]["script"]]), {})


def _jenkins(text: str, machine: Machine) -> None:
    for long, short in _SH.findall(text):
        assert machine.run(["bash"], long or short, {}), machine.printed


STARTED: dict[str, Callable[[str, Machine], None]] = {"github": _github, "gitlab": _gitlab, "jenkins": _jenkins}


@pytest.mark.parametrize("name", STARTED)
def test_a_pipeline_starts_a_block_storage(name: str, bare: Machine) -> None:
    """The recipe's lines start a sandbox, and a script that knows nothing of it works against it."""
    STARTED[name](recipe(f"sandbox-{name}"), bare)

    assert (bare.folder / "kept").read_text() == "nightly\n", bare.printed


def test_a_fixture_gives_a_block_storage(bare: Machine) -> None:
    """The README's fixture, in a test file of somebody else's, gives variables that lead to a sandbox, and ends it."""
    (bare.folder / "test_it.py").write_text("import os\n" + recipe("sandbox-pytest") + FIXTURE_IS_USED)
    assert bare.run(["bash"], "python -m pytest -q -p no:cacheprovider test_it.py", {}), bare.printed
    assert "1 passed" in bare.printed


def test_other_clients_are_told_the_way(machine: Machine, served: Served) -> None:
    """The README's lines give openstackclient its variables, and curl a page."""
    (machine.folder / "bin").mkdir(exist_ok=True)
    _program(machine.folder / "bin" / "openstack", "#!/bin/sh\nenv | grep ^OS_ | sort; echo asked: $*\n")
    environ = {**served.environ, "NBS_ENDPOINT": f"{served.url}/v2"}

    assert machine.run(["bash", "-e"], recipe("sandbox-clients"), environ), machine.printed
    assert "asked: volume list" in machine.printed
    assert f"OS_AUTH_URL={served.url}/v2.0" in machine.printed
    assert f"OS_TENANT_ID={TENANT_ID}" in machine.printed
    assert '"name": "data-1"' in machine.printed


START = """\
nbs sandbox serve --state $PWD/state.sqlite3 {options} > sandbox.env &
timeout 30 sh -c 'until grep -q ready sandbox.env; do sleep 0.1; done'
. ./sandbox.env
"""
LEFT = "nbs sandbox fault list --state $PWD/state.sqlite3 -o value -c kind,count\n"


def test_the_faults_happen(bare: Machine) -> None:
    """The README's orders befall a served sandbox: the lost create is found, the refused and broken list is whole."""
    orders = recipe("sandbox-faults").replace("fault add", "fault add --state $PWD/state.sqlite3")
    assert bare.run(["bash", "-e"], START.format(options="") + orders + LEFT + "echo none left", {}), bare.printed

    assert "found volume data-1" in bare.printed
    last, end = bare.printed.splitlines()[-2:]
    assert "data-1" in last  # the list's only row
    assert end == "none left"


def test_the_scenario_is_ordered(bare: Machine) -> None:
    """The README's scenario is taken: its fault stands for ever."""
    (bare.folder / "flaky.toml").write_text(recipe("sandbox-scenario"), encoding="utf-8")

    assert bare.run(["bash", "-e"], START.format(options="--scenario flaky.toml") + LEFT, {}), bare.printed
    assert bare.printed.splitlines()[-1] == "status\t0"


@pytest.mark.parametrize("readme", [README, KOREAN], ids=["en", "ko"])
def test_the_faults_are_those_of_the_code(readme: Path) -> None:
    """The README's table has a row for every kind, in their order, with the words of the code."""
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", _text(readme).partition("sandbox-faults")[2], re.MULTILINE))

    assert [kind for kind in rows if kind in KINDS] == list(KINDS)
    with catalogue.MO.open("rb") as file:
        words = GNUTranslations(file).gettext if readme == KOREAN else str
    assert {kind: rows[kind] for kind in KINDS} == {kind.name: words(kind.words) for kind in KINDS.values()}


def test_both_readmes_hold_the_same_commands() -> None:
    """The blocks of code of both READMEs are the same, comments aside."""
    assert [_bare(block) for block in code(KOREAN)] == [_bare(block) for block in code(README)]


def _bare(block: tuple[str | None, str, str]) -> tuple[str | None, str, list[str]]:
    name, language, text = block
    return name, language, [line.rstrip() for line in _COMMENT.sub("", text).splitlines() if line.strip()]


def test_both_readmes_tell_of_the_same_things() -> None:
    """What stands in `code` in one README stands in the other; so do the modules of the picture and the headings."""
    english, korean = _prose(README), _prose(KOREAN)

    assert set(re.findall(r"`([^`\n]+)`", korean)) ^ set(re.findall(r"`([^`\n]+)`", english)) == set()
    assert set(re.findall(r"\w+\.py\b", _text(KOREAN))) ^ set(re.findall(r"\w+\.py\b", _text(README))) == set()
    assert re.findall(r"^#+", korean, re.MULTILINE) == re.findall(r"^#+", english, re.MULTILINE)
    assert korean.count("\n|") == english.count("\n|")


def _prose(readme: Path) -> str:
    """What people read: without the blocks of code, and without the Korean README's list of terms."""
    text = re.sub(r"^```.*?^```", "", _text(readme), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^## 용어\n.*?(?=^## |\Z)", "", text, flags=re.DOTALL | re.MULTILINE)


def test_the_readmes_name_each_other() -> None:
    """Each README leads to the other in its first lines."""
    assert "(README.ko.md)" in _text(README)[:200]
    assert "(README.md)" in _text(KOREAN)[:200]
