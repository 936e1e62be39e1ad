"""Volume types: list and show (the guide's section on types)."""

from __future__ import annotations

from nbs_cli.sandbox import views
from nbs_cli.sandbox.refusals import missing
from nbs_cli.sandbox.settings import DEFAULT_TYPE, TYPES
from nbs_cli.sandbox.turns import Record


def page() -> Record:
    """`{"volume_types": [...]}`, all of them: there is no paging here (facts, section 3.4)."""
    return {"volume_types": [views.volume_type(known) for known in TYPES]}


def show(type_id: str) -> Record:
    """`{"volume_type": ...}` by ID, or the one that is used by `default`. Raises Refused (404)."""
    for known in TYPES:
        if type_id == known.id or (type_id == "default" and known == DEFAULT_TYPE):
            return {"volume_type": views.volume_type(known)}
    raise missing("Volume type", type_id)
