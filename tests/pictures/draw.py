"""Draw the README's pictures from real runs: `python -m tests.pictures.draw` writes session.svg and usage.svg.

The commands run in the sandbox, on a real terminal of 84 columns. Nothing in a picture is loaded from elsewhere.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pexpect
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS = 84


@dataclass(frozen=True)
class Picture:
    """What a picture shows: its file, what is done before unseen, and what is seen to be typed."""

    file: str
    before: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(__file__).with_name(self.file)


PICTURES = (
    Picture(
        "session.svg",
        (),
        (
            "nbs volume create --size 100 --name 운영-db --type ssd --wait -q",
            "nbs snapshot create 운영-db --name 업그레이드-전 --wait -q",
            "nbs volume create --size 10 --name data --count 2 --wait -q",
            "nbs volume list",
            "nbs volume list -o json | jq '[.[].size] | add'",
            "nbs volume delete 운영-db --yes",
        ),
    ),
    Picture(
        "usage.svg",
        (
            "nbs volume create --size 100 --name 운영-db --type ssd --zone kr-pub-a",
            "nbs volume create --size 500 --name archive --type hdd --zone kr-pub-b",
            "nbs sandbox clock --advance 1m",
            "nbs snapshot create 운영-db --name 업그레이드-전",
            "nbs sandbox clock --advance 120d",
            "nbs snapshot create 운영-db --name nightly-1",
            "nbs volume create --size 40 --name web --type ssd --zone kr-pub-b",
            "nbs sandbox fault add create-error",
            "nbs volume create --size 20 --name spare --type hdd --zone kr-pub-a",
            "nbs sandbox clock --advance 3h",
            "nbs sandbox attach 운영-db",
        ),
        ("nbs usage", "nbs volume show 운영-db --with-snapshots"),
    ),
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
    text = Text.from_ansi(shown.rstrip())
    # no font makes these letters exactly two columns wide: each is placed by itself, and the rest keeps its columns
    for match in re.finditer(r"[\uac00-\ud7a3]", text.plain):
        text.stylize(Style(meta={"at": match.start()}), match.start(), match.end())
    console.print(text)
    svg = console.export_svg(title="nbs", unique_id="nbs")
    svg = svg.replace("Fira Code", "DejaVu Sans Mono, Noto Sans Mono CJK KR")
    return _FONT.sub("", svg).replace("<text ", '<text xml:space="preserve" ')  # spaces at a segment's start count


def of(picture: Picture, folder: str) -> str:
    """Give *picture* as it is drawn today, the sandbox's state in the empty *folder*."""
    run(picture.before, folder)
    return draw(run(picture.commands, folder))


def main() -> None:
    """Write the pictures."""
    for picture in PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            picture.path.write_text(of(picture, folder), encoding="utf-8")


if __name__ == "__main__":
    main()
