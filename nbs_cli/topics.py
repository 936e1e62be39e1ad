"""What `nbs help TOPIC` tells, on a terminal and as manual pages nbs-help-TOPIC(7)."""

from __future__ import annotations

from typing import NamedTuple

from nbs_cli import __version__
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.errors import ExitCode
from nbs_cli.help import definitions
from nbs_cli.manual import CREDENTIALS, ENVIRONMENT, FORMATS, exits, told
from nbs_cli.output.text import wrapped
from nbs_cli.output.words import _
from nbs_cli.roff import Page, bold, escaped, prose
from nbs_cli.sections import Section

SECTION = 7


class Topic(NamedTuple):
    """A topic: what it is about in a line, and its sections."""

    summary: str
    sections: tuple[Section, ...]


# what a script had best do; the README's table and the recipe's `case` say the same
REACTIONS = (
    (ExitCode.OK, _("go on")),
    (ExitCode.FAILURE, _("stop, and have somebody look")),
    (ExitCode.USAGE, _("stop: the same command fails again; correct it")),
    (ExitCode.NOT_FOUND, _("stop, or go on where its absence is well; an ambiguous name is named by its ID")),
    (ExitCode.AUTH, _("stop: log in anew or correct the credentials; trying again may lock the account")),
    (ExitCode.CONFLICT, _("look at what stands in the way (status, attachment, snapshots), then again")),
    (ExitCode.LIMIT, _("with `retryable` in the JSON error wait and try again, otherwise make room")),
    (ExitCode.TIMEOUT, _("wait on: `nbs volume wait` goes on where it stopped; nothing is lost")),
    (ExitCode.ERROR_STATE, _("stop: remove it and make another, or ask NHN Cloud")),
    (ExitCode.UNAVAILABLE, _("try again later, the same command")),
    (ExitCode.PARTIAL, _("look at the outcomes on stdout; the same command again does what is left")),
    (ExitCode.UNKNOWN, _("run the command of the hint, with its `--request-key`: it looks before it creates")),
    (ExitCode.HANGUP, _("as a signal: what was asked of the server goes on there")),
    (ExitCode.INTERRUPTED, _("the same")),
    (ExitCode.PIPE, _("nothing: the reader had enough")),
    (ExitCode.TERMINATED, _("as 129")),
)

FUNCTION = """\
persistently() { # nbs and its words: tries again where that helps; a create has its --request-key
  tries=5
  while :; do
    code=0
    out=$(nbs "$@") || code=$?
    case $code in
      7 | 9 | 11) ;; # the time is up, not reached, or nobody knows: the same command looks first
      *) break ;;
    esac
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || break
    sleep "${PAUSE:-30}"
  done
  [ -z "$out" ] || printf '%s\\n' "$out"
  return "$code"
}
persistently volume create --size 10 --name web --request-key "$CI_JOB_ID" --wait -q
"""

TOPICS: dict[str, Topic] = {
    "exit-codes": Topic(
        _("what exit codes say, and what a script does about them"),
        (
            Section(
                _("CODES"),
                _("New codes may come; an unknown one means failure."),
                tuple((str(int(code)), words) for code, words in exits()),
            ),
            Section(
                _("WHAT TO DO"),
                _(
                    "With `-o json` the error is a JSON object on stderr. Its `retryable` is true where the same "
                    "command may fare better a little later and makes nothing twice."
                ),
                tuple((str(int(code)), words) for code, words in REACTIONS),
            ),
            Section(_("IN A SHELL"), _("A function that does so:"), lines=tuple(FUNCTION.splitlines())),
        ),
    ),
    "environment": Topic(
        _("the variables that nbs reads"),
        (Section(_("VARIABLES"), "", ENVIRONMENT), Section(_("CREDENTIALS"), CREDENTIALS)),
    ),
    "output": Topic(
        _("formats, columns, queries, and what goes to which stream"),
        (
            Section(_("FORMATS"), _("`-o` or NBS_OUTPUT choose one:"), FORMATS),
            Section(
                _("STREAMS"),
                _(
                    "Standard output carries data and nothing else; progress, notes, questions and errors are on "
                    "standard error. A list is an array, an empty one `[]`; show and create give one object for one "
                    "name, an array for several; a delete always gives an array of outcomes. A documented field that "
                    "the server left out is null, and what the guide does not document is left out (`nbs api` and "
                    "`--debug` show it). `nbs schema` prints the JSON Schema of each shape."
                ),
            ),
            Section(
                _("COLUMNS AND QUERIES"),
                _(
                    "`-c` chooses columns by wire name or heading, and `+name,-name` changes the usual ones. `--query` "
                    "takes a JMESPath expression; it is asked once, of all pages, of what `-o json` would print, and "
                    "its answer is the same in every format. In it a number stands in backticks, a text in single "
                    "quotes, and a name with other letters than a to z in double quotes."
                ),
                lines=(
                    "nbs volume list -c +description,-zone",
                    "nbs volume list --query '[?size > `100`].[id, name]' -o value",
                    "nbs volume list --query \"[?status == 'error'].id\" -o value",
                    "nbs volume list --query 'sum([].size)'",
                ),
            ),
        ),
    ),
    "statuses": Topic(
        _("the statuses of volumes and snapshots, and what they mean"),
        (
            Section(
                _("VOLUMES"),
                _("As the guide has them; one that is not here is shown and waited out."),
                VOLUME.statuses,
            ),
            Section(_("SNAPSHOTS"), "", SNAPSHOT.statuses),
        ),
    ),
    "waiting": Topic(
        _("until it is so, until it is gone, or why not"),
        (
            Section(
                _("WAITING"),
                _(
                    "`--wait` and `nbs volume wait` poll until the status is reached: 10 minutes at most, 30 for an "
                    "image, or what `--timeout` or NBS_WAIT_TIMEOUT says. When the time is up the exit code is 7, and "
                    "the same wait may be begun again; an `error…` status, or a resource that vanished, ends it with 8 "
                    "at once. Ctrl-C ends the wait alone: what was asked of the server goes on there.\n\n"
                    "A delete is gone when the server no longer finds it. One that comes back as `available` was "
                    "refused after it had been accepted: 8."
                ),
                lines=(
                    "nbs volume create --size 10 --name data-1 --wait",
                    "nbs volume wait data-1 --for gone --timeout 5m",
                ),
            ),
        ),
    ),
    "retention": Topic(
        _("which snapshots a policy keeps"),
        (
            Section(
                _("RULES"),
                _(
                    "Each rule counts by itself: `--keep-last 3` keeps the three newest, `--keep-daily 7` the newest "
                    "of each of seven days that have one, and so on by hour, week, month and year; `--keep-within 14d` "
                    "keeps all of that time. A snapshot stays when any rule wants it. Days begin at midnight in the "
                    "zone of `--timezone`, Asia/Seoul when nothing is said.\n\n"
                    "Only snapshots that bear the policy's mark are touched: those of `nbs snapshot rotate` and "
                    "`nbs snapshot create --policy`. `nbs snapshot prune` shows the plan; `--apply` carries it out."
                ),
                lines=(
                    "nbs snapshot prune --volume data-1 --keep-last 3 --keep-daily 7",
                    "nbs snapshot rotate data-1 --policy daily",
                ),
            ),
        ),
    ),
    "ci": Topic(
        _("nbs in pipelines and in cron"),
        (
            Section(
                _("IN A PIPELINE"),
                _(
                    "Nothing is asked where `CI` is set or there is no terminal; a delete without `--yes` ends with 2. "
                    "Credentials come from variables and are kept nowhere, so get one token for many calls. A "
                    "`--request-key` that is the job's own makes a create that may be run again, `--if-not-exists` one "
                    "that makes a volume only where its name is missing; both may be said together."
                ),
                lines=(
                    "NBS_TOKEN=$(nbs auth token)",
                    "export NBS_TOKEN",
                    'nbs volume create --size 10 --name web --request-key "$CI_JOB_ID" --wait --timeout 5m',
                    "nbs volume create --size 10 --name web --if-not-exists -o json",
                    "nbs volume delete web --yes --ignore-missing --wait",
                ),
            ),
            Section(
                _("WHAT IF"),
                _(
                    "`--dry-run` prints the requests of a write and what they can be expected to meet. A profile with "
                    "`read_only = true` writes nothing. Tests run against `nbs sandbox serve`, which needs no account. "
                    "`nbs help exit-codes` tells what to do about each code."
                ),
            ),
        ),
    ),
    "air-gap": Topic(
        _("installing where there is no Internet"),
        (
            Section(
                _("A FOLDER OF WHEELS"),
                _(
                    "On a machine with a package index `.ci/wheelhouse.py` of the source builds a folder of wheels "
                    "for a chosen Python and platform, with the hash of each in requirements.txt, and what is in it in "
                    "sbom.cdx.json (CycloneDX). Carry the folder over; the second command installs from it alone, and "
                    "refuses what has another hash."
                ),
                lines=(
                    "python .ci/wheelhouse.py wheels --python 3.11 --platform manylinux_2_17_x86_64",
                    "pip install --no-index --find-links wheels --require-hashes -r wheels/requirements.txt",
                ),
            ),
            Section(
                _("WHAT LEAVES THE MACHINE"),
                _(
                    "Requests to the identity service and the endpoints of the profile's realm, and nothing else: nbs "
                    "asks for no updates and sends no statistics. `NBS_CA_BUNDLE` names the certificates of a network "
                    "that inspects TLS, `HTTPS_PROXY` its proxy. `nbs -p sandbox` needs no network at all."
                ),
            ),
        ),
    ),
}


def text(name: str, room: int) -> str:
    """The topic *name* for a terminal of *room* columns."""
    parts = ["\n".join(wrapped(f"{name}: {TOPICS[name].summary}", room))]
    for section in TOPICS[name].sections:
        parts.append(section.title)
        parts += ["\n".join(wrapped(paragraph, room)) for paragraph in section.text.split("\n\n") if paragraph]
        parts += ["\n".join(definitions(list(section.rows), room))] if section.rows else []
        parts += ["\n".join(f"  {line}" for line in section.lines)] if section.lines else []
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """Every topic's manual page by the name of its file."""
    return {f"nbs-help-{name}.{SECTION}": _page(name, topic) for name, topic in TOPICS.items()}


def _page(name: str, topic: Topic) -> str:
    page = Page(f"nbs-help-{name}", SECTION, f"nbs {__version__}", _("NHN Cloud Block Storage"))
    page.section(_("NAME"))
    page.line(f"{escaped(f'nbs-help-{name}')} \\- {prose(topic.summary)}")
    for section in topic.sections:
        told(page, section)
    page.section(_("SEE ALSO"))
    others = [f"{bold(f'nbs-help-{other}')}({SECTION})" for other in TOPICS if other != name]
    page.line(", ".join([f"{bold('nbs')}(1)", *others]))
    return page.text
