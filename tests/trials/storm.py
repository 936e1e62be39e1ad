"""Two hundred commands at once with a cold token, a thousand kills, a full disk: rows C3, C4, C15, E1 to E5 and E16."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from nbs_cli.local import config, files, secrets
from nbs_cli.sandbox.cloud import OTHER_PASSWORD, OTHER_TENANT_ID, OTHER_USERNAME, PASSWORD
from tests.accounts import LIST, login_words, secret_path
from tests.conftest import NBS, Ran, Served
from tests.kills import killed
from tests.trials.ground import Figure, inside, main, outside, private, serving

TRIALS = 200  # commands at once; five times as many kills, and broken bytes
ENOUGH = 5  # logins of all together


def trial(trials: int) -> list[Figure]:
    """*trials* commands at once, five times as many kills, a full disk."""
    return [
        storm(trials),
        two_profiles(trials // 2),
        kills_of_files(trials * 5),
        kills_of_edits(max(1, trials // 2)),
        kills_of_commands(max(1, trials // 2)),
        broken_bytes(trials * 5),
        stopped_holder(),
        full_disk(),
    ]


def enter(served: Served, *more: str, **who: str) -> None:
    """Log in to a profile whose secret lies in a file."""
    ran = inside(*login_words(served, *more, **who), stdin=(OTHER_PASSWORD if who else PASSWORD) + "\n")
    if ran.code:
        raise RuntimeError(ran.err)
    served.calls.clear()


def at_once(lines: list[tuple[str, ...]]) -> list[Ran]:
    """Run all of *lines* at the same time."""
    ended: list[Ran | None] = [None] * len(lines)

    def one(number: int, words: tuple[str, ...]) -> None:
        ended[number] = outside(*words, limit=600)

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(lines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [ran for ran in ended if ran is not None]


def storm(number: int) -> Figure:
    """C3, E16: commands at once whose token the server no longer knows."""
    figure = Figure("C3 storm")
    with private() as home, serving() as served:
        enter(served)
        served.cloud.expire_tokens()
        began = time.monotonic()
        for ran in at_once([LIST] * number):
            figure.count((ran.code, ran.out) == (0, "[]\n"), f"exit {ran.code}: {ran.err}")
        took, logins = time.monotonic() - began, len(served.logins())
        kept = json.loads(secret_path(home).read_text(encoding="utf-8"))
        figure.count(kept["password"] == PASSWORD and logins <= ENOUGH, f"{logins} logins")
    figure.note = f"{logins} logins, all in {took:.0f} s"
    return figure


def two_profiles(number: int) -> Figure:
    """C15: two profiles of two tenants at once; no request bears the other's token."""
    figure = Figure("C15 two profiles")
    with private(), serving() as served:
        enter(served, "-p", "one")
        enter(served, "-p", "two", tenant=OTHER_TENANT_ID, user=OTHER_USERNAME)
        tokens = {name: outside("auth", "token", "-p", name).out.strip() for name in ("one", "two")}
        ended = at_once([(*LIST, "-p", name) for name in ("one", "two") for _number in range(max(1, number // 2))])
        for ran in ended:
            figure.count(ran.code == 0, ran.err)
        for call in served.asked():
            mine = tokens["two" if OTHER_TENANT_ID in call.path else "one"]
            figure.count(call.headers["x-auth-token"] == mine, f"{call.path} with the other's token")
    return figure


def kills_of_files(number: int) -> Figure:
    """E4, E5: a writer killed with -9 at any moment; the file is old or new, leftovers are private."""
    figure = Figure("E4 kills while writing")
    with private() as home:
        path = home / "folder" / "file"
        files.write(path, "0" * 5000)
        begin = f"from pathlib import Path\nfrom nbs_cli.local import files\npath = Path({str(path)!r})\nnumber = 0"
        work = "number += 1; files.write(path, str(number % 10) * 5000)"
        for _kill in killed(number, begin, work, most=0.01):
            text = path.read_text(encoding="utf-8")
            figure.count(len(text) == 5000 and len(set(text)) == 1, f"{len(text)} characters of {sorted(set(text))}")
        left = [one for one in path.parent.iterdir() if one != path]
        open_ = [one for one in left if one.stat().st_mode & 0o077]
        figure.count(not open_, f"{open_} can be read by others")
    figure.note = f"{len(left)} leftovers, each private"
    return figure


def kills_of_edits(number: int) -> Figure:
    """E4, E12: an editor of the config killed at any moment; every profile and comment is there."""
    figure = Figure("E4 kills while editing")
    with private() as home:
        path = home / ".config/nbs/config.toml"
        files.write(path, "# kept\n[profiles.a]\n\n[profiles.b]\n")
        begin = "from nbs_cli.local import config, edits\nknown = config.load(None)\nnumber = 0"
        work = "number += 1; edits.put(known, 'a', {'region': f'KR{number}', 'username': 'u' * (number % 5000)})"
        for _kill in killed(number, begin, work):
            whole = path.read_text(encoding="utf-8").startswith("# kept\n")
            figure.count(
                whole and set(config.load(None).profiles) == {"a", "b"}, path.read_text(encoding="utf-8")[:200]
            )
    return figure


def kills_of_commands(number: int) -> Figure:
    """E4: commands that log in anew, killed; the password is never lost."""
    figure, lot = Figure("E4 kills of commands"), random.Random(13)
    with private() as home, serving() as served:
        enter(served)
        path = secret_path(home)
        for _kill in range(number):
            served.cloud.expire_tokens()
            with subprocess.Popen([NBS, *LIST], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                time.sleep(lot.uniform(0.05, 0.6))
                process.kill()
            figure.count(secrets.read_secret(files.read(path)).password == PASSWORD, "the password is lost")
        figure.count(inside(*LIST).code == 0, "the next command fails")
    return figure


def broken_bytes(number: int) -> Figure:
    """C4: a token file in which a byte is another one, or that is cut; the command works or says what does not."""
    figure, lot, healed = Figure("C4 broken bytes"), random.Random(4), 0
    with private() as home, serving() as served:
        enter(served)
        path = secret_path(home)
        good = path.read_bytes()
        for _byte in range(number):
            raw = bytearray(good)
            raw[lot.randrange(len(raw))] = lot.randrange(256)
            path.write_bytes(bytes(raw) if lot.random() < 0.8 else bytes(raw[: lot.randrange(len(raw))]))
            ran = inside(*LIST)
            healed += ran.code == 0
            words = ran.code in {0, 4} and "mistake" not in ran.err
            figure.count(words, f"exit {ran.code}: {ran.err}")
        path.write_bytes(good)
    figure.note = f"{healed} went on, {number - healed} said that the password is gone"
    return figure


def stopped_holder() -> Figure:
    """E2: who has the turn is stopped; another command goes on after a while."""
    figure = Figure("E2 stopped holder")
    with private() as home, serving() as served:
        enter(served)
        served.cloud.expire_tokens()
        lock = home / ".local/state/nbs/locks" / f"{secret_path(home).stem}.lock"
        words = (
            "import sys\nfrom pathlib import Path\nfrom nbs_cli.local import files\n"
            f"with files.locked(Path({str(lock)!r}), 5) as held:\n    print(held, flush=True)\n    sys.stdin.read()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            if holder.stdout is None or holder.stdout.readline() != "True\n":
                raise RuntimeError("the lock was not had")
            holder.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            ran = outside(*LIST)
            took = time.monotonic() - began
            holder.kill()
        figure.count(ran.code == 0 and took < 15, f"{took:.1f} s, {ran}")
    figure.note = f"{took:.1f} s"
    return figure


FULL = """
mount -t tmpfs -o size=64k none "$HOME" && cp -a "$1/." "$HOME" || exit 99
dd if=/dev/zero of="$HOME/filler" bs=1k count=64 2>/dev/null
shift
for words in "$@"; do sh -c "$words"; echo "exit $?"; done
find "$HOME/.local" "$HOME/.config" -type f ! -name '*.lock' -exec sha256sum {} +
find "$HOME" -name '*.tmp'
"""


def full_disk() -> Figure:
    """E3: a full file system of 64 kB as the home; reading goes on, no file is harmed, nothing is left behind."""
    figure = Figure("E3 full disk")
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        figure.untried = "a file system of one's own needs root and unshare"
        return figure
    with private() as home, serving() as served:
        enter(served)
        served.cloud.expire_tokens()
        before = home.parent / f"{home.name}-before"
        shutil.copytree(home, before)
        lines = [f"{NBS} {' '.join(LIST)}", f"{NBS} profile set output json", f"{NBS} volume list -q"]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", FULL, "sh", str(before), *lines], capture_output=True, text=True, check=False
        )
        sums = subprocess.run(
            ["sh", "-c", "find .local .config -type f ! -name '*.lock' -exec sha256sum {} +"],
            cwd=before,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[::2]
        shutil.rmtree(before)
    if done.returncode == 99:
        figure.untried = "mounting is not allowed here"
        return figure
    codes = [line for line in done.stdout.splitlines() if line.startswith("exit ")]
    figure.count(codes == ["exit 0", "exit 1", "exit 0"], f"{codes} {done.stderr}")
    figure.count("the token is not kept" in done.stderr, done.stderr)
    figure.count(all(one in done.stdout for one in sums), f"files were changed: {done.stdout}")
    figure.count(".tmp" not in done.stdout and "Traceback" not in done.stderr, done.stdout)
    return figure


if __name__ == "__main__":
    main(trial, TRIALS)
