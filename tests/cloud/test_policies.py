"""Policies read from options and files: what is refused, and that a policy written down is the same one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbs_cli.cloud import policies
from nbs_cli.errors import Usage
from nbs_cli.local.policies import COUNTS, check_name

TABLES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(COUNTS, st.integers(1, 99)),
        "keep_within": st.sampled_from(["14d", "1y6mo"]),
        "timezone": st.sampled_from(["UTC", "Asia/Seoul"]),
        "max_delete": st.integers(1, 99),
    },
)


@given(TABLES)
def test_read(table: dict[str, Any]) -> None:
    """Every key of a table finds its place in the policy; a table without a rule makes none."""
    if table.keys() <= {"timezone", "max_delete"}:
        with pytest.raises(Usage, match="would keep nothing"):
            policies.read("daily", table)
    else:
        policy = policies.read("daily", table)
        counts = {f"keep_{name}": count for name, count in policy.rules.counted().items()}
        assert counts == {key: table[key] for key in COUNTS if key in table}
        assert (policy.rules.text, policy.most) == (table.get("keep_within", ""), table.get("max_delete"))
        assert policy.zone_name == table.get("timezone", "Asia/Seoul")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"keep_dayly": 7}, "no key keep_dayly in a policy"),
        ({"keep_daily": 0}, "keep_daily cannot be 0"),
        ({"keep_daily": -1}, "keep_daily cannot be -1"),
        ({"keep_daily": True}, "keep_daily cannot be True"),
        ({"keep_daily": "7"}, "keep_daily cannot be '7'"),
        ({"keep_daily": 7.5}, "keep_daily cannot be 7.5"),
        ({"keep_within": 14}, "keep_within cannot be 14"),
        ({"keep_within": "14m"}, "no stretch of time"),
        ({"keep_daily": 7, "timezone": "Seoul"}, "no time zone"),
        ({"keep_daily": 7, "max_delete": 0}, "max_delete cannot be 0"),
    ],
)
def test_refused(table: dict[str, Any], words: str) -> None:
    """An unknown key, a wrong value: exit 2, and the key is named."""
    with pytest.raises(Usage) as refused:
        policies.read("daily", table)
    assert words in refused.value.message


@pytest.mark.parametrize("name", ["", "a b", "a]b", "a:b", "일일", "x" * 41])
def test_names(name: str) -> None:
    """A name has to fit into a mark."""
    with pytest.raises(Usage, match="no name for a policy"):
        check_name(name)
