"""What people call resources: the noun, the command group, the sentence for one that does not exist."""

from __future__ import annotations

from collections.abc import Sequence

from nbs_cli.cloud.resources import VOLUME_TYPE, Resource
from nbs_cli.errors import NotFound, closest
from nbs_cli.output.words import _

_LIKE = 0.7  # how alike two names must be: what is offered here may be deleted next


def noun_of(resource: Resource) -> str:
    """What people call one of *resource*."""
    return _(resource.name.replace("_", " "))


def command_of(resource: Resource) -> str:
    """The command group of *resource*."""
    return "types" if resource is VOLUME_TYPE else resource.name


def missing(resource: Resource, text: str, names: Sequence[str] = (), answer: NotFound | None = None) -> NotFound:
    """Say that nothing bears the name or ID *text*, and which of the *names* that there are is like it.

    *answer* is the server's, where it was asked for this one alone.
    """
    noun = noun_of(resource)
    hint = _("`nbs {command} list` shows what there is").format(command=command_of(resource))
    close = closest(text.removeprefix("name:"), names, _LIKE)
    return NotFound(
        _("there is no {noun} {ref}").format(noun=noun, ref=text),
        hint=hint if close is None else _("did you mean {name}?").format(name=close) + " " + hint,
        http_status=answer.http_status if answer else None,
        request_id=answer.request_id if answer else None,
        resource=text,
    )
