"""What do I see?

`output.wide` is named, not imported, where it is used: most of what is shown is plain ASCII and needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbs_cli.output import wide

__all__ = ["wide"]


def __getattr__(name: str) -> ModuleType:
    """Load the file *name* of this folder (PEP 562)."""
    if name not in __all__:
        raise AttributeError(name)
    return import_module(f"{__name__}.{name}")
