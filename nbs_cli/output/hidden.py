"""A secret asked for at the terminal, which shows nothing of it while it is typed."""

from __future__ import annotations

import getpass

from nbs_cli.errors import Usage
from nbs_cli.output.progress import Notes
from nbs_cli.output.text import safe
from nbs_cli.output.words import _


def ask(notes: Notes, question: str) -> str:
    """Ask for a secret where *notes* are told; raises Usage for an empty one."""
    notes.clear()
    secret = None
    try:
        secret = getpass.getpass(f"{safe(question)}: ", notes.stream)
    except EOFError:
        pass
    finally:
        if secret is None:
            notes.stream.write("\n")  # getpass ends the line of an answer only
    if not secret:
        raise Usage(_("nothing was answered"))
    return secret
