"""A JMESPath expression over the data (owns jmespath): asked once, when everything is there.

Source: the JMESPath specification; what it is asked of is what `-o json` would print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from nbs_cli.errors import Failure, Usage, nearest
from nbs_cli.output.words import _


class Query:
    """An expression that was read; raises Usage for one that is none, or that calls a function that is none.

    *changed* says whether the command has changed something: a query that fails after that is no mistake in typing.
    """

    def __init__(self, text: str, changed: Callable[[], bool] = lambda: False) -> None:
        self.text = text
        self.changed = changed
        try:
            self.expression = jmespath.compile(text)
        except JMESPathError as error:
            raise _refused(text, error) from error
        for name in _functions(self.expression.parsed):
            if name not in Functions.FUNCTION_TABLE:
                raise Usage(
                    _("the query calls {name}(), which is no function of JMESPath").format(name=name),
                    hint=nearest(name, sorted(Functions.FUNCTION_TABLE), _("the functions are {names}")),
                )

    def ask(self, data: Any) -> Any:
        """What the expression finds in *data*; raises Usage where a function cannot work on what is there."""
        try:
            return self.expression.search(data)
        except JMESPathError as error:
            failure = _refused(self.text, error)
            if self.changed():
                raise Failure(failure.message, hint=failure.hint) from error
            raise failure from error


def _refused(text: str, error: JMESPathError) -> Usage:
    words = " ".join(str(error).partition("\n")[0].split()).rstrip(":")
    return Usage(
        _("the query {text!r} cannot be answered: {words}").format(text=text, words=words),
        hint=_("`[].name` or `[?size > `100`].id`, for example, is a query (https://jmespath.org)"),
    )


def _functions(node: Any) -> Iterator[str]:
    """The names of the functions that the parsed expression *node* calls."""
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _functions(child)
