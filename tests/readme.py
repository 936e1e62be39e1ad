"""The README's shell blocks, for the tests and the gate: `python3 tests/readme.py run` prints the first command.

Needs nothing but Python: the gate asks it before anything is installed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(?:<!-- tested: (?P<name>[\w-]+) -->\n)?```sh\n(?P<text>.*?)```", re.DOTALL)


def blocks(readme: Path = README) -> list[tuple[str | None, str]]:
    """Every shell block of *readme* with the name that a `tested:` comment before it gives."""
    return [(match["name"], match["text"]) for match in _BLOCK.finditer(readme.read_text(encoding="utf-8"))]


def block(name: str, readme: Path = README) -> str:
    """The block called *name*; `run` and `test` are the first two of the page."""
    found = blocks(readme)
    if name in {"run", "test"}:
        return found[("run", "test").index(name)][1]
    return next(text for called, text in found if called == name)


if __name__ == "__main__":
    print(block(sys.argv[1]), end="")
