"""What do I type?

A group's file declares its commands; what they do stands in files of its own (`looking`, `making`, `removing`, …),
named as `commands.looking` and loaded when the name is first used: a help page or a mistake needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbs_cli.commands import (
        aging,
        branching,
        calling,
        choosing,
        describing,
        entering,
        examining,
        imaging,
        installing,
        listing,
        looking,
        making,
        ordering,
        pruning,
        rehearsing,
        removing,
        retaining,
        rotating,
        serving,
        standing,
        surveying,
        timing,
        uprooting,
        watching,
    )

__all__ = [
    "aging",
    "branching",
    "calling",
    "choosing",
    "describing",
    "entering",
    "examining",
    "imaging",
    "installing",
    "listing",
    "looking",
    "making",
    "ordering",
    "pruning",
    "rehearsing",
    "removing",
    "retaining",
    "rotating",
    "serving",
    "standing",
    "surveying",
    "timing",
    "uprooting",
    "watching",
]


def __getattr__(name: str) -> ModuleType:
    """Load the file *name* of this folder (PEP 562)."""
    if name not in __all__:
        raise AttributeError(name)
    return import_module(f"{__name__}.{name}")
