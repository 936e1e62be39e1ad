"""restic as the judge: 150 random policies on 90 snapshots, the same verdict on each (restic 0.14; 0.16 keeps more)."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nbs_cli.cloud import periods, retention
from nbs_cli.cloud.retention import Action, Rules, Scope, Snapshot

pytestmark = [
    pytest.mark.trials,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is the judge, and is not installed"),
]
SEOUL = periods.zone("Asia/Seoul")
NEWEST = datetime(2026, 2, 27, 4, tzinfo=SEOUL)  # a day that every month has: restic's months overflow, ours end
SNAPSHOTS, POLICIES = 90, 150
CHANCE = random.Random(20260227)
COUNTED = ("last", "hourly", "daily", "weekly", "monthly", "yearly")


def _restic(folder: Path, *words: str) -> str:
    environ = {**os.environ, "TZ": "Asia/Seoul", "RESTIC_PASSWORD": "judge", "HOME": str(folder)}
    done = subprocess.run(
        ["restic", "--no-cache", "-r", str(folder / "repository"), *words],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _moments() -> list[datetime]:
    """Thick in the last days, thin over four years, as backups are; some seconds apart, some at midnight."""
    spans = [timedelta(hours=60)] * 30 + [timedelta(days=60)] * 30 + [timedelta(days=1500)] * 29
    moments = {NEWEST}
    for span in spans:
        back = NEWEST - span * CHANCE.random()
        moments.add(
            back.replace(microsecond=0)
            if CHANCE.random() < 0.8
            else back.replace(hour=0, minute=0, second=0, microsecond=0)
        )
    while len(moments) < SNAPSHOTS:
        moments.add((NEWEST - timedelta(days=1500) * CHANCE.random()).replace(microsecond=0))
    return sorted(moments)


def _policy() -> tuple[Rules, list[str]]:
    """Random rules, and the words that tell restic the same."""
    counts = {name: CHANCE.randint(1, 30) for name in COUNTED if CHANCE.random() < 0.4}
    words = [word for name, count in counts.items() for word in (f"--keep-{name}", str(count))]
    window, text = None, ""
    if CHANCE.random() < 0.5 or not counts:
        parts = [(CHANCE.randint(1, 5), "y", "y"), (CHANCE.randint(1, 14), "mo", "m")]
        parts += [(CHANCE.randint(1, 70), "d", "d"), (CHANCE.randint(1, 90), "h", "h")]
        chosen = [part for part in parts if CHANCE.random() < 0.4] or [parts[2]]
        text = "".join(f"{number}{ours}" for number, ours, _theirs in chosen)
        window = periods.window(text)
        words += ["--keep-within", "".join(f"{number}{theirs}" for number, _ours, theirs in chosen)]
    return Rules(**counts, within=window, text=text), words


def test_restic_agrees(tmp_path: Path) -> None:
    """The judge, restic 0.14, keeps the same snapshots under every one of the policies."""
    began = time.monotonic()
    version = subprocess.run(["restic", "version"], capture_output=True, text=True, check=True).stdout
    if not re.match(r"restic 0\.1[0-5]\.", version):
        pytest.skip(f"restic 0.16 and later also keep the oldest; this is {version.strip()}")
    (tmp_path / "data").write_text("the same every night")
    _restic(tmp_path, "init")
    for moment in _moments():
        _restic(tmp_path, "backup", "--quiet", "--time", f"{moment:%Y-%m-%d %H:%M:%S}", str(tmp_path / "data"))
    listed = json.loads(_restic(tmp_path, "snapshots", "--json"))
    snapshots = [
        Snapshot(one["short_id"], "v", "available", datetime.fromisoformat(one["time"]), "p") for one in listed
    ]
    assert len(snapshots) == SNAPSHOTS

    differences, kept_in_all = [], 0
    for number in range(POLICIES):
        rules, words = _policy()
        judged = json.loads(_restic(tmp_path, "forget", "--dry-run", "--json", *words))
        theirs = {one["short_id"] for group in judged for one in group["keep"]}
        verdicts = retention.plan(snapshots, rules, SEOUL, Scope("p", NEWEST))
        ours = {one.snapshot.id for one in verdicts if one.action is Action.KEEP}
        kept_in_all += len(ours)
        if ours != theirs:
            differences.append((number, words, sorted(ours ^ theirs)))
    print(
        f"\n{version.split(' compiled')[0]}: {POLICIES} policies, {SNAPSHOTS} snapshots, {kept_in_all} kept in all, "
        f"{len(differences)} differences, {time.monotonic() - began:.0f} s"
    )
    assert differences == []
