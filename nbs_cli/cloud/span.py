"""Which part of a list is wanted, as data: options say it before anything is loaded that walks through a list."""

from __future__ import annotations

from typing import NamedTuple

from nbs_cli.cloud.sorting import Order

PAGE = 1000  # rows of the largest page of the family (facts.md §3.3)


class Span(NamedTuple):
    """Which part of a list is wanted: at most `limit` rows, from `offset` or after `marker`, `page_size` at a time."""

    limit: int | None = None
    page_size: int = PAGE
    offset: int | None = None
    marker: str | None = None
    order: Order = ()
    detail: bool = True

    @property
    def whole(self) -> bool:
        """Whether it is the whole list."""
        return self.limit is None and not self.offset and self.marker is None

    def ask(self, so_far: int) -> int:
        """How many rows to ask for when *so_far* have come."""
        return self.page_size if self.limit is None else min(self.page_size, self.limit - so_far)

    def full(self, so_far: int) -> bool:
        """Whether nothing more is wanted."""
        return self.limit is not None and so_far >= self.limit
