"""Do the tests have teeth? Mistakes that would break a promise are made in a copy; a test has to notice each.

A mutant that no test kills is a failure; that each can be made, a test of every day sees. Takes some seven seconds a
mutant.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.trials.ground import Figure, main

PATIENCE = 180  # seconds that the tests of one mutant may take, some 30 when nothing is wrong
TRIALS = 1000  # at most so many mutants: all of them
ROOT = Path(__file__).parents[2]
_KILLER = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """A mistake: what it is, the tests that should mind, and the text that is replaced, in the one file that has it."""

    what: str
    tests: str
    old: str
    new: str


CLIENT = "tests/cloud/test_client.py tests/cloud/test_retries.py"
WAITING = "tests/cloud/test_waiting.py"
FILES = "tests/local/test_files.py"
WALKING = "tests/cloud/test_walking.py tests/cloud/test_blockstorage.py"
ONCE = "tests/cloud/test_once.py tests/cloud/test_settling.py tests/cloud/test_marks.py"
MUTANTS = (
    Mutant(
        "retry the POST", CLIENT, "isinstance(failure, LostAnswer) and not repeatable:", "not repeatable and False:"
    ),
    Mutant(
        "settle 0: no look for a lost create",
        ONCE,
        "return [part * window / sum(_PAUSES) for part in _PAUSES]",
        "return []",
    ),
    Mutant("skip the parameter check", ONCE, "if differing and wish.given:", "if False:"),
    Mutant(
        "skip the journal's parameter check",
        ONCE,
        "if differing:\n            raise _another(",
        "if False:\n            raise _another(",
    ),
    Mutant(
        "follow redirects",
        CLIENT,
        "        if exchange.status // 100 == 3:\n",
        "        if exchange.status // 100 == 3:\n"
        '            there = exchange.headers.get("location", "")\n'
        "            return self._once(Request(request.method, there, request.token, request.body))\n",
    ),
    Mutant("deadline off", CLIENT, "exchange.done.wait(limit)", "exchange.done.wait(limit * 5)"),
    Mutant("size cap off", CLIENT, "if size > LARGEST:", "if size > LARGEST << 20:"),
    Mutant("compressed answers read", CLIENT, '"identity") != "identity":', '"identity") == "never":'),
    Mutant("pauses without bound", CLIENT, "fits = seconds <= _LONGEST_WISH and", "fits ="),
    Mutant("pauses past the deadline", CLIENT, "_ROOM <= deadline.left(seconds + _ROOM)", "_ROOM < 10.0**9"),
    Mutant(
        "no room behind a pause",
        CLIENT,
        "seconds + _ROOM <= deadline.left(seconds + _ROOM)",
        "seconds <= deadline.left(seconds)",
    ),
    Mutant("budget off", CLIENT, "if fits and budget.spend() else None", "if fits else None"),
    Mutant(
        "rate limits not told from quotas",
        CLIENT,
        "if isinstance(failure, RateLimited):\n        return True\n",
        "if failure.http_status in {413, 429}:\n        return True\n",
    ),
    Mutant("POST on a used connection", CLIENT, "kept=request.repeatable", "kept=True"),
    Mutant(
        "nothing kept from leaving late",
        CLIENT,
        "            if self.abandoned:\n                raise TimeoutError\n",
        "",
    ),
    Mutant(
        "proxy for every host",
        CLIENT + " tests/cloud/test_proxies.py",
        "proxy_bypass(parts.netloc) or _excepted(",
        "proxy_bypass(parts.netloc) or not (",
    ),
    Mutant(
        "cut JSON is nothing",
        "tests/cloud/test_answers.py",
        '        what = "HTML" if',
        '        return None\n        what = "HTML" if',
    ),
    Mutant(
        "NaN accepted",
        "tests/cloud/test_answers.py",
        "def _refuse_constant(name: str) -> NoReturn:\n    raise ValueError(name)\n",
        "def _refuse_constant(name: str) -> NoReturn:\n    return None  # type: ignore\n",
    ),
    Mutant("origin check off", "tests/cloud/test_identity.py", "    if not trusted:\n", "    if False:\n"),
    Mutant(
        "domains by their ends",
        "tests/cloud/test_realms.py tests/cloud/test_identity.py",
        'host.endswith("." + domain) for domain in domains',
        "host.endswith(domain) for domain in domains",
    ),
    Mutant(
        "plain http anywhere",
        "tests/cloud/test_request.py",
        '(parts.scheme == "http" and is_loopback(parts.hostname or ""))',
        'parts.scheme == "http"',
    ),
    Mutant("another record accepted", WALKING, 'if record["id"].lower() != resource_id.lower():', "if False:"),
    Mutant("loop guard off", WALKING, "            if marker in used:\n", "            if False:\n"),
    Mutant("repeated page believed", WALKING, "if page.rows and not fresh and not self.restarts:", "if False:"),
    Mutant("no link is the end", WALKING, "return not page.rows or len(page.rows) < self.linked", "return True"),
    Mutant("rows given twice", WALKING, 'row["id"] not in self.seen and not', "not"),
    Mutant("error status not terminal", WAITING, 'if status.startswith("error") and', 'if status == "error" and'),
    Mutant(
        "vanished not terminal",
        WAITING,
        'outcome.failure = _error(resource, outcome, _("vanished',
        '_error(resource, outcome, _("vanished',
    ),
    Mutant("bounced delete waited for", WAITING, "        if bounced or ignored:\n", "        if False:\n"),
    Mutant(
        "a look that fails ends it",
        WAITING,
        "Unavailable | RateLimited | Nonsense):\n        outcome",
        "RateLimited):\n        outcome",
    ),
    Mutant("no last look", WAITING, "self.last = now >= self.end", "self.last = now + self.pause >= self.end"),
    Mutant(
        "a last look without its moment",
        "tests/test_running.py",
        "            self.deadline.allow(_LAST_LOOK)\n",
        "            pass\n",
    ),
    Mutant(
        "404 of a repeated delete is a failure",
        "tests/cloud/test_deletion.py",
        "            if send == 1 and not failure.resent:\n                raise\n",
        "            raise\n",
    ),
    Mutant("outage does not end a bulk call", "tests/cloud/test_bulk.py", "or self.trouble >= _TROUBLE", "or False"),
    Mutant("masking off", "tests/cloud/test_trace.py", "text = text.replace(secret, MASK)", "text = text + ''"),
    Mutant(
        "headers not masked", "tests/cloud/test_trace.py", '        "x-auth-token",\n        "x-subject-token",\n', ""
    ),
    Mutant(
        "new tokens not learnt",
        "tests/cloud/test_trace.py",
        "            self.keep(*_tokens(body))  # before",
        "            # before",
    ),
    Mutant("controls obeyed", "tests/output/test_text.py", "else re.sub(UNSAFE, _shown, text)", "else text"),
    Mutant("bidirectional marks obeyed", "tests/output/test_text.py", "\\u2028-\\u202e", "\\u2028-\\u2029"),
    Mutant(
        "JSON obeyed",
        "tests/output/test_records.py tests/output/test_hostile.py",
        "else re.sub(UNSAFE, _json_escape, text)",
        "else text",
    ),
    Mutant("fsync off", FILES, "os.fsync(file.fileno())", "pass"),
    Mutant("rename off", FILES, "        Path(temporary).replace(path)\n", "        path.write_text(text)\n"),
    Mutant("folders open to all", FILES, "folder.mkdir(mode=0o700, exist_ok=True)", "folder.mkdir(exist_ok=True)"),
    Mutant("links followed", FILES, 'getattr(os, "O_NOFOLLOW", 0)', "0"),
    Mutant("locks that lock nothing", FILES, "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass"),
    Mutant("leftovers stay", FILES, "> _STALE:", "> _STALE * 1e9:"),
    Mutant(
        "files of others believed",
        "tests/local/test_secrets.py",
        "        if _foreign(status):\n",
        "        if False:\n",
    ),
    Mutant(
        "tokens of other clouds",
        "tests/local/test_secrets.py",
        '(credentials.identity_url, credentials.tenant_id, credentials.username or "")',
        '("", "", "")',
    ),
    Mutant("signals not listened to", "tests/test_running.py", "        _listen(_raise_signal)\n", "        pass\n"),
    Mutant(
        "lost output is success",
        "tests/test_running.py",
        "return ExitCode.PIPE if isinstance(error, BrokenPipeError) else ExitCode.FAILURE",
        "return ExitCode.OK",
    ),
)


def trial(trials: int) -> list[Figure]:
    """Every mutant, in a copy of the tree with an interpreter of its own; a wait without end is over soon there."""
    with tempfile.TemporaryDirectory(prefix="nbs-mutants-") as folder:
        copy = Path(folder, "tree")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "dist"))
        limit = copy / "nbs_cli" / "cloud" / "deadline.py"
        limit.write_text(limit.read_text(encoding="utf-8").replace("\nWAIT = 600.0", "\nWAIT = 5.0"), encoding="utf-8")
        python = interpreter(Path(folder, "venv"), copy)
        return [tried(mutant, copy, python) for mutant in MUTANTS[:trials]]


def interpreter(venv: Path, tree: Path) -> Path:
    """A virtual environment in which nbs, the command too, is the *tree*, and everything else is as here."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    here = sysconfig.get_paths()["purelib"]
    (venv / "lib" / version / "site-packages" / "tree.pth").write_text(f"{tree}\n{here}\n", encoding="utf-8")
    python, command = venv / "bin" / "python", venv / "bin" / "nbs"
    command.write_text(f"#!{python}\nfrom nbs_cli.__main__ import entry\nentry()\n", encoding="utf-8")
    command.chmod(0o755)
    return python


def placed(mutant: Mutant, tree: Path) -> tuple[Path, str, str]:
    """The one file of *tree* that has its text: where it is, as it is, and with the mistake.

    Raises ValueError when it is not just one, SyntaxError when the mistake is no Python: every test would mind that.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in (tree / "nbs_cli").rglob("*.py")}
    having = [path for path, text in texts.items() if mutant.old in text]
    if len(having) != 1:
        raise ValueError(f"{mutant.what}: its text stands in {len(having)} files")
    path = having[0]
    mistaken = texts[path].replace(mutant.old, mutant.new)
    compile(mistaken, path, "exec")
    return path, texts[path], mistaken


def tried(mutant: Mutant, copy: Path, python: Path) -> Figure:
    """Make the mistake, run the tests, take it back; the note names the test that noticed."""
    figure = Figure(mutant.what)
    path, before, mistaken = placed(mutant, copy)
    path.write_text(mistaken, encoding="utf-8")
    tests = [name for name in mutant.tests.split() if (copy / name).exists()]
    try:
        said = tested(python, copy, tests)
    finally:
        path.write_text(before, encoding="utf-8")
    killer = _KILLER.search(said)
    figure.note = f"{path.name}: killed by {killer[1]}" if killer else ""
    figure.count(killer is not None, f"survived {mutant.tests}: {said[-200:]}")
    print(figure.what, figure.note or figure.broken, sep=": ", flush=True)
    return figure


def tested(python: Path, copy: Path, tests: list[str]) -> str:
    """What pytest says, up to the first failure; tests that do not end any more have failed too."""
    words = [str(python), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    try:
        done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"FAILED {tests[0]} (waits without end)"
    return done.stdout


if __name__ == "__main__":
    main(trial, TRIALS)
