"""The table: what is to be reached, what was measured, and where that lies."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.benchmarks.runs import Case

Cases = Mapping[str, Case]


@dataclass(frozen=True)
class Line:
    """A line of the table: which case, its figure as a number and its unit, and what the figure should be at most."""

    label: str
    case: str
    figure: Callable[[Cases], float]
    unit: str
    must: float | None = None
    goal: float | None = None
    needs: tuple[str, ...] = ()


def py(name: str, beyond: float = 0.0) -> Callable[[Cases], float]:
    """How many times `python -c pass` it takes, the seconds *beyond* which it counts aside.

    The median of its runs, each beside the one just ahead of it.
    """
    return lambda cases: statistics.median(
        (one - beyond) / yard for one, yard in zip(cases[name].wall, cases[name].beside, strict=True)
    )


def of(name: str, other: str, times: int = 1) -> Callable[[Cases], float]:
    """How many times as long as *other*, so many *times*, it takes: the median of what each round says of itself.

    A shared machine changes its speed within seconds. What is not run as often as *other* is compared by its median.
    """
    return lambda cases: _ratio(cases[name], cases[other]) / times


def _ratio(case: Case, other: Case) -> float:
    if len(case.wall) != len(other.wall):
        return case.seconds / other.seconds
    return statistics.median(one / two for one, two in zip(case.wall, other.wall, strict=True))


def more(name: str, other: str) -> Callable[[Cases], float]:
    """How many `python -c pass` it takes longer than *other*, compared as `py` and `of` do."""
    return lambda cases: statistics.median(
        (one - two) / yard
        for one, two, yard in zip(cases[name].wall, cases[other].wall, cases[name].beside, strict=True)
    )


def peak(name: str) -> Callable[[Cases], float]:
    """The most memory that it took, in MiB."""
    return lambda cases: cases[name].peak


def memory(name: str, other: str) -> Callable[[Cases], float]:
    """How many times the memory of *other* it takes."""
    return lambda cases: cases[name].peak / cases[other].peak


def ideal(name: str, seconds: float) -> Callable[[Cases], float]:
    """How many times *seconds* it takes."""
    return lambda cases: cases[name].seconds / seconds


def note(name: str, key: str) -> Callable[[Cases], float]:
    """What was counted beside the time."""
    return lambda cases: float(cases[name].notes[key])


DELETES, DELAY, PARALLEL = 500, 0.05, 32
IDEAL = DELETES / PARALLEL * DELAY  # seconds
LINES = (
    Line("`nbs --version`", "version", py("version"), "py", 1.3, 1.1),
    Line("`nbs --help`", "help", py("help"), "py", 8, 6),
    Line("`nbs volume --help`", "group", py("group"), "py", 8, 6),
    Line("`nbs volume create --help`", "create", py("create"), "py", 8, 6),
    Line("a mistake in typing", "mistake", py("mistake"), "py", 8, 6),
    Line("one TAB, 1,000 names in the cache", "tab", py("tab"), "py", 8, 6.5),
    Line("one page (`--limit 100`) as JSON, HTTPS, token given", "one", py("one"), "py", 13, 10),
    Line("… and the request that proves its end", "whole", py("whole"), "py", 13, 10),
    Line("one page, of `cinder --version`", "one", of("one", "cinder"), "×", 0.5, None, ("cinder",)),
    Line("one page, token in a keyring: more by", "keyring", more("keyring", "one"), "py", 9, 6, ("keyring",)),
    Line(
        "list 1,000 as JSON, of curl + jq", "json 1000", of("json 1000", "curl 1000"), "×", None, None, ("curl 1000",)
    ),
    Line(
        "list 10,000 as JSON, of curl + jq", "json 10000", of("json 10000", "curl 10000"), "×", 1, 0.4, ("curl 10000",)
    ),
    Line(
        "list 10,000 as table, of curl + jq",
        "table 10000",
        of("table 10000", "curl 10000"),
        "×",
        1,
        0.4,
        ("curl 10000",),
    ),
    Line("… its memory, JSON", "json 10000", peak("json 10000"), "MiB", 60, 45),
    Line("… its memory, table", "table 10000", peak("table 10000"), "MiB", 60, 45),
    Line("list 100,000: time, of ten times 10,000", "json 100000", of("json 100000", "json 10000", 10), "×", 1.1),
    Line("… its memory, of that for 10,000", "json 100000", memory("json 100000", "json 10000"), "×", 1.5),
    Line(f"{DELETES} deletes, of the ideal", "delete", ideal("delete", IDEAL), "×", 1.25, 1.15),
    Line("… more than the ideal by", "delete", py("delete", IDEAL), "py"),
    Line("… of the ideal, by a script of bare requests", "bare", ideal("bare", IDEAL), "×"),
    Line("… of that script", "delete", of("delete", "bare"), "×"),
    Line("wait for 50: requests a tick", "wait", note("wait", "requests_a_tick"), "", 1, 1),
    Line("… at once, at most", "wait", note("wait", "at_once"), "", 1, 1),
    Line(
        "list 10,000: cinderclient, of nbs's table",
        "cinder 10000",
        of("cinder 10000", "table 10000"),
        "×",
        needs=("cinder 10000",),
    ),
    Line(
        "list 10,000: openstackclient, of nbs's table",
        "openstack 10000",
        of("openstack 10000", "table 10000"),
        "×",
        needs=("openstack 10000",),
    ),
    Line("`cinder --version`", "cinder", py("cinder"), "py", needs=("cinder",)),
    Line("`openstack --version`", "openstack", py("openstack"), "py", needs=("openstack",)),
    Line("`openstack --help`", "openstack help", py("openstack help"), "py", needs=("openstack help",)),
)


def rows(cases: Cases) -> list[list[str]]:
    """The lines whose cases were measured, as cells: label, figure, must, goal, verdict, what it took."""
    made = []
    for line in LINES:
        if {line.case, *line.needs} <= cases.keys():
            value, case = line.figure(cases), cases[line.case]
            limits = [_said(limit, line.unit) for limit in (line.must, line.goal)]
            spent = [f"{case.seconds * 1000:,.0f}", f"{case.busy * 1000:,.0f}"]
            spent += [f"{case.busy / cases['py'].busy:.1f}", f"{case.peak:.0f}"]
            made.append([line.label, _said(value, line.unit), *limits, _verdict(line, value), *spent])
    return made


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.3g} {unit}".rstrip() if value < 100 else f"{value:,.0f} {unit}".rstrip()


def _verdict(line: Line, value: float) -> str:
    if line.goal is not None and value <= line.goal:
        return "goal"
    if line.must is not None:
        return "must" if value <= line.must else "MISSED"
    return ""


HEADINGS = ("", "measured", "must", "goal", "reached", "ms", "CPU ms", "CPU py", "MiB")


def markdown(cells: list[list[str]]) -> str:
    """*cells* as a table that can be read as it is, and shown as one."""
    lines = [list(HEADINGS), *cells]
    widths = [max(len(line[number]) for line in lines) for number in range(len(HEADINGS))]
    texts = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join(f"| {text} |" for text in [texts[0], "-|-".join("-" * width for width in widths), *texts[1:]])
