"""Writes man/ (in English and in Korean), completions/ and what completion knows, from the command tree.

`python -m nbs_cli.reference` writes them, with `--check` it names the stale ones and exits 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

from nbs_cli import manual, shells, topics
from nbs_cli.grammar import Grammar

ROOT = Path(__file__).parent.parent
TABLE = "nbs_cli/completion.json"
_FOLDERS = ("man", "completions")  # everything in these is written here


def written() -> dict[str, str]:
    """Every file that the command tree decides, by its path from the repository's root."""
    grammar = Grammar()
    files = {f"man/man1/{name}": text for name, text in manual.pages(grammar).items()}
    files |= {f"man/man7/{name}": text for name, text in topics.pages().items()}
    files |= {f"man/ko/man{name[-1]}/{name}": text for name, text in _translated("ko").items()}
    files |= {f"completions/{shells.FILES[shell]}": script for shell, script in shells.SHELLS.items()}
    files[TABLE] = json.dumps(grammar.table(), indent=1, ensure_ascii=False) + "\n"
    return files


@cache
def _translated(language: str) -> dict[str, str]:
    """The manual pages in *language*, from a process of their own: words are chosen before the rest is loaded."""
    lines = (
        "import json",
        "from nbs_cli.output import words",
        f"words.speak({language!r})",
        "from nbs_cli import grammar, manual, topics",
        "print(json.dumps(manual.pages(grammar.Grammar()) | topics.pages()))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, check=True)  # noqa: S603
    pages: dict[str, str] = json.loads(done.stdout)
    return pages


def stale(root: Path = ROOT) -> list[str]:
    """The files below *root* that are missing, differ from what would be written, or would not be written any more."""
    files = written()
    there = {
        path.relative_to(root).as_posix()
        for folder in _FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file()
    }
    return sorted({*(path for path, text in files.items() if _read(root / path) != text), *(there - files.keys())})


def write(root: Path = ROOT) -> list[str]:
    """Bring the files below *root* up to date; give those that were changed."""
    files = written()
    changed = stale(root)
    for name in changed:
        path = root / name
        if name not in files:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name], encoding="utf-8", newline="\n")
    return changed


def main(args: list[str]) -> int:
    """Write the files, or with `--check` only compare; the names of the files concerned go to stdout."""
    checking = args == ["--check"]
    names = stale() if checking else write()
    sys.stdout.write("".join(f"{name}\n" for name in names))
    return int(checking and bool(names))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
