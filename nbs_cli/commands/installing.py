"""`nbs completion --install` and `--uninstall`: the script in its file, and what is left for the user to do."""

from __future__ import annotations

from nbs_cli.local import installed
from nbs_cli.local.folders import readable
from nbs_cli.local.installed import Done
from nbs_cli.output.words import _
from nbs_cli.session import Session
from nbs_cli.shells import SHELLS


def install(session: Session, shell: str) -> None:
    """Put the script of *shell* where it looks; the one line that no program should write for a user is told."""
    place = installed.place(shell, session.environ)
    done = installed.install(place.path, SHELLS[shell])
    words = {
        Done.WRITTEN: _("the completion of {shell} is in {path}"),
        Done.REPLACED: _("the completion of {shell} in {path} is up to date now"),
        Done.SAME: _("the completion of {shell} is in {path} already"),
    }
    session.notes.note(words[done].format(shell=shell, path=readable(place.path)))
    if place.loader:
        text = _("it works in every new shell with {loader}; where that is missing, add this line to {profile}, once:")
        session.notes.note(text.format(loader=place.loader, profile=place.profile))
        session.notes.note(f"  {place.line}")
    elif place.line:
        session.notes.note(_("add this line to {profile}, once:").format(profile=place.profile))
        session.notes.note(f"  {place.line}")
    elif done is not Done.SAME:
        session.notes.note(_("it works in every new shell"))


def uninstall(session: Session, shell: str) -> None:
    """Take the script of *shell* away; a line that the user added is told."""
    place = installed.place(shell, session.environ)
    if installed.uninstall(place.path) is Done.ABSENT:
        session.notes.note(
            _("there is no completion of {shell} in {path}").format(shell=shell, path=readable(place.path))
        )
        return
    session.notes.note(_("removed {path}").format(path=readable(place.path)))
    if place.loader:
        session.notes.note(_("if you added this line to {profile}, take it out:").format(profile=place.profile))
        session.notes.note(f"  {place.line}")
    elif place.line:
        session.notes.note(_("take this line out of {profile} too:").format(profile=place.profile))
        session.notes.note(f"  {place.line}")
