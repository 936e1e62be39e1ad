"""`nbs doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import typer

from nbs_cli.commands.checks import CHECKS, OK, lines
from nbs_cli.commands.shapes import FINDING
from nbs_cli.errors import Failure
from nbs_cli.output.words import _, plural
from nbs_cli.parser import command
from nbs_cli.session import Session

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "doctor",
    _(
        "Find out what is wrong here, and how to mend it\n\n"
        "It lists the creates whose answer was lost, or that were killed before they could tell what they made, each "
        "with the command that settles it: that one looks first, and creates only what is missing. Nothing is asked "
        "of any server. Exit 1 when there is something to mend."
    ),
    "nbs doctor",
    "nbs doctor -q | sh",
    "nbs doctor -o json | jq '.[] | select(.status != \"ok\")'",
)
def doctor(ctx: typer.Context) -> None:
    """Every check, in turn."""
    session: Session = ctx.obj
    session.printer.check(FINDING)
    findings = [finding for check in CHECKS for finding in check(session)]
    if session.options.quiet:
        session.printer.show(FINDING, [one.record() for one in findings if one.fix], several=True)
    elif session.for_people and not session.options.columns:
        session.stdout.write("".join(f"{line}\n" for one in findings for line in lines(one)))
    else:
        session.printer.show(FINDING, [one.record() for one in findings], several=True)
    wrong = [one for one in findings if one.status != OK]
    if wrong:
        raise Failure(
            plural("there is one thing to mend", "there are {count} things to mend", len(wrong)).format(
                count=len(wrong)
            )
        )
