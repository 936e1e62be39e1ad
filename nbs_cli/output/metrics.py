"""A Prometheus textfile about rotations, as node_exporter's textfile collector reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Metric:
    """One gauge: its name, what it tells, and a value for each set of labels; None for none."""

    name: str
    help: str
    values: list[tuple[Mapping[str, str], float | None]] = field(default_factory=list)


def text(metrics: Iterable[Metric]) -> str:
    """The metrics in the exposition format; one without a value is left out."""
    lines: list[str] = []
    for metric in metrics:
        samples = [(labels, value) for labels, value in metric.values if value is not None]
        if samples:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} gauge"]
        lines += [f"{metric.name}{{{_labels(labels)}}} {value:.15g}" for labels, value in samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    r"""The format knows three escapes: `\\`, `\"` and `\n`; half a letter could not be written."""
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
