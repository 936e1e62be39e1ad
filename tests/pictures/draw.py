"""Draw the README's picture from a real run: `python -m tests.pictures.draw` writes session.svg.

The commands run in the sandbox, on a real terminal of 84 columns. Nothing in the picture is loaded from elsewhere.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("session.svg")
COLUMNS = 84
COMMANDS = (
    "nbs volume create --size 100 --name 운영-db --type ssd --wait -q",
    "nbs snapshot create 운영-db --name 업그레이드-전 --wait -q",
    "nbs volume create --size 10 --name data --count 2 --wait -q",
    "nbs volume list",
    "nbs volume list -o json | jq '[.[].size] | add'",
    "nbs volume delete 운영-db --yes",
)
_ERASED = re.compile(r"[^\n]*\r\x1b\[2K")  # a live line that was taken away
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def run(commands: tuple[str, ...], folder: str) -> str:
    """Give what a terminal shows when *commands* are typed, the sandbox's state in *folder*."""
    shown = []
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NBS_PROFILE": "sandbox",
        "XDG_STATE_HOME": folder,
        "TERM": "xterm-256color",
        "TZ": "Asia/Seoul",
        "LC_ALL": "C.UTF-8",
    }
    for command in commands:
        child = pexpect.spawn(
            "/bin/sh", ["-c", command], env=environ, dimensions=(40, COLUMNS), encoding="utf-8", timeout=60
        )
        output = str(child.read()).replace("\r\n", "\n")
        child.close()
        shown.append(f"\x1b[1m$ {command}\x1b[0m\n{_ERASED.sub('', output)}")
    return "\n".join(shown)


def draw(shown: str) -> str:
    """Give *shown*, with its colours, as an SVG picture of a terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(shown.rstrip()))
    svg = console.export_svg(title="nbs", unique_id="nbs")
    svg = svg.replace("Fira Code", "DejaVu Sans Mono, Noto Sans Mono CJK KR")
    return _FONT.sub("", svg).replace("<text ", '<text xml:space="preserve" ')  # spaces at a segment's start count


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(draw(run(COMMANDS, folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
