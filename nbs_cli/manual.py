"""The manual pages: one for nbs, one for each group and each command, written from the command tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nbs_cli import __version__
from nbs_cli.cloud.resources import Resource
from nbs_cli.commands.shapes import REQUEST
from nbs_cli.errors import ExitCode, Failure
from nbs_cli.grammar import STATUSES, Grammar, Node, Parameter
from nbs_cli.output.words import _
from nbs_cli.roff import Page, bold, escaped, italic, prose
from nbs_cli.sections import SECTIONS, Section

SECTION = 1
# the variables that nbs reads, in the order of the README's table
ENVIRONMENT = (
    ("NBS_PROFILE", _("the profile, as `-p`; `sandbox` always exists")),
    ("NBS_CONFIG_FILE", _("the config file, in place of the one in the platform's folder")),
    ("NBS_REALM", _("the realm: gov (the default), public, ncgn, ngoic, ngovc, ngsc, ninc")),
    ("NBS_IDENTITY_URL", _("the identity service, in place of the realm's; with or without `/v2.0`")),
    ("NBS_REGION", _("the region: KR1, KR2, …, in any case")),
    ("NBS_TENANT_ID", _("the tenant: 32 hexadecimal digits")),
    ("NBS_USERNAME", _("the account, an e-mail address or an IAM account")),
    ("NBS_PASSWORD", _("the API password")),
    ("NBS_PASSWORD_FILE", _("a file that holds the API password")),
    ("NBS_TOKEN", _("a token, in place of user and password")),
    ("NBS_ENDPOINT", _("the block storage endpoint, in place of the service catalog's")),
    ("NBS_KEYRING_TIMEOUT", _("the most that the keyring may take to answer")),
    ("NBS_OUTPUT", _("the format, as `-o`")),
    ("NBS_LANG", _("the language of words, `ko` or `en`; then LC_ALL, LC_MESSAGES, LANG")),
    ("NBS_TIMEOUT", _("the most that a command may take, as `--timeout`")),
    ("NBS_WAIT_TIMEOUT", _("the most that a wait may take")),
    ("NBS_SETTLE", _("how long a create whose answer was lost is looked for; 30s when it is not set")),
    ("NBS_CA_BUNDLE", _("certificates to trust, as `--ca-bundle`; then SSL_CERT_FILE, REQUESTS_CA_BUNDLE")),
    ("NBS_DEBUG", _("`1` shows requests and answers, as `--debug`")),
    ("NO_COLOR, FORCE_COLOR", _("colours never, always; `--color` comes first")),
    ("HTTPS_PROXY, NO_PROXY", _("the proxy, and what does not go through it")),
    ("CI", _("nothing is asked")),
    (
        "OS_AUTH_URL, OS_TENANT_ID, OS_PROJECT_ID, OS_USERNAME, OS_PASSWORD, OS_REGION_NAME, OS_CACERT",
        _("an openrc of OpenStack, used when nothing else gives credentials"),
    ),
)
CREDENTIALS = _(
    "Credentials are one set from one source, never mixed: `-p` or NBS_PROFILE, then NBS_TOKEN or "
    "NBS_USERNAME, then the profile in use, then, when there is nothing else, the variables of OpenStack. "
    "Empty means unset."
)
_FILES = (
    (
        "~/.config/nbs/config.toml",
        _("profiles and which of them is in use; no secrets (NBS_CONFIG_FILE names another)"),
    ),
    ("~/.local/state/nbs/sandbox.sqlite3", _("the volumes, snapshots and tokens of the sandbox")),
    ("~/.local/state/nbs/secrets/", _("passwords and tokens of profiles that keep them in files (`--store file`)")),
)
_OUTLINE = _(
    "Creates, lists and deletes volumes and snapshots of NHN Cloud Block Storage (API v2), and makes images of "
    "volumes.\n\n"
    "A resource is named by its name or its ID; `id:…` and `name:…` force one reading, and `-` reads names or IDs from "
    "standard input, one a line. All of them are found before anything is changed. A name that two resources bear is "
    "refused.\n\n"
    "Standard output carries the data and nothing else; notes, questions and errors are on standard error.\n\n"
    "`nbs -p sandbox` is a cloud in a box: everything can be tried in it without an account."
)
FORMATS = (
    ("table", _("for people, the default: aligned columns, times in the local zone")),
    ("json", _("the guide's fields under their wire names, as the server sent them")),
    ("jsonl", _("the same, one object a line")),
    ("yaml", _("the same as YAML")),
    ("csv", _("RFC 4180, with wire names in the header")),
    ("value", _("values separated by tabs, a line a record, no header")),
)
_SIGNALS = {
    ExitCode.HANGUP: _("the terminal hung up"),
    ExitCode.INTERRUPTED: _("interrupted by Ctrl-C"),
    ExitCode.PIPE: _("nobody reads the output any more"),
    ExitCode.TERMINATED: _("ended by SIGTERM"),
}


def pages(grammar: Grammar) -> dict[str, str]:
    """Every manual page by the name of its file."""
    return {f"{_name(node.path)}.{SECTION}": _page(grammar, node) for node in grammar.nodes.values()}


def _name(path: str) -> str:
    return "-".join(("nbs", *path.split()))


def _page(grammar: Grammar, node: Node) -> str:
    page = Page(_name(node.path), SECTION, f"nbs {__version__}", _("NHN Cloud Block Storage"))
    page.section(_("NAME"))
    page.line(f"{escaped(_name(node.path))} \\- {prose(node.summary)}")
    page.section(_("SYNOPSIS"))
    page.line(_synopsis(node.path, node.usage))
    page.section(_("DESCRIPTION"))
    page.paragraphs(node.help if node.path else _OUTLINE)
    if node.commands:
        _commands(page, grammar, node)
    _options(page, grammar, node)
    if not node.path:
        _general(page)
    for section in SECTIONS.get(node.path, ()):
        told(page, section)
    if node.prints:
        _output(page, node, node.prints)
    if node.path in STATUSES or "--for" in [name for option in node.options for name in option.names]:
        _statuses(page, STATUSES[node.path.partition(" ")[0]])
    if node.examples:
        page.section(_("EXAMPLES"))
        page.literal(node.examples)
    if node.path:
        page.section(_("EXIT STATUS"))
        page.paragraphs(_("0 when it is done. The other codes are in `nbs`(1)."))
    page.section(_("SEE ALSO"))
    page.line(_also(grammar, node))
    return page.text


def _synopsis(path: str, usage: str) -> str:
    return f"{bold(f'nbs {path}'.strip())} {italic(usage)}"


def _commands(page: Page, grammar: Grammar, node: Node) -> None:
    """The commands below *node*; the root tells all of them, each with its options."""
    page.section(_("COMMANDS"))
    for name in node.commands:
        below = grammar.nodes[f"{node.path} {name}".strip()]
        if not node.path and below.commands:
            page.subsection(f"nbs {name}: {below.summary}")
            for leaf in _leaves(grammar, below):
                _brief(page, leaf)
        else:
            _brief(page, below)


def _leaves(grammar: Grammar, node: Node) -> Iterator[Node]:
    """The commands below a group, those of the groups in it too."""
    for word in node.commands:
        below = grammar.nodes[f"{node.path} {word}"]
        if below.commands:
            yield from _leaves(grammar, below)
        else:
            yield below


def _brief(page: Page, node: Node) -> None:
    words = [_label(option) if option.required else _optional(_label(option)) for option in node.options]
    words += [italic(argument.metavar) for argument in node.arguments]
    page.item(" ".join([bold(f"nbs {node.path}"), *words]), f"{node.summary}; `{_name(node.path)}`(1)")


def _optional(label: str) -> str:
    unbroken = label.replace("\\%", "")  # within a word it would be a place to break it
    return f"\\%[{unbroken}]"


def _label(parameter: Parameter, names: Sequence[str] = ()) -> str:
    shown = ", ".join(bold(name) for name in names or parameter.names[-1:])
    return f"{shown} {italic(parameter.metavar)}" if parameter.metavar else shown


def _options(page: Page, grammar: Grammar, node: Node) -> None:
    if node.arguments:
        page.section(_("ARGUMENTS"))
        _parameters(page, ((italic(argument.metavar), argument) for argument in node.arguments))
    page.section(_("OPTIONS"))
    _parameters(page, ((_label(option, option.names), option) for option in node.options))
    page.subsection(_("Options of every command, before or after its word"))
    _parameters(page, ((_label(option, option.names), option) for option in grammar.shared))


def _parameters(page: Page, rows: Iterable[tuple[str, Parameter]]) -> None:
    for label, parameter in rows:
        remark = _("[default: {value}]").format(value=parameter.default) if parameter.default else ""
        required = _("[required]") if parameter.required and parameter.names else ""
        page.item(label, " ".join(filter(None, (parameter.help, required, remark))))


def _general(page: Page) -> None:
    """What the overview tells of all commands."""
    page.section(_("OUTPUT"))
    _definitions(page, FORMATS)
    page.section(_("ENVIRONMENT"))
    _definitions(page, ENVIRONMENT)
    page.paragraphs(CREDENTIALS)
    page.section(_("EXIT STATUS"))
    page.paragraphs(_("New codes may come; an unknown one means failure."))
    _definitions(page, ((str(int(code)), words) for code, words in exits()))
    page.section(_("FILES"))
    _definitions(page, _FILES)


def exits() -> list[tuple[ExitCode, str]]:
    """Every exit code with what it says, from the failures that end with it."""
    families: list[type[Failure]] = [Failure, *Failure.__subclasses__()]
    kinds = {kind.exit_code: kind for kind in reversed(families)}
    named = {code: f"{kind.slug}: {_(sentence(kind))}" for code, kind in kinds.items()}
    named |= {ExitCode.OK: _("ok: it is done; an empty list too"), **_SIGNALS}
    return [(code, named[code]) for code in ExitCode]


def sentence(kind: type[Failure]) -> str:
    """What failures of *kind* say of themselves, in English: the first sentence of their docstring."""
    words = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
    return words[:1].lower() + words[1:]


def _definitions(page: Page, rows: Iterable[tuple[str, str]]) -> None:
    for label, text in rows:
        page.item(bold(label), text)


def told(page: Page, section: Section) -> None:
    """Add a section of a handbook."""
    page.section(section.title)
    if section.text:
        page.paragraphs(section.text)
    _definitions(page, section.rows)
    if section.lines:
        page.literal(section.lines)


def _output(page: Page, node: Node, shape: Resource) -> None:
    """The fields of what is printed, under their wire names and the short ones that `-c` takes too."""
    page.section(_("OUTPUT"))
    page.paragraphs(
        _(
            "The fields under their wire names, and the short names that `-c` takes too. A list shows: {columns}."
        ).format(columns=", ".join(field.heading for field in shape.named(shape.columns)))
    )
    if shape.brief and any("--brief" in option.names for option in node.options):
        page.paragraphs(
            _("With `--brief`: {columns}.").format(
                columns=", ".join(field.heading for field in shape.named(shape.brief))
            )
        )
    for field in shape.fields:
        page.item(bold(field.wire) + (f" ({escaped(field.short)})" if field.short else ""), field.help)
    if any("--dry-run" in option.names for option in node.options):
        page.paragraphs(_("With `--dry-run` the requests:"))
        _definitions(page, ((field.wire, field.help) for field in REQUEST.fields))


def _statuses(page: Page, shape: Resource) -> None:
    page.section(_("STATUSES"))
    _definitions(page, shape.statuses)


def _also(grammar: Grammar, node: Node) -> str:
    """The page above, and those beside or below."""
    above = node.path.rpartition(" ")[0]
    beside = node if node.commands else grammar.nodes[above]
    paths = ["", above, *(f"{beside.path} {name}".strip() for name in beside.commands)]
    names = [_name(path) for path in dict.fromkeys(paths) if path != node.path]
    return ", ".join(f"{bold(name)}({SECTION})" for name in names)
