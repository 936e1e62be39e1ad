"""Help pages: complete, wrapped by display width, the same shape everywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nbs_cli.help import page
from nbs_cli.output.text import width
from tests.conftest import Ran
from tests.test_house import COMMANDS

PAGES = ["", "volume", "snapshot", "types", "auth", "sandbox", *(" ".join(path) for path in COMMANDS)]


@pytest.mark.parametrize("line", PAGES)
@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_pages_fit_the_terminal(
    nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, line: str, columns: int
) -> None:
    """No line is wider than the terminal, or than 100 columns; a long word and an example stay in one piece."""
    monkeypatch.setenv("COLUMNS", str(columns))
    text = nbs(*line.split(), "-h").out
    prose, _title, examples = text.partition("Examples:")
    assert text
    for shown in prose.splitlines():
        title = shown.endswith(":") and not shown.startswith(" ")
        assert width(shown) <= min(columns, 100) or len(shown.split()) == 1 or title
    assert all(shown.startswith("  ") for shown in examples.splitlines() if shown)


@pytest.mark.parametrize("line", PAGES)
def test_pages_name_every_option(nbs: Callable[..., Ran], line: str) -> None:
    """Own options with their words, shared ones by name; everything that may be typed is on the page."""
    text = nbs(*line.split(), "-h").out
    for name in (
        "--profile",
        "--region",
        "--output",
        "--columns",
        "--quiet",
        "--timeout",
        "--yes",
        "--debug",
        "--help",
    ):
        assert name in text
    command = COMMANDS.get(tuple(line.split()))
    for param in command.params if command else []:
        assert all(option in text for option in param.opts if option.startswith("--"))


@pytest.mark.parametrize("line", ["", "volume", "snapshot"])
def test_groups_list_their_commands(nbs: Callable[..., Ran], line: str) -> None:
    """Each command with its first sentence, on the page of its group."""
    text = nbs(*line.split(), "-h").out
    for path, command in COMMANDS.items():
        if list(path[:-1]) == line.split() and line:
            assert f"  {path[-1]} " in text
            assert command.help.partition("\n")[0].split()[0] in text


def test_the_root_tells_the_shared_options_in_full(nbs: Callable[..., Ran]) -> None:
    """Once, on the first page; the others refer to it."""
    assert "trust the certificates in FILE" in nbs("-h").out
    assert "trust the certificates in FILE" not in nbs("volume", "list", "-h").out
    assert "`nbs --help`" in nbs("volume", "list", "-h").out


@pytest.mark.parametrize(
    ("line", "fragments"),
    [
        ("volume create", ["--size GB", "[default: 1]", "make N of them", "KEY=VALUE"]),
        ("volume show", ["REF…", "Arguments:", "names or IDs"]),
        ("volume upload-image", ["[required]", "100 KB", "--force", "protected"]),
        ("snapshot create", ["VOLUME…"]),
        ("sandbox serve", [":memory:", "SIGTERM"]),
    ],
)
def test_pages_say_what_matters(nbs: Callable[..., Ran], line: str, fragments: list[str]) -> None:
    """Required options, defaults, placeholders, and the guide's caveats."""
    text = nbs(*line.split(), "-h").out
    assert all(fragment in text for fragment in fragments)


@pytest.mark.parametrize("line", PAGES)
def test_pages_have_no_trailing_spaces(nbs: Callable[..., Ran], line: str) -> None:
    """Neither spaces at line ends nor two blank lines in a row; a page ends with one line end."""
    text = nbs(*line.split(), "-h").out
    assert all(shown == shown.rstrip() for shown in text.splitlines())
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_wide_letters_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page in Korean is wrapped by columns, not by letters."""
    from types import SimpleNamespace as Made

    monkeypatch.setenv("COLUMNS", "60")
    option = Made(
        name="size",
        opts=["--size"],
        secondary_opts=[],
        is_flag=False,
        required=False,
        show_default=False,
        default=None,
        hidden=False,
        param_type_name="option",
        help="블록 스토리지의 크기를 기가바이트로 적습니다 " * 3,
        make_metavar=lambda _ctx: "크기",
    )
    longer = Made(**{**vars(option), "opts": ["--an-option-with-a-very-long-name"]})
    command = Made(
        get_params=lambda _ctx: [option, longer],
        collect_usage_pieces=lambda _ctx: ["[옵션]"],
        help="블록 스토리지를 만듭니다. 스냅숏에서 만들 수도 있습니다. 이름은 나중에 바꿀 수 없으므로 잘 고르십시오.",
        epilog="nbs volume create --size 10",
    )
    text = page(command, Made(command_path="nbs", parent=None), frozenset(), [("만들기", "블록 스토리지를 " * 10)])  # type: ignore[arg-type]  # all that a page asks of it
    assert max(width(line) for line in text.splitlines()) <= 60
    assert max(width(line) for line in text.splitlines()) > 50
    assert "  --an-option-with-a-very-long-name 크기\n" in text  # too long a label has a line of its own
