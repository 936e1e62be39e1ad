"""What a TAB offers: the answers themselves, and real shells in real terminals, whose lines are read back."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from nbs_cli import bash
from nbs_cli.candidates import FILES, OPEN, WORDS
from nbs_cli.completion import answer, table
from nbs_cli.local import names
from nbs_cli.local.names import Known
from nbs_cli.output.text import width
from nbs_cli.shells import FILES as SCRIPTS
from nbs_cli.shells import SHELLS
from tests.conftest import NBS, Ran

# multi-threaded because of xdist; the child does nothing before it executes the shell
pytestmark = pytest.mark.filterwarnings("ignore:.*use of forkpty.*:DeprecationWarning")
ROOT = Path(__file__).parent.parent
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
# names that a shell would run, expand or split; a config file may hold them as quoted keys
HOSTILE = (
    "d$(touch y)",
    "k`touch y`",
    "x$(touch y)",
    "x`touch y`",
    "*",
    "a b",
    "a;touch y",
    "'q\"q",
    "~root",
    "new\nline",
    "tab\tname",
    "b!ang",
    "back\\slash",
    "<in",
    "-dash",
    "e=q:c",
    "한국",
)


def offered(*words: str) -> list[str]:
    """The words that may stand in place of the last of *words*, those that begin like it."""
    return [one.value for one in answer([*words], table()).candidates if one.value.startswith(words[-1])]


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config file with a profile `prod` and one for each hostile name."""
    document = tomlkit.document()
    document["profiles"] = {name: {"realm": "gov", "region": "KR1"} for name in ("prod", *HOSTILE)}
    path = tmp_path / "config.toml"
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    monkeypatch.setenv("NBS_CONFIG_FILE", str(path))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vol", ["volume"]),
        ("volume li", ["list"]),
        ("vol rm --ign", ["--ignore-missing"]),
        ("volume l", ["list"]),
        ("volume ls", ["ls"]),
        ("volume rm", ["rm"]),
        ("sna", ["snapshot"]),
        ("-o js", ["json", "jsonl"]),
        ("--output=y", ["--output=yaml"]),
        ("-oy", ["-oyaml"]),
        ("-qoy", ["-qoyaml"]),
        ("-q --qu", ["--query"]),
        ("-o", ["-o"]),
        ("--region KR2 volume create --si", ["--size"]),
        ("volume create --metadata a=b --meta", ["--metadata"]),
        ("volume create --size --", []),
        ("volume wait x --for g", ["gone"]),
        ("snapshot wait x --for un", ["unmanaging"]),
        ("volume upload-image x --visibility ", ["private", "shared"]),
        ("volume list -c id,na", ["id,name"]),
        ("volume list -c id,name,i", []),
        ("volume list -c +enc", ["+encrypted"]),
        ("volume list -c -zone,-si", ["-zone,-size"]),
        ("volume list --sort size", ["size", "size:asc", "size:desc"]),
        ("volume list --sort size:desc,na", ["size:desc,name"]),
        ("volume list --sort os-vol-tenant-attr:tenant_id:a", ["os-vol-tenant-attr:tenant_id:asc"]),
        ("profile list -c us", ["username"]),
        ("profile set read_only ", ["true", "false"]),
        ("profile set realm gov ", []),
        ("auth login --realm ng", ["ngoic", "ngovc", "ngsc"]),
        ("types show h", ["hdd"]),
        ("completion ", ["bash", "zsh", "fish", "powershell"]),
        ("sandbox fa", ["fault"]),
        ("sandbox fault add trunc", ["truncate"]),
        ("sandbox fault add truncate th", ["then=close", "then=reset"]),
        ("sandbox fault add status code=503 wh", ["when=before", "when=after"]),
        ("sandbox fault add nonsense ", []),
        ("sandbox fault add reset --method D", ["DELETE"]),
        ("profile use ", ["sandbox"]),
        ("-p ", ["sandbox"]),
        ("profile remove ", []),
        ("volume show -- --", []),
        ("volume show x", []),
        ("nonsense ", []),
        ("volume nonsense --", []),
        ("volume list --nonsense ", []),
        ("volume list extra ", []),
        ("-p=x vol", []),
    ],
)
def test_answers(line: str, expected: list[str]) -> None:
    """What may stand at the cursor is what the parser would take there, in the tree's order; else nothing."""
    words = line.split(" ")

    if line == "-p=x vol":  # `=x` is the name of a profile there
        expected = ["volume"]
    assert offered(*words) == expected


def test_modes() -> None:
    """Words that may go on get no space behind them, and an option that takes a FILE leaves it to the shell."""
    assert answer(["volume", "list", "-c", "id"], table()).mode == OPEN
    assert answer(["volume", "list", "--sort=size:"], table()).mode == OPEN
    assert answer(["--ca-bundle", ""], table()).mode == FILES
    assert answer(["sandbox", "serve", "--state="], table()).mode == FILES
    assert answer(["sandbox", "serve", "--port", ""], table()) == ("words", ())
    assert answer(["vol"], table()).mode == WORDS


def test_help() -> None:
    """Commands, options, statuses and columns come with their first sentence of help."""
    found = {one.label: one.help for one in answer(["volume", ""], table()).candidates}

    assert found["upload-image"] == "Make an image of a volume"
    statuses = {one.label: one.help for one in answer(["volume", "wait", "x", "--for", ""], table()).candidates}
    assert statuses["available"] == "ready to be attached"


def test_every_command_is_known(nbs: Callable[..., Ran]) -> None:
    """Each command that completion offers is one: its help page is there."""
    for path in table()["commands"]:
        assert nbs(*path.split(), "--help").code == 0, path


def test_profiles_are_read_whatever_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config file that nbs would refuse still names its profiles; one that is no TOML, or no file, names none."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("NBS_CONFIG_FILE", str(path))
    assert offered("-p", "") == ["sandbox"]
    path.write_text("[profiles.prod\n", encoding="utf-8")
    assert offered("-p", "") == ["sandbox"]
    path.write_text("profiles.prod.nonsense = 1\nprofiles.test.realm = 7\nprofiles.x = 1\n", encoding="utf-8")
    assert offered("-p", "") == ["prod", "test", "x", "sandbox"]
    path.write_text("profiles = 1\n", encoding="utf-8")
    assert offered("-p", "") == ["sandbox"]


def test_nothing_heavy_is_loaded() -> None:
    """A TAB loads neither the command tree nor any heavy library, not for the names of profiles either."""
    script = (
        "import sys; from nbs_cli.__main__ import main; main(['__complete', 'words', '+-p', '+']);"
        "print(chr(10).join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert done.stdout.startswith("words\0sandbox\0")
    assert not loaded & {
        "typer",
        "httpx",
        "rich",
        "keyring",
        "tomlkit",
        "yaml",
        "falcon",
        "dataclasses",
        "importlib_metadata",
    }
    assert "nbs_cli.app" not in done.stderr.split()


def test_trouble_is_silent(installed: Callable[..., Ran]) -> None:
    """A call that no script makes, or a letter that is none, ends without a word."""
    for args in ([], ["bash"], ["bash", "9", "x", "", ""], ["words"], ["bash", "9", "", "", 'nbs "']):
        done = installed("__complete", *args)
        assert done.err == ""


@pytest.mark.parametrize("quote", ["", "'", '"', "$'"])
def test_bash_reads_what_is_quoted(quote: str, home: Path) -> None:
    """Bash itself reads every hostile name as it is, in each way of quoting, and so do we; nothing is run."""
    closing = quote[-1:]
    line = " ".join(quote + bash.quoted(name, quote) + closing for name in HOSTILE)

    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, cwd=home, encoding="utf-8", check=True
    )

    assert done.stdout.split("\0")[:-1] == list(HOSTILE)
    assert bash.read(line + " ").words == [*HOSTILE, ""]
    assert not list(home.iterdir())


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.sampled_from(["", "'", '"', "$'"])
)
def test_what_is_quoted_is_read_again(text: str, quote: str) -> None:
    """Any text that is quoted is one word and means the same text."""
    line = bash.read(f"nbs {quote}{bash.quoted(text, quote)}{quote[-1:]}")

    assert line.words == ["nbs", text]
    assert line.quote == ""


def test_bash_lines() -> None:
    """Redirections and their files are no words of the command, and what is open at the cursor is known."""
    assert bash.read("nbs 2>/dev/null volume >out li").words == ["nbs", "volume", "li"]
    assert bash.read("nbs volume > o").redirected
    assert bash.read("nbs volume >o ").redirected is False
    assert bash.read('nbs -p "a$(x) b').quote == '"'
    assert bash.read("nbs -p a'b c").words == ["nbs", "-p", "ab c"]
    assert bash.read("nbs -p a'b c").raw == "a'b c"
    assert bash.read("nbs -p \\").words == ["nbs", "-p", ""]


def test_printed_as_they_ship(nbs: Callable[..., Ran]) -> None:
    """`nbs completion SHELL` prints the file that ships, to the letter; another shell is refused with the nearest."""
    for shell, name in SCRIPTS.items():
        assert nbs("completion", shell).out == (ROOT / "completions" / name).read_text(encoding="utf-8")
    refused = nbs("completion", "zhs")
    assert refused.code == 2
    assert "did you mean zsh?" in refused.err


def test_powershell_script() -> None:
    """PowerShell is not here to try it: its script, read as text, evaluates nothing, and quotes what it inserts."""
    script = SHELLS["powershell"]

    assert not re.search(
        r"Invoke-Expression|\biex\b|Invoke-Command|\[scriptblock\]|ExpandString|-EncodedCommand", script
    )
    assert script.count("&") == 1  # one call, of nbs, with its words as an array
    assert "-replace \"['\\u2018-\\u201b]\", '$0$0'" in script  # typographic quotes end a string there too
    assert script.count("{") == script.count("}")
    assert script.count("(") == script.count(")")


class Typist:
    """Somebody at a terminal: types lines with TABs in them, and reads back what the shell makes of them."""

    def __init__(self, child: pexpect.spawn[str], words: Path) -> None:
        self.child = child
        self.words = words
        self.child.delaybeforesend = None
        self.child.logfile_read = self.screen = io.StringIO()

    def do(self, line: str) -> None:
        """Have the shell run *line* as it is."""
        self.child.send(f"{line}; args\r")
        self.child.expect_exact("args: done")

    def run(self, line: str) -> list[str]:
        """Type *line*, then have the shell run it as the parameters of `args`; give them as they arrived."""
        self.words.unlink(missing_ok=True)
        self.child.send(f"{line}\x01args \r")
        self.child.expect_exact("args: done")
        return self.words.read_bytes().decode().split("\0")[:-1]


ZSHRC = """
PS1='$ '
fpath=(~/functions $fpath)
autoload -Uz compinit
compinit -u -D
bindkey -e
to-start() { CURSOR=0 }
zle -N to-start
bindkey '^A' to-start
"""
STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source ~/functions/nbs.bash; set -u; shopt -s failglob"),
    "bash-completion": (["bash", "--norc", "--noprofile", "-i"], f"source {BASH_COMPLETION}"),
    "zsh": (["zsh", "-i"], ":"),
    "fish": (["fish"], ":"),
}


@pytest.fixture(params=list(STARTS))
def typist(
    request: pytest.FixtureRequest, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Typist]:
    """A shell of each kind that finds the script where it looks for it, in an empty folder with one file."""
    name: str = request.param
    if shutil.which(name.partition("-")[0]) is None:
        pytest.skip(f"{name} is not installed")
    if name == "bash-completion" and not BASH_COMPLETION.exists():
        pytest.skip("bash-completion is not installed")
    for shell, folder in (("bash", "functions"), ("zsh", "functions"), ("fish", ".config/fish/completions")):
        (home / folder).mkdir(parents=True, exist_ok=True)
        (home / folder / SCRIPTS[shell]).write_text(SHELLS[shell], encoding="utf-8")
    lazily = home / ".local/share/bash-completion/completions"
    lazily.mkdir(parents=True)
    (lazily / "nbs").write_text(SHELLS["bash"], encoding="utf-8")
    (home / ".zshrc").write_text(ZSHRC, encoding="utf-8")
    yield from _typist(name, tmp_path, monkeypatch)


def _typist(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typist]:
    tools, work = tmp_path / "bin", tmp_path / "work"
    tools.mkdir()
    work.mkdir()
    (work / "certs.pem").touch()
    args = tools / "args"
    args.write_text(f"#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done > '{tmp_path}/words'\necho args: done\n")
    args.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tools), str(Path(NBS).parent), os.environ["PATH"])))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("INPUTRC", os.devnull)
    monkeypatch.chdir(work)
    argv, setup = STARTS[name]
    child = pexpect.spawn(argv[0], argv[1:], encoding="utf-8", timeout=60, dimensions=(50, 100))
    someone = Typist(child, tmp_path / "words")
    someone.do(setup)
    yield someone
    child.close(force=True)
    assert [path.name for path in work.iterdir()] == ["certs.pem"]  # nothing that was typed or offered was run


def test_tab(typist: Typist) -> None:
    """In a real shell a TAB finishes commands, aliases' commands, options, values, parts of lists and file names.

    A word of which nothing is known stays as it was, and no error comes to the terminal.
    """
    lines = {
        "nbs vol\t": "nbs volume",
        "nbs volume cr\t": "nbs volume create",
        "nbs snap l\t": "nbs snap list",
        "nbs volume create --si\t": "nbs volume create --size",
        "nbs volume wait x --for av\t": "nbs volume wait x --for available",
        "nbs --color=al\t": "nbs --color=always",
        "nbs -oy\t": "nbs -oyaml",
        "nbs volume list -c id,na\t": "nbs volume list -c id,name",
        "nbs volume list --sort size:as\t": "nbs volume list --sort size:asc",
        "nbs --ca-bundle ce\t": "nbs --ca-bundle certs.pem",
        "nbs sandbox fault add trunc\t": "nbs sandbox fault add truncate",
        "nbs sandbox fault add truncate then=cl\t": "nbs sandbox fault add truncate then=close",
        "nbs sandbox fault add huge by\t": "nbs sandbox fault add huge bytes=",
        "nbs --ca-bundle=./ce\t": "nbs --ca-bundle=./certs.pem",
        "FOO=x nbs vol\t": "FOO=x nbs volume",
        "nbs nonsense x\t": "nbs nonsense x",
        "nbs volume show ce\t": "nbs volume show ce",
    }
    for line, expected in lines.items():
        assert typist.run(line) == expected.split(" "), line
    assert not re.search(r"not found|Traceback|nbs: |unbound|parse error", typist.screen.getvalue())


def test_hostile_names(profiles: None, typist: Typist) -> None:
    """Names that a shell would run, expand or split are inserted so that it reads them to the letter, in quotes too.

    The folder is empty afterwards (the fixture looks): neither the TAB nor the line that it made ran anything.
    """
    fish = typist.child.command.endswith("fish")
    lines = {
        "d\t": "d$(touch y)",
        "'d\t": "d$(touch y)",
        '"d\t': "d$(touch y)",
        "k\t": "k`touch y`",
        "'k\t": "k`touch y`",
        '"k\t': "k`touch y`",
        "d\t\x7f\t": "d$(touch y)",
        "\\*\t": "*",
        "a\\ \t": "a b",
        "a\\;\t": "a;touch y",
        "\\'\t": "'q\"q",
        "\\~\t": "~root",
        "new\t": "new\nline",
        "'new\t": "new\nline",
        "tab\t": "tab" if fish else "tab\tname",  # in what fish reads, a tab ends the word
        "b\\!\t": "b!ang",
        "ba\t": "back\\slash",
        "\\<\t": "<in",
        "-da\t": "-dash",
        "e\t": "e=q:c",
        "한\t": "한국",
    }
    for line, expected in lines.items():
        assert typist.run(f"nbs -p {line}") == ["nbs", "-p", expected], line
    assert typist.run("nbs --profile=e=q:\t") == ["nbs", "--profile=e=q:c"]
    assert typist.run("nbs profile remove pr\t") == ["nbs", "profile", "remove", "prod"]


def test_typed_is_not_run(profiles: None, typist: Typist) -> None:
    """Asking for what follows hostile words runs none of them.

    In zsh `complete-word` asks; its usual Tab first expands the word that it stands on, of every command and by itself.
    """
    if typist.child.command.endswith("zsh"):
        typist.do("bindkey '^I' complete-word")
    for words in (
        "$(touch y)",
        "`touch y`",
        "-p $(touch y)",
        "-p `touch y`",
        "--ca-bundle $(touch y)",
        "volume show *",
    ):
        typist.child.send(f"nbs {words}\t\t \t\x15")
    assert typist.run("nbs vol\t") == ["nbs", "volume"]


def test_values_are_listed(typist: Typist) -> None:
    """Two TABs list the values that an option may have."""
    typist.child.send("nbs -o \t\t")

    for name in ("table", "json", "jsonl", "yaml", "csv", "value"):
        typist.child.expect_exact(name)


def test_help_is_listed(typist: Typist) -> None:
    """Two TABs list the commands of a group with the first sentences of their help."""
    typist.child.send("nbs volume \t\t")

    for words in ("List volumes, all of them", "Show volumes", "Wait until volumes are in a status, or gone"):
        typist.child.expect_exact(words)


def test_live_names_are_listed_with_their_status(typist: Typist) -> None:
    """A name, its status and its ID in one row each, columns by display width, cut at the edge of the terminal."""
    rows = [Known(f"{number:08}-0000-4000-8000-{'0' * 12}", name, "available") for number, name in enumerate(NAMES)]
    names.remember(names.place("volume", "sandbox", None, None), rows)
    typist.child.setwinsize(50, 70)
    typist.child.send("nbs -p sandbox volume show \t\t")
    for row in rows[:-1]:
        typist.child.expect_exact(f"{row.id[:8]}-")
    typist.child.send("\x15")
    typist.do(":")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\([A-Z]|\r", "", typist.screen.getvalue())
    # a shell may draw the line anew behind its list, and the list too
    listed = list(dict.fromkeys(re.findall(r"^\W*(\S.*available.*?-0{1,12}\)?)", shown, re.MULTILINE)))
    assert len(listed) == len(NAMES)
    assert all(width(line) < 70 for line in listed), listed
    assert len({width(line.partition("available")[0]) for line in listed}) == 1, listed


NAMES = ("web", "데이터베이스", "운영-db-2", "x" * 20)


@pytest.mark.parametrize("typist", ["bash"], indirect=True)
def test_bash_common_part(profiles: None, typist: Typist) -> None:
    """Of several names bash inserts what they have in common, and never half of a quoted letter."""
    assert typist.run("nbs -p x\t") == ["nbs", "-p", "x"]
    assert typist.run("nbs -p x\t\\$\t") == ["nbs", "-p", "x$(touch y)"]
    assert typist.run("nbs -o j\t") == ["nbs", "-o", "json"]
    assert typist.run("nbs -o js\tl\t") == ["nbs", "-o", "jsonl"]
    typist.do("bind 'set show-all-if-ambiguous on'")
    assert typist.run("nbs -p x\t") == ["nbs", "-p", "x"]
    assert typist.run("nbs volume wait x --for error_b\t\t") == [
        "nbs",
        "volume",
        "wait",
        "x",
        "--for",
        "error_backing-up",
    ]
