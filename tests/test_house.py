"""The house: who may import whom and what, what is loaded when, and that everything says what it is for."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nbs_cli
from nbs_cli.app import tree
from nbs_cli.parser import SHARED
from tests.conftest import Ran, Served

ROOT = Path(nbs_cli.__file__).parent
MODULES = {
    ".".join(["nbs_cli", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}

# one file owns each heavy library
OWNERS = {
    "httpx": {"nbs_cli.cloud.client", "nbs_cli.cloud.lanes"},
    # a table, bars, a live picture, widths: who needs one of them loads no more than that
    "rich": {"nbs_cli.output.table", "nbs_cli.output.bars", "nbs_cli.output.live", "nbs_cli.output.wide"},
    "keyring": {"nbs_cli.local.keyrings"},
    "platformdirs": {"nbs_cli.local.folders"},
    "tomlkit": {"nbs_cli.local.edits"},
    "yaml": {"nbs_cli.output.documents"},
    "jmespath": {"nbs_cli.output.query"},
    "falcon": {"nbs_cli.sandbox.web", "nbs_cli.sandbox.desks"},
    "waitress": {"nbs_cli.sandbox.server"},
    "pydantic": set(),
    "click": set(),
    "requests": set(),
}
# may import inside a function: the stairwell, the entry and the tree, and a TAB, which must cost next to nothing
LATE = {
    *("nbs_cli.outlet", "nbs_cli.session", "nbs_cli.__main__", "nbs_cli.running", "nbs_cli.app"),
    *("nbs_cli.completion", "nbs_cli.candidates"),
}
# the kinds of faults are data, from which the help is written
KNOW_THE_SANDBOX = {
    *("nbs_cli.session", "nbs_cli.commands.serving", "nbs_cli.commands.faults"),
    "nbs_cli.sections",  # the handbook's table of differences
}
# a `try` in a command stands here with its reason; everything else ends in running.py
TRIES = {
    ("nbs_cli.commands.reporting", "reported"): "the metrics tell of a run that failed or was interrupted, too",
    ("nbs_cli.commands.reporting", "_beat"): "a file that cannot be written makes a good run a partial one",
    ("nbs_cli.commands.checks", "_of_sheet"): "a record that cannot be read is a finding, not the end of the search",
    ("nbs_cli.commands.aging", "bound"): "what is neither an age nor a time is told how to write both",
    ("nbs_cli.commands.aging", "_moment"): "fromisoformat() has no other way to say no",
    ("nbs_cli.commands.removing", "await_gone"): "what was asked is told when the wait for it is interrupted",
    ("nbs_cli.commands.watching", "_looks"): "a look that fails is followed by another",
    ("nbs_cli.commands.installation", "_round_trip"): "a keyring that fails is a finding",
    ("nbs_cli.commands.installation", "credentials"): "credentials that cannot be are a finding",
    ("nbs_cli.commands.finding", "tried"): "a step that fails is a finding",
    ("nbs_cli.commands.imaging", "_follow"): "the answer with the image's ID is printed before the failure is raised",
    ("nbs_cli.commands.sandbox", "_delay"): "float() has no other way to say that a text is no number",
    # the sandbox imports nothing of ours: what it refuses becomes a failure where it is asked
    ("nbs_cli.commands.serving", "_understood"): "a fault or scenario that it does not understand",
    ("nbs_cli.commands.serving", "_allowed"): "a status that forbids it",
    ("nbs_cli.commands.serving", "move_clock"): "a clock that cannot go there",
    ("nbs_cli.commands.serving", "serve"): "a port that is taken",
}
# what is only data is a NamedTuple, made four times as fast; a frozen dataclass stands here with its reason
FROZEN = {
    ("nbs_cli.output.metrics", "Metric"): "its list of values is its own",
    ("nbs_cli.commands.ordering", "Order"): "`count` is a method of every tuple",
    ("nbs_cli.grammar", "Node"): "what it keeps of itself needs a place",
}
HEAVY = {"httpx", "jmespath", "rich.console", "rich.table", "keyring", "falcon", "waitress", "platformdirs", "sqlite3"}
NEVER = {"pydantic", "click", "requests", "markdown_it", "pygments"}


def imports(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Every module that is imported, and whether only for the eyes of a type checker."""
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in typing_only
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module, node in typing_only
            for alias in node.names:
                if f"{node.module}.{alias.name}" in MODULES:
                    yield f"{node.module}.{alias.name}", node in typing_only


def within(module: str, package: str) -> bool:
    """Whether *module* is *package* or lies in it."""
    return module == package or module.startswith(package + ".")


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, "nbs_cli.sandbox")])
def test_the_sandbox_is_a_witness_not_a_relative(name: str) -> None:
    """The sandbox imports nothing of the rest: what they agree on, they agree on independently."""
    ours = {module for module, _typing in imports(TREES[name]) if within(module, "nbs_cli")}
    assert all(within(module, "nbs_cli.sandbox") or module == "nbs_cli" for module in ours), ours


@pytest.mark.parametrize("name", [name for name in MODULES if not within(name, "nbs_cli.sandbox")])
def test_only_the_stairwell_knows_the_sandbox(name: str) -> None:
    """Only session.py imports the sandbox; nothing else asks whether the profile is called so."""
    imported = {module for module, _typing in imports(TREES[name]) if within(module, "nbs_cli.sandbox")}
    asked = [
        ast.unparse(node)
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Compare)
        and any(isinstance(inner, ast.Constant) and inner.value == "sandbox" for inner in ast.walk(node))
    ]
    if name not in KNOW_THE_SANDBOX:
        assert not imported
        assert not asked


@pytest.mark.parametrize("name", MODULES)
def test_each_heavy_library_has_one_owner(name: str) -> None:
    """No other file imports it, not even inside a function."""
    for module, _typing in imports(TREES[name]):
        for library, owners in OWNERS.items():
            if within(module, library):
                assert name in owners, f"{name} imports {module}"


# what may be imported of us by each wing, itself aside; `commands` and what is above it stands in no list but one
BELOW = {
    "nbs_cli.errors": ["nbs_cli.output.words"],
    "nbs_cli.output": ["nbs_cli.cloud.resources", "nbs_cli.cloud.nouns", "nbs_cli.errors"],
    "nbs_cli.cloud": ["nbs_cli.errors", "nbs_cli.output.text", "nbs_cli.output.words", "nbs_cli.local"],
    "nbs_cli.local": [
        *("nbs_cli.cloud.access", "nbs_cli.cloud.realms", "nbs_cli.cloud.request"),
        *("nbs_cli.errors", "nbs_cli.output.words", "nbs_cli.output.records"),
    ],
    "nbs_cli.help": ["nbs_cli.output.text", "nbs_cli.output.words"],
    "nbs_cli.outlet": ["nbs_cli.cloud.resources", "nbs_cli.local.credentials", "nbs_cli.output", "nbs_cli.errors"],
    "nbs_cli.session": [
        *("nbs_cli.cloud", "nbs_cli.local", "nbs_cli.output", "nbs_cli.outlet", "nbs_cli.sandbox", "nbs_cli.errors")
    ],
    "nbs_cli.parser": ["nbs_cli.outlet", "nbs_cli.session", "nbs_cli.help", "nbs_cli.errors", "nbs_cli.output.words"],
    "nbs_cli.commands": [
        *("nbs_cli.cloud", "nbs_cli.local", "nbs_cli.output", "nbs_cli.parser", "nbs_cli.session", "nbs_cli.errors"),
        # what `describing` prints: the tree itself, as data, with the variables and exit codes of the manual
        *("nbs_cli.grammar", "nbs_cli.topics", "nbs_cli.help", "nbs_cli.manual"),
        *("nbs_cli.shells", "nbs_cli.mistakes", "nbs_cli.sandbox"),
    ],
    "nbs_cli.app": ["nbs_cli.parser", "nbs_cli.output.words"],
    "nbs_cli.mistakes": ["nbs_cli.errors", "nbs_cli.output.words"],
    "nbs_cli.running": [
        "nbs_cli.app",
        "nbs_cli.mistakes",
        "nbs_cli.parser",
        "nbs_cli.session",
        "nbs_cli.errors",
        "nbs_cli.output",
    ],
    "nbs_cli.__main__": ["nbs_cli.running", "nbs_cli.completion", "nbs_cli.output.words"],
}


@pytest.mark.parametrize("wing", sorted(BELOW))
def test_imports_only_go_down(wing: str) -> None:
    """Each wing imports what it stands on and nothing above: no wing knows the commands, only the app loads them."""
    for name in MODULES:
        if within(name, wing):
            for module, typing_only in imports(TREES[name]):
                if (
                    not typing_only
                    and within(module, "nbs_cli")
                    and module not in {"nbs_cli", "nbs_cli.cloud", "nbs_cli.output"}
                ):
                    assert any(within(module, allowed) for allowed in [wing, *BELOW[wing]]), f"{name}: {module}"


@pytest.mark.parametrize("name", [name for name in MODULES if name not in LATE])
def test_imports_stand_at_the_top(name: str) -> None:
    """Only the stairwell imports inside functions."""
    late = [
        node
        for function in ast.walk(TREES[name])
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    """One sentence on the first line of its docstring; more may follow after a blank line."""
    first, *rest = (ast.get_docstring(TREES[name]) or "").splitlines()
    assert re.fullmatch(r"\S.*[.?]", first), first
    assert not re.search(r"[.?] [A-Z]", first), first
    assert not rest or rest[0] == ""


def test_no_room_without_a_name() -> None:
    """Nothing is called utils, helpers, common, base, manager or handler."""
    names = {part for name in MODULES for part in name.split(".")}
    classes = {node.name for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert not names & {"utils", "helpers", "common", "base", "misc", "types_", "lib"}
    assert not [name for name in classes if name.endswith(("Manager", "Handler", "Helper", "Util"))]


def test_no_command_catches_without_a_reason() -> None:
    """A `try` in commands/ is one of the few that are listed here with their reason."""
    found = {
        (name, function.name)
        for name in MODULES
        if within(name, "nbs_cli.commands")
        for function in ast.walk(TREES[name])
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Try)
    }
    assert found == TRIES.keys()


def test_the_one_catch_of_everything_is_in_running() -> None:
    """Nobody swallows what he does not know; a thread hands on what it finds to whoever waits for it."""
    blind = {
        name
        for name in MODULES
        if not within(name, "nbs_cli.sandbox")
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    }
    threads = {"nbs_cli.cloud.client", "nbs_cli.cloud.bulk", "nbs_cli.local.keyrings"}  # and backends of anybody's
    assert blind <= {"nbs_cli.running", "nbs_cli.local.files", "nbs_cli.completion", *threads}


def test_bytes_and_files_have_one_way_out() -> None:
    """Nothing but the client opens sockets, and nothing prints past the session's streams."""
    for name, parsed in TREES.items():
        if within(name, "nbs_cli.sandbox"):
            continue
        modules = {module for module, _typing in imports(parsed)}
        if name == "nbs_cli.cloud.proxies":
            modules.remove("urllib.request")  # it reads the system's settings there and opens nothing
        if name != "nbs_cli.cloud.probes":  # the doctor's: it opens connections and sends nothing
            assert not modules & {"socket", "urllib.request", "http.client"}, name
        prints = [
            node
            for node in ast.walk(parsed)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.stdout.write", "typer.echo"}
        ]
        assert not prints or name in {"nbs_cli.__main__", "nbs_cli.reference", "nbs_cli.completion"}, name


# --- what is loaded -----------------------------------------------------------------------------------------------

_SNIFF = """
import json, sys
from nbs_cli.__main__ import main
code = main(sys.argv[2:])
sys.stdout.flush()
open(sys.argv[1], "w").write(json.dumps([code, sorted(sys.modules)]))
"""


def test_what_is_only_data_is_a_named_tuple() -> None:
    """A frozen dataclass outside the sandbox is one of those that have a reason, and every reason is still needed."""
    found = {
        (name, node.name)
        for name, tree in TREES.items()
        if not name.startswith("nbs_cli.sandbox")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("frozen" in ast.unparse(one) for one in node.decorator_list)
    }
    assert found == set(FROZEN)


def loaded(folder: Path, *args: str, env: dict[str, str] | None = None) -> set[str]:
    """The modules that a fresh interpreter holds after a command that ended well."""
    note = folder / "modules.json"
    subprocess.run(
        [sys.executable, "-c", _SNIFF, str(note), *args],
        env={**os.environ, "PYTHONPATH": str(ROOT.parent), **(env or {})},
        capture_output=True,
        check=True,
    )
    code, modules = json.loads(note.read_text())
    assert code == 0
    return set(modules)


@pytest.mark.parametrize(
    ("args", "needed"),
    [
        (["--version"], set()),
        (["--help"], set()),
        (["volume", "--help"], set()),
        (["volume", "create", "--help"], set()),
        (["sandbox", "serve", "--help"], set()),
        # a list is remembered for completion, and platformdirs knows where
        (["volume", "list", "-o", "json"], {"httpx", "platformdirs"}),
        (["volume", "list"], {"httpx", "platformdirs"}),
        (["volume", "list", "-q"], {"httpx", "platformdirs"}),
        (["volume", "list", "--color", "always"], {"httpx", "platformdirs", "rich.console", "rich.table"}),
        (["auth", "token"], {"httpx"}),
        (["-p", "sandbox", "volume", "list"], {"httpx", "falcon", "platformdirs", "sqlite3"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_is_loaded_that_is_not_needed(
    served: Served, tmp_path: Path, args: list[str], needed: set[str]
) -> None:
    """A command loads the libraries that it uses and no other; some are never loaded at all."""
    modules = loaded(tmp_path, *args, env=served.environ)
    assert modules & HEAVY == needed
    assert not modules & NEVER
    if args[-1] in {"--version", "--help", "json", "-q"}:  # nothing of these has a width that only rich knows
        assert not [name for name in modules if within(name, "rich")]
    if args[-1] == "--version":
        assert not [name for name in modules if within(name, "typer")]
        assert {name for name in modules if within(name, "nbs_cli")} == {"nbs_cli", "nbs_cli.__main__"}
    if "sandbox" not in args:
        assert not [name for name in modules if within(name, "nbs_cli.sandbox")]


DEEDS = {"entering", "imaging", "listing", "looking", "making", "ordering", "removing", "standing"}


@pytest.mark.parametrize(
    ("args", "deeds"),
    [
        (["--help"], set()),
        (["volume", "--help"], set()),
        (["volume", "create", "--help"], set()),
        (["snapshot", "delete", "--help"], set()),
        (["auth", "login", "--help"], set()),
        (["volume", "list"], {"listing"}),
        (["types", "list"], {"listing"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_deed_is_loaded_when_it_is_done(served: Served, tmp_path: Path, args: list[str], deeds: set[str]) -> None:
    """Help loads none of the files that do something; a list nothing of waits, deletes or the keyring, no asyncio."""
    modules = loaded(tmp_path, *args, env=served.environ)

    assert {name.rpartition(".")[2] for name in modules if within(name, "nbs_cli.commands")} & DEEDS == deeds
    unused = {"nbs_cli.cloud.once", "nbs_cli.cloud.waiting", "nbs_cli.cloud.refs", "nbs_cli.local.secrets"}
    assert not modules & unused
    assert not modules & {"asyncio", "importlib.metadata", "importlib_metadata", "h2", "csv", "yaml", "tomlkit"}
    if args[-1] == "--help":
        assert not modules & {"ssl", "socket", "nbs_cli.cloud.client", "nbs_cli.cloud.lanes"}


def test_a_command_is_built_when_it_is_typed() -> None:
    """Of a group whose help is shown, or of which one command is asked for, the others' signatures are not read."""
    group = tree().get_command(None, "volume")
    assert group.summaries(None)
    assert group.commands == {}

    assert group.get_command(None, "ls").name == "list"
    assert list(group.commands) == ["list"]


# --- what is said -------------------------------------------------------------------------------------------------


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the tree with the words that lead to it."""
    if not hasattr(group, "list_commands"):
        yield path, group
        return
    for word in group.list_commands(None):
        yield from commands(group.get_command(None, word), (*path, word))


COMMANDS = dict(commands(tree()))
GROUPS = {path[:1] for path in COMMANDS}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_how(path: tuple[str, ...]) -> None:
    """A first sentence that fits a line beside the others, and at least two examples, each of this command."""
    command = COMMANDS[path]
    first = (command.help or "").partition("\n")[0]
    examples = (command.epilog or "").splitlines()
    assert 10 < len(first) < 70
    assert first[0].isupper()
    assert not first.endswith(".")
    assert len(examples) >= 2
    assert all("nbs " + " ".join(path) in example.replace("-p sandbox ", "") for example in examples)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_and_argument_has_help(path: tuple[str, ...]) -> None:
    """A few words each, in the same style: no capital, no full stop; a value has a name in capitals."""
    for param in COMMANDS[path].params:
        words = param.help or ""
        assert words, param.name
        assert not words.endswith("."), words
        assert not re.match(r"[A-Z][a-z]", words), words
        if param.param_type_name == "option" and not param.is_flag:
            assert param.metavar, param.name


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_an_option_means_the_same_everywhere(path: tuple[str, ...]) -> None:
    """Two commands with an option of one name tell the same about it, or one of them is about something else."""
    elsewhere: dict[str, set[str]] = {}
    for other in COMMANDS.values():
        for param in other.params:
            if param.param_type_name == "option" and param.name in SHARED:
                elsewhere.setdefault(param.name, set()).add(param.help)
    for param in COMMANDS[path].params:
        if param.name in SHARED:
            assert elsewhere[param.name] == {param.help}


def examples() -> Iterator[str]:
    """Every example of every page that is a command line of ours."""
    root = tree()
    pages = [root, *(root.get_command(None, word) for word in root.list_commands(None)), *COMMANDS.values()]
    for page in pages:
        for line in (page.epilog or "").splitlines():
            for piece in re.findall(r"\bnbs [^|)]*", line):
                yield piece.strip()


@pytest.mark.parametrize("example", sorted(set(examples())))
def test_every_example_is_a_command(nbs: Callable[..., Ran], example: str) -> None:
    """Every example names commands and options that exist: with `--help` behind it, its page is shown."""
    words = shlex.split(example)[1:]
    ran = nbs(*words, "--help")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("group", sorted(GROUPS), ids=" ".join)
def test_every_group_has_examples(group: tuple[str, ...]) -> None:
    """So has every group."""
    assert (tree().get_command(None, group[0]).epilog or "").strip()
