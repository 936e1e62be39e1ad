"""`completion --install`: where each shell looks, once or twice, and away again without a trace."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.shells import SHELLS
from tests.conftest import NBS, Ran

PLACES = {
    "bash": ".local/share/bash-completion/completions/nbs",
    "zsh": ".local/share/zsh/site-functions/_nbs",
    "fish": ".config/fish/completions/nbs.fish",
    "powershell": ".config/powershell/nbs.ps1",
}


@pytest.mark.parametrize("shell", PLACES)
def test_it_is_put_there_and_taken_away(nbs: Callable[..., Ran], home: Path, shell: str) -> None:
    """The script as it is printed; a second time nothing changes; taken away there is nothing left but folders."""
    path = home / PLACES[shell]
    ran = nbs("completion", shell, "--install")
    assert (ran.code, ran.out) == (0, "")
    assert f"~/{PLACES[shell]}" in ran.err
    assert path.read_text(encoding="utf-8") == SHELLS[shell]
    before = path.stat().st_mtime_ns
    again = nbs("completion", shell, "--install")
    assert (again.code, path.stat().st_mtime_ns) == (0, before)
    assert "already" in again.err
    assert nbs("completion", shell, "--uninstall").code == 0
    assert [found for found in home.rglob("*") if found.is_file()] == []
    gone = nbs("completion", shell, "--uninstall")
    assert gone.code == 0
    assert "there is no completion" in gone.err


@pytest.mark.parametrize("shell", PLACES)
@pytest.mark.parametrize("option", ["--install", "--uninstall"])
def test_what_another_wrote_is_left(nbs: Callable[..., Ran], home: Path, shell: str, option: str) -> None:
    """A file of the user's, or a link, is neither replaced nor removed: exit 5."""
    path = home / PLACES[shell]
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n")
    assert nbs("completion", shell, option).code == 5
    assert path.read_text() == "# mine\n"
    path.rename(home / "elsewhere")
    path.symlink_to(home / "elsewhere")
    assert nbs("completion", shell, option).code == 5
    assert path.is_symlink()


def test_an_older_script_is_replaced(nbs: Callable[..., Ran], home: Path) -> None:
    """What a former version put there is brought up to date."""
    path = home / PLACES["bash"]
    path.parent.mkdir(parents=True)
    path.write_text("# Completion of nbs for bash, of long ago\n")
    assert "up to date now" in nbs("completion", "bash", "--install").err
    assert path.read_text() == SHELLS["bash"]


@pytest.mark.parametrize(
    ("shell", "name", "under"),
    [
        ("bash", "XDG_DATA_HOME", "bash-completion/completions/nbs"),
        ("bash", "BASH_COMPLETION_USER_DIR", "completions/nbs"),
        ("fish", "XDG_CONFIG_HOME", "fish/completions/nbs.fish"),
        ("zsh", "XDG_DATA_HOME", "zsh/site-functions/_nbs"),
    ],
)
def test_the_environment_names_other_places(
    nbs: Callable[..., Ran], tmp_path: Path, shell: str, name: str, under: str
) -> None:
    """The variables that the shells go by; a relative XDG folder counts as unset."""
    assert nbs("completion", shell, "--install", env={name: str(tmp_path / "a b")}).code == 0
    assert (tmp_path / "a b" / under).read_text() == SHELLS[shell]
    if name.startswith("XDG"):
        assert "~/" in nbs("completion", shell, "--install", env={name: "relative"}).err


def test_two_wishes_at_once(nbs: Callable[..., Ran]) -> None:
    """Exit 2, and nothing is done."""
    assert nbs("completion", "bash", "--install", "--uninstall").code == 2
    assert nbs("completion", "bsh", "--install").code == 2


@pytest.mark.skipif(shutil.which("zsh") is None, reason="this machine has no zsh")
def test_zsh_finds_it_by_the_line_that_is_told(nbs: Callable[..., Ran], home: Path) -> None:
    """A .zshrc with that line alone knows how to complete nbs."""
    line = nbs("completion", "zsh", "--install").err.splitlines()[-1].strip()
    (home / ".zshrc").write_text(f"{line} -u\n", encoding="utf-8")
    done = subprocess.run(
        ["zsh", "-ic", "print $_comps[nbs]"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "_nbs", done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="this machine has no bash")
def test_bash_completes_with_it(nbs: Callable[..., Ran], home: Path) -> None:
    """The installed file, sourced as bash-completion does it, offers the commands."""
    nbs("completion", "bash", "--install")
    script = (
        f'source {home / PLACES["bash"]}; COMP_LINE="nbs vol" COMP_POINT=7 _nbs nbs vol nbs; echo "${{COMPREPLY[@]}}"'
    )
    path = f"{Path(NBS).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", script], env={"HOME": str(home), "PATH": path}, capture_output=True, text=True, check=True
    )
    assert "volume" in done.stdout


def test_bash_is_told_what_it_needs(nbs: Callable[..., Ran], home: Path) -> None:
    """Without bash-completion nothing looks for the file: the printed line alone, in .bashrc, makes it work."""
    said = nbs("completion", "bash", "--install").err
    assert "in every new shell with bash-completion" in said
    line = said.splitlines()[-1].strip()
    (home / ".bashrc").write_text(f"{line}\n", encoding="utf-8")
    done = subprocess.run(
        ["bash", "-ic", "complete -p nbs"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "-F _nbs nbs" in done.stdout, done.stderr
    assert line in nbs("completion", "bash", "--uninstall").err
