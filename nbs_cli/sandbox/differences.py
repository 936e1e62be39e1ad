"""Where NHN documents otherwise than real servers of this family were seen to answer: NHN wins, here is each case.

The servers are Cinder 18.2.1 (v2) and Keystone 12.0.3 (v2.0), both newer than what NHN runs. The manual page shows this
table, and a test replays those servers' answers against the sandbox and allows these differences and no other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Difference:
    """In the answers to `requests` NHN has `here` where those servers have `there`; `source` says how it is known."""

    name: str
    requests: str
    there: str
    here: str
    source: str


DIFFERENCES = (
    Difference(
        name="no-updated-at",
        requests="volumes and snapshots",
        there="`updated_at`",
        here="no such field",
        source="the guide's answers",
    ),
    Difference(
        name="replication",
        requests="a volume in show and detail",
        there="no replication fields, `replication_status` null",
        here="`os-volume-replication:extended_status` and `…:driver_data`, `replication_status` `disabled`",
        source="the guide's answers",
    ),
    Difference(
        name="type-fields",
        requests="types",
        there="`is_public` beside `os-volume-type-access:is_public`; `extra_specs` by policy",
        here="only the second, and `extra_specs` always",
        source="the guide's answers",
    ),
    Difference(
        name="upload-options",
        requests="os-volume_upload_image",
        there="`visibility` and `protected` refused (400)",
        here="both are taken",
        source="the guide's request",
    ),
    Difference(
        name="upload-answer",
        requests="os-volume_upload_image",
        there="`extra_specs` an object, nulls, `visibility` and `protected`",
        here="`extra_specs` a list of rows, `null` as text, neither field",
        source="the guide's answer",
    ),
    Difference(
        name="upload-forced",
        requests="os-volume_upload_image of an attached volume",
        there="refused even with `force`, by default",
        here="taken with `force`",
        source="the guide's parameter table",
    ),
    Difference(
        name="token-fields",
        requests="POST tokens",
        there="`audit_ids`; endpoints with `id`, `internalURL`, `adminURL`; services with `endpoints_links`",
        here="none of them; the tenant has `groupId` and `project_domain`",
        source="NHN's page on tokens",
    ),
    Difference(
        name="token-times",
        requests="POST tokens",
        there="`expires` with a fraction and Z; IDs of 183 characters and more",
        here="`expires` without a fraction, `issued_at` without Z; IDs of 32 hex digits",
        source="NHN's page on tokens",
    ),
    Difference(
        name="one-version",
        requests="the version documents",
        there="v2.0 and v3.0",
        here="v2.0 alone",
        source="the guide's addresses",
    ),
    Difference(
        name="page-size",
        requests="lists without a limit",
        there="1,000 rows",
        here="100 rows",
        source="NHN's release note of 2026-06-02",
    ),
    Difference(
        name="snapshots-of-a-volume",
        requests="POST snapshots",
        there="no limit of a volume's own",
        here="10, then 413",
        source="NHN's release note of 2025-03-11; the number is the sandbox's",
    ),
)
