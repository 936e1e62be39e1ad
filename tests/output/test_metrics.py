"""Metrics as text: one HELP and TYPE a gauge, labels escaped, nothing for what is not known."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from nbs_cli.output.metrics import Metric, text

LINE = re.compile(r'x\{volume="((?:[^"\\\n]|\\\\|\\"|\\n)*)"\} 1\n')


def test_gauges() -> None:
    """Each value has its line below the gauge's help and type; None is left out, with its gauge when it is alone."""
    metrics = [
        Metric(
            "a", "About a.", [({"volume": "v", "policy": "p"}, 1795461947.25), ({"volume": "w", "policy": "p"}, None)]
        ),
        Metric("b", "About b.", [({"volume": "v"}, None)]),
    ]
    assert text(metrics) == '# HELP a About a.\n# TYPE a gauge\na{volume="v",policy="p"} 1795461947.25\n'


@given(st.text(st.characters()))
def test_labels(name: str) -> None:
    """Any name can be read back from its label, half letters aside."""
    sample = text([Metric("x", "About x.", [({"volume": name}, 1.0)])]).split("\n", 2)[2]
    match = LINE.fullmatch(sample)
    assert match is not None
    back = re.sub(r'\\(["\\n])', lambda found: {"n": "\n"}.get(found[1], found[1]), match[1])
    assert back == name.encode("utf-8", "replace").decode("utf-8")
