"""The config file: what is read, what is refused, and that editing it keeps what people wrote."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbs_cli.errors import Failure, NotFound, Usage
from nbs_cli.local import config, edits
from nbs_cli.local.config import KEYS, Config, Profile
from tests.accounts import config_path, trap
from tests.conftest import Ran

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Run = Callable[..., Ran]
WHOLE = """\
profile = "prod"

[profiles.prod]
realm = "gov"
region = "KR1"
tenant_id = "6cdebe3eb0094910bc41f1d42ebe4cb7"
username = "ops@example.go.kr"
identity_url = "https://identity.example"
endpoint = "https://storage.example"
store = "command"
password_command = ["pass", "show"]
keyring_backend = "a.B"
read_only = true
output = "table"
"""


@pytest.fixture
def written(home: Path) -> Callable[[str | bytes], Path]:
    """Write the config file of this home."""

    def write(content: str | bytes) -> Path:
        path = config_path(home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path

    return write


# reading


def test_every_key(written: Callable[[str], Path]) -> None:
    """Every key of the contract is read into the profile; the test's file has them all."""
    path = written(WHOLE)

    assert set(re.findall(r"^(\w+) =", WHOLE, re.MULTILINE)) == {*KEYS, "profile"}
    assert config.load(None) == Config(
        path,
        "prod",
        {
            "prod": Profile(
                name="prod",
                realm="gov",
                region="KR1",
                tenant_id="6cdebe3eb0094910bc41f1d42ebe4cb7",
                username="ops@example.go.kr",
                identity_url="https://identity.example",
                endpoint="https://storage.example",
                store="command",
                password_command=("pass", "show"),
                keyring_backend="a.B",
                read_only=True,
                output="table",
            )
        },
    )


def test_usual_values(written: Callable[[str], Path]) -> None:
    """An empty table is a profile with the usual values: the keyring, and the right to write."""
    written("[profiles.a]\n")

    assert config.load(None).profiles == {"a": Profile("a", store="keyring", read_only=False)}


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "[profiles]\n"])
def test_nothing_in_it(text: str, written: Callable[[str], Path]) -> None:
    """An empty file has no profiles."""
    path = written(text)

    assert config.load(None) == Config(path)


def test_no_file(home: Path) -> None:
    """No file is no profiles; reading makes none."""
    assert config.load(None) == Config(config_path(home))
    assert list(home.iterdir()) == []


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home has no config, and editing says how to name one."""
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_args, **_words: Path("~/.config/nbs"))
    known = config.load(None)

    assert known == Config(None)
    with pytest.raises(Failure, match="no home") as caught:
        edits.use(known, "a")
    assert "NBS_CONFIG_FILE" in str(caught.value.hint)


@pytest.mark.parametrize("named", ["{home}/other.toml", "other.toml", "~/other.toml", "./x/../other.toml"])
def test_named_file(named: str, nbs: Run, home: Path) -> None:
    """NBS_CONFIG_FILE names the file, absolutely, from here, or from the home; edits go there too."""
    (home / "x").mkdir()
    (home / "other.toml").write_text("[profiles.named]\n")
    env = {"NBS_CONFIG_FILE": named.format(home=home)}

    assert nbs("profile", "list", "-q", env=env).out.split() == ["named", "sandbox"]
    assert nbs("profile", "use", "named", env=env).code == 0
    assert 'profile = "named"' in (home / "other.toml").read_text()
    assert not config_path(home).exists()


def test_named_file_of_nobody(nbs: Run) -> None:
    """A home that does not exist in NBS_CONFIG_FILE is told in words."""
    done = nbs("profile", "list", env={"NBS_CONFIG_FILE": "~no-such-user/config.toml"})

    assert "a mistake in nbs" not in done.err


def test_named_file_is_made(nbs: Run, home: Path) -> None:
    """A file that NBS_CONFIG_FILE names and that is not there yet is made, with its folders."""
    env = {"NBS_CONFIG_FILE": str(home / "new" / "folder" / "c.toml")}

    assert nbs("profile", "use", "sandbox", env=env).code == 0
    assert (home / "new/folder/c.toml").read_text() == 'profile = "sandbox"\n'


@pytest.mark.parametrize("name", ["config.toml", "nbs.toml", ".nbs.toml", ".config/nbs.toml", "nbs/config.toml"])
def test_working_folder_is_not_read(name: str, nbs: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config file in the folder one happens to be in is never read: it could send the password anywhere."""
    folder = home / "repository"
    (folder / name).parent.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with trap() as hostile:
        (folder / name).write_text(
            f'profile = "p"\n[profiles.p]\nidentity_url = "{hostile}"\ntenant_id = "a"\nusername = "b"\n'
            'store = "command"\npassword_command = ["echo", "secret"]\n'
        )
        done = nbs("volume", "list")

    assert done.code == 4
    assert "no credentials" in done.err


# refusing


REFUSED = [
    ("profile = ", "is no TOML"),
    ("[profiles.a\n", "is no TOML"),
    ('[profiles.a]\nregion = "KR1"\nregion = "KR2"\n', "is no TOML"),
    ("[profiles.a]\n[profiles.a]\n", "is no TOML"),
    ("\x00", "is no TOML"),
    ("<html>", "is no TOML"),
    ('{"profiles": {}}', "is no TOML"),
    ("profile = 3\n", "`profile` is a name"),
    ("profile = ['a']\n", "`profile` is a name"),
    ("profiles = 3\n", "`profiles` are tables"),
    ("[[profiles]]\n", "`profiles` are tables"),
    ("[profiles]\na = 3\n", "profiles.a is no table"),
    ("[[profiles.a]]\n", "profiles.a is no table"),
    ('profle = "a"\n', "did you mean profile?"),
    ("[profile.a]\n", "`profile` is a name"),
    ("[prod]\n", "there is no key prod"),
    ('[profiles.a]\nregoin = "KR1"\n', "did you mean region?"),
    ('[profiles.a]\nzzz = "KR1"\n', "the keys are"),
    ('[profiles.a]\nname = "b"\n', "there is no key name"),
    ("[profiles.a]\nregion = 1\n", "region cannot be 1"),
    ("[profiles.a]\nregion = 2026-01-01\n", "region cannot be"),
    ("[profiles.a]\nread_only = 'true'\n", "read_only cannot be"),
    ("[profiles.a]\nread_only = 1\n", "read_only cannot be"),
    ("[profiles.a]\npassword_command = 'pass show'\n", "password_command cannot be"),
    ("[profiles.a]\npassword_command = [1]\n", "password_command cannot be"),
    ("[profiles.a]\nrealm = 'moon'\n", "realm cannot be 'moon'"),
    ("[profiles.a]\nstore = 'cloud'\n", "store cannot be 'cloud'"),
    ("[profiles.a]\noutput = 'xml'\n", "output cannot be 'xml'"),
    ("[profiles.sandbox]\nregion = 'KR2'\n", "sandbox"),
    ("[profiles.'../../x']\nregion = 'KR2'\n", "../../x"),
    ("[profiles.a.b]\n", "there is no key b"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_refused(text: str, told: str, nbs: Run, written: Callable[[str], Path]) -> None:
    """What cannot be read or is not known is exit 2, with the file's path and what is wrong; nothing is changed."""
    path = written(text)
    done = nbs("profile", "list")

    assert done.code == 2, done.err
    assert str(path) in done.err
    assert told in done.err
    assert done.out == ""
    assert path.read_text() == text


def test_line_is_named(nbs: Run, written: Callable[[str], Path]) -> None:
    """A mistake in the form names its line."""
    written('profile = "a"\n[profiles.a]\nregion KR1\n')

    assert "line 3" in nbs("profile", "list").err


@pytest.mark.parametrize("key", ["password", "api_password", "token", "secret"])
def test_secret_in_it(key: str, nbs: Run, written: Callable[[str], Path]) -> None:
    """A secret in the config is refused with the way to keep it, and is not repeated."""
    path = written(f'[profiles.a]\n{key} = "hush-hush"\n')
    done = nbs("profile", "list")

    assert done.code == 2
    assert f"{path}: a {key} is a secret" in done.err
    assert "nbs auth login" in done.err
    assert "hush-hush" not in done.err


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe\x00\x01",
        os.urandom(1000) + b"\xff",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        '[profiles.a]\nregion = "한국"\n'.encode("cp949"),
        "profile = 'a'\n".encode("utf-16"),
    ],
    ids=["bytes", "random", "png", "cp949", "utf-16"],
)
def test_binary(raw: bytes, nbs: Run, written: Callable[[bytes], Path]) -> None:
    """A file that is no text is exit 2 with its path."""
    path = written(raw)
    done = nbs("profile", "list")

    assert done.code == 2
    assert str(path) in done.err
    assert "a mistake in nbs" not in done.err


def test_huge(nbs: Run, written: Callable[[str], Path]) -> None:
    """A file of 5 MB is exit 2 with its path, and does not take long or much."""
    path = written("x" * 5_000_000)
    done = nbs("profile", "list")

    assert done.code == 2
    assert str(path) in done.err
    assert len(done.err) < 1000


def test_deep(nbs: Run, written: Callable[[str], Path]) -> None:
    """Brackets without end are refused, not followed into the ground."""
    path = written("[profiles.a]\nregion = " + "[" * 20_000 + "\n")
    done = nbs("profile", "list")

    assert done.code == 2
    assert str(path) in done.err


def test_folder_in_its_place(nbs: Run, home: Path) -> None:
    """A folder in the file's place is exit 2 with its path."""
    config_path(home).mkdir(parents=True)
    done = nbs("profile", "list")

    assert done.code == 2
    assert str(config_path(home)) in done.err


_value = st.one_of(
    st.sampled_from(['"gov"', '"KR1"', "true", "1", "[]", '["a"]', "{}", '""', "1979-05-27", "nan", '"\\u202e"', "''"]),
    st.text(st.characters(codec="utf-8"), max_size=8).map(lambda text: f"'{text}'"),
)
_good = st.sampled_from(
    ['region = "KR1"', "read_only = true  # yes", 'realm = "gov"', 'username = "한국"', 'password_command = ["a"]', ""]
)
_head = st.sampled_from(["", "[profiles.a]", "[profiles.b]", "[ profiles . 'a' ]", "[profiles]", "[profiles.a] # a"])
_table = st.builds("{}\n{}".format, _head, st.lists(_good, unique=True, max_size=4).map("\n".join))
_line = st.one_of(
    st.builds(
        "{} = {}".format, st.sampled_from([*KEYS, "profile", "profiles", "password", "x", "'a b'", "a.b"]), _value
    ),
    st.sampled_from(["[profiles]", "[profiles.a]", "[profiles.'']", "[[profiles]]", "[profiles.a.b]", "[x]", "# hm"]),
    st.text(st.characters(), max_size=12),
)
_top = st.sampled_from(["", 'profile = "a"', "# top", "profiles.c.region = 'KR1'", "profiles.a = {}"])
_text = st.one_of(
    st.lists(_line, max_size=8).map("\n".join),
    st.builds("{}\n{}".format, _top, st.lists(_table, unique=True, max_size=3).map("\n".join)),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(_text, st.binary(max_size=60)), word=st.sampled_from(["list", "use", "set"]))
@example(content='profile = "a"\n[profiles.a]\nrealm = "gov"\nrealm.x = 1\n', word="list")
@example(content="[profiles.'']\n", word="use")
def test_any_content(content: str | bytes, word: str, nbs: Run, written: Callable[[str | bytes], Path]) -> None:
    """Whatever stands in the file: 0, 2 or 3, never a traceback; and what could be read can be edited."""
    path = written(content)
    before = path.read_bytes()
    words = {"list": ("list",), "use": ("use", "sandbox"), "set": ("set", "region", "KR2", "-p", "a")}[word]

    done = nbs("profile", *words)

    assert done.code in {0, 2, 3}, done.err
    assert "a mistake in nbs" not in done.err
    assert "Traceback" not in done.err
    if done.code:
        assert path.read_bytes() == before
    else:
        tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("words", [("-p", "sandbox"), ()])
def test_broken_file_is_in_nobodys_way(words: tuple[str, ...], nbs: Run, written: Callable[[str], Path]) -> None:
    """A broken file does not keep the sandbox, nor credentials of the environment, from working."""
    written("profile = ")
    env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "a", "NBS_ENDPOINT": "http://127.0.0.1:1"}

    done = nbs(*words, "auth", "status", "-o", "json", env={} if words else env)

    assert done.code == 0, done.err


# editing


FORMS = {
    "tables": '[profiles.a]\nregion = "KR1"\n\n[profiles.b]\nregion = "KR1"\n',
    "dotted": 'profiles.a.region = "KR1"\nprofiles.b.region = "KR1"\n',
    "inline": '[profiles]\na = {region = "KR1"}\nb = {region = "KR1"}\n',
    "whole inline": 'profiles = {a = {region = "KR1"}, b = {region = "KR1"}}\n',
    "with a parent": '[profiles]\n[profiles.a]\nregion = "KR1"\n[profiles.b]\nregion = "KR1"\n',
    "in use": 'profile = "a"\n[profiles.a]\nregion = "KR1"\n[profiles.b]\nregion = "KR1"\n',
    "quoted": "'profile' = 'a'\n[\"profiles\".'a']\n'region' = 'KR1'\n[profiles.\"b\"]\nregion = 'KR1'\n",
    "windows": 'profile = "a"\r\n\r\n[profiles.a]\r\nregion = "KR1"\r\n[profiles.b]\r\nregion = "KR1"\r\n',
    "no line end": '[profiles.b]\nregion = "KR1"\n[profiles.a]\nregion = "KR1"',
    "korean": '# 한국\n[profiles.a]\nregion = "KR1" # 판교\n[profiles.b]\nregion = "KR1"\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_edits_in_every_form(form: str, nbs: Run, written: Callable[[str], Path]) -> None:
    """However TOML writes the tables, set, use and remove do what they say, and nothing else."""
    path = written(FORMS[form])
    before = config.load(None).profiles

    assert nbs("profile", "set", "region", "KR2", "-p", "a").code == 0
    assert config.load(None).profiles == {**before, "a": Profile("a", region="KR2")}
    assert nbs("profile", "set", "read_only", "true", "-p", "a").code == 0
    assert nbs("profile", "use", "b").code == 0
    assert config.load(None).in_use == "b"
    assert config.load(None).profiles == {**before, "a": Profile("a", region="KR2", read_only=True)}
    assert nbs("profile", "remove", "a").code == 0
    assert config.load(None) == Config(path, "b", {"b": before["b"]})
    assert nbs("profile", "remove", "b").code == 0
    assert config.load(None) == Config(path)


def test_comments_and_order_survive(written: Callable[[str], Path]) -> None:
    """Ten edits later every comment and empty line is where it was, and the tables keep their order."""
    text = (
        "# top\n\n# of prod\nprofile = 'prod'   # beside\n\n[profiles.zeta]\nregion = 'KR1'\n# within\n"
        "username = 'u'\n\n"
        "# before alpha\n[profiles.alpha]   # head\nregion    =    'KR1'   # spaced\n\n# bottom\n"
    )
    path = written(text)
    known = config.load(None)
    for number in range(5):
        edits.put(known, "alpha", {"region": f"KR{number}"})
        edits.use(known, "alpha" if number % 2 else "prod")

    assert path.read_text() == text.replace("region    =    'KR1'", 'region    =    "KR4"').replace(
        "profile = 'prod'", 'profile = "prod"'
    )


def test_new_profile_goes_to_the_end(written: Callable[[str], Path]) -> None:
    """A new profile is a table of its own after the others, and makes the whole when there is nothing."""
    path = written("# mine\n[profiles.a]\nregion = 'KR1'\n")
    edits.put(config.load(None), "b", {"region": "KR2", "password_command": ("a", "b c"), "store": None})

    assert path.read_text() == (
        '# mine\n[profiles.a]\nregion = \'KR1\'\n\n[profiles.b]\nregion = "KR2"\npassword_command = ["a", "b c"]\n'
    )
    path.unlink()
    edits.put(config.load(None), "b", {"region": "KR2"})
    assert path.read_text() == '[profiles.b]\nregion = "KR2"\n'


@pytest.mark.parametrize("name", ["a.b", "a-b", "a_b", "한국", "1"])
def test_names(name: str, nbs: Run, written: Callable[[str], Path]) -> None:
    """A name may have letters of any alphabet, digits, and a few signs; a dot in it makes no table of its own."""
    config.check_name(name)
    written("")
    edits.put(config.load(None), name, {"region": "KR1"})

    assert list(config.load(None).profiles) == [name]
    assert nbs("profile", "use", name).code == 0
    assert config.load(None).in_use == name


@pytest.mark.parametrize("name", ["", "sandbox", "a b", "a/b", "..", "-", "a\n", "a\x1b[31m", "$(x)", "\u202ea", "*"])
def test_no_names(name: str) -> None:
    """What could be a path, an option or a trick is no name."""
    with pytest.raises(Usage):
        config.check_name(name)


def test_file_is_private(nbs: Run, written: Callable[[str], Path]) -> None:
    """An edit leaves the file 0600, whatever it was before."""
    path = written("")
    path.chmod(0o666)
    nbs("profile", "use", "sandbox")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_file_that_is_a_link(nbs: Run, written: Callable[[str], Path], home: Path) -> None:
    """A config file that is a link stays one, and the file behind it changes: people keep theirs in repositories."""
    path = written("")
    behind = home / "dotfiles.toml"
    path.rename(behind)
    path.symlink_to(behind)

    assert nbs("profile", "use", "sandbox").code == 0
    assert path.is_symlink()
    assert behind.read_text() == 'profile = "sandbox"\n'


def test_get_names_the_others(written: Callable[[str], Path]) -> None:
    """A name that is not there is told with the ones that are."""
    written("[profiles.a]\n[profiles.b]\n")

    with pytest.raises(NotFound) as caught:
        config.load(None).get("c")
    assert "a, b, sandbox" in str(caught.value.hint)


@pytest.mark.parametrize("value", ["true", "false"])
def test_parse_yes_and_no(value: str) -> None:
    """read_only is read as TOML writes it."""
    assert config.parse("read_only", value) is (value == "true")


@pytest.mark.parametrize("value", ["", "yes", "True", "1"])
def test_parse_neither(value: str) -> None:
    """Anything else is refused: a typo must not make a profile writable."""
    with pytest.raises(Usage):
        config.parse("read_only", value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[retention.daily]\nkeep_dayly = 7\n", "retention.daily: there is no key keep_dayly"),
        ("[profiles.prod.retention.daily]\nkeep_daily = 0\n", "profiles.prod.retention.daily: keep_daily cannot be 0"),
        ("[profiles.prod.retention.daily]\n", "profiles.prod.retention.daily: the policy daily has no rule"),
        ("[profiles.prod.retention]\ndaily = 7\n", "profiles.prod.retention.daily is no table"),
        ("retention = 7\n", "retention is no table"),
        ('[retention."a b"]\nkeep_daily = 7\n', "no name for a policy"),
    ],
)
def test_policies_that_are_none(written: Callable[[str | bytes], Path], text: str, words: str) -> None:
    """A policy with an unknown key or a wrong value is refused with file, place and key."""
    path = written(text)
    with pytest.raises(Usage) as refused:
        config.load(None)
    assert refused.value.message.startswith(f"{path}: ")
    assert words in refused.value.message


def test_policies_are_shown_and_stay(written: Callable[[str | bytes], Path], nbs: Run) -> None:
    """`profile show` shows them, `profile set` keeps them and makes none; a bad window is told with its file."""
    policy = '[profiles.prod.retention.daily] # every night\nkeep_daily = 7\nkeep_within = "5m"\n'
    path = written(f'profile = "prod"\n[profiles.prod]\nregion = "KR1"\n{policy}')
    assert '"retention": {"daily": {"keep_daily": 7, "keep_within": "5m"}}' in nbs("profile", "show", "-o", "json").out
    assert nbs("profile", "set", "region", "KR2").code == 0
    assert policy in path.read_text(encoding="utf-8")
    refused = nbs("profile", "set", "retention", "7")
    assert (refused.code, "edited in the file" in refused.err) == (2, True)
    used = nbs("snapshot", "prune", "--volume", "x", "--policy", "daily")
    assert used.code == 2
    assert f"{path}: retention.daily: '5m' is no stretch of time" in used.err
