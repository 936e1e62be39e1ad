"""What a rotation leaves for those who watch over it: a heartbeat file and a Prometheus textfile.

The heartbeat is written only when everything went well, so its age says how old the last good run is. The textfile is
written after every run, a failed or interrupted one too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nbs_cli.cloud.blockstorage import Record
from nbs_cli.errors import ExitCode, Failure, Partial, Usage
from nbs_cli.local import files
from nbs_cli.output import metrics
from nbs_cli.output.metrics import Metric
from nbs_cli.output.text import moment
from nbs_cli.output.words import _
from nbs_cli.session import Session


@dataclass
class Report:
    """What is to be told of a run: rows of `shapes.ROTATION`; before there are any, the volumes as typed."""

    policy: str
    volumes: Sequence[str]
    began: float = field(default_factory=time.time)
    code: int = ExitCode.FAILURE
    rows: list[Record] = field(default_factory=list)

    def metrics(self) -> list[Metric]:
        """The gauges of this run; times are seconds since 1970 by this machine's clock, but the snapshot's own."""
        rows = self.rows or [{"volume": volume, "outcome": "failed"} for volume in self.volumes]
        labels = [{"volume": str(row["volume"]), "policy": self.policy} for row in rows]
        now = time.time()

        def gauge(name: str, words: str, values: Sequence[float | None]) -> Metric:
            return Metric(f"nbs_rotate_{name}", words, list(zip(labels, values, strict=True)))

        return [
            gauge("success", "1 if the last run did all it should.", [float(row["outcome"] == "ok") for row in rows]),
            gauge("exit_code", "Exit code of the last run.", [float(self.code)] * len(rows)),
            gauge("last_run_timestamp_seconds", "When the last run ended.", [now] * len(rows)),
            gauge("duration_seconds", "How long the last run took.", [now - self.began] * len(rows)),
            gauge(
                "new_snapshot_timestamp_seconds",
                "When the new snapshot was created; missing if the run made none.",
                [_seconds(row.get("created_at")) for row in rows],
            ),
            gauge("kept", "Snapshots that the policy keeps.", [row.get("kept") for row in rows]),
            gauge("removed", "Snapshots that the last run removed.", [row.get("removed") for row in rows]),
        ]


def check(*paths: Path | None) -> None:
    """Raise Usage for a file that could not be written, before anything is done."""
    for path in paths:
        if path is not None and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            raise Usage(
                _("{path} cannot be written: there is no such folder, or it may not be written to").format(path=path)
            )


@contextmanager
def reported(session: Session, report: Report, heartbeat: Path | None, textfile: Path | None) -> Iterator[Report]:
    """Run the block and write what is to be reported of it, however it ends; what it raises goes on its way."""
    try:
        yield report
        report.code = ExitCode.OK
    except Failure as failure:
        report.code = failure.exit_code
        raise
    except KeyboardInterrupt as signal:
        report.code = 128 + getattr(signal, "number", 2)
        raise
    finally:
        if textfile is not None:
            with session.told(_("the metrics are old")):
                files.publish(textfile, metrics.text(report.metrics()))
    if heartbeat is not None:
        _beat(heartbeat, report)


def _beat(path: Path, report: Report) -> None:
    try:
        files.publish(path, f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {report.policy}\n")
    except Failure as failure:
        raise Partial(_("all is done, but {why}").format(why=failure.message)) from failure


def _seconds(created_at: object) -> float | None:
    read = moment(created_at) if isinstance(created_at, str) else None
    return None if read is None else read.timestamp()
