"""A JMESPath expression over the data (owns jmespath): asked once, when everything is there.

Source: the JMESPath specification; what it is asked of is what `-o json` would print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jmespath
from jmespath.exceptions import IncompleteExpressionError, JMESPathError, JMESPathTypeError, ParseError
from jmespath.functions import Functions

from nbs_cli.errors import Failure, Usage, nearest
from nbs_cli.output.cells import compact
from nbs_cli.output.words import _, plural

_FUNCTIONS = Functions.FUNCTION_TABLE
_CRASHES = (
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
)  # what functions raise about values they do not check
_SHOWN = 60  # characters of a value that a function could not work on


class Query:
    """An expression that was read; raises Usage, naming the place, for one that is none or misuses a function.

    *changed* says whether the command has changed something: a query that fails after that is no mistake in typing.
    *tell* is told of a field that the query names and the data does not have.
    """

    def __init__(
        self,
        text: str,
        changed: Callable[[], bool] = lambda: False,
        tell: Callable[[str], object] = lambda _words: None,
    ) -> None:
        self.text = text
        self.changed = changed
        self.tell = tell
        try:
            self.expression = jmespath.compile(text)
        except (JMESPathError, RecursionError) as error:
            raise _unread(text, error) from error
        for node in _nodes(self.expression.parsed):
            if node["type"] == "function_expression":
                _check_call(node["value"], len(node["children"]))

    def ask(self, data: Any) -> Any:
        """What the expression finds in *data*; raises Usage where a function cannot work on what is there."""
        unheard = _unheard(self.expression.parsed, data)
        try:
            answer = self.expression.search(data)
        except (JMESPathError, *_CRASHES) as error:
            words = _("the query {text!r} cannot be answered: {words}").format(text=self.text, words=_words(error))
            raise (Failure if self.changed() else Usage)(words, hint=next(unheard, _example())) from error
        for words in unheard:
            self.tell(words)
        return answer


def _words(error: Exception) -> str:
    """What a function could not work on, the value cut short."""
    if not isinstance(error, JMESPathTypeError):
        return " ".join(str(error).split())
    return _("{name}() takes {expected}, and {value} is {actual}").format(
        name=error.function_name,
        expected=", ".join(error.expected_types),
        value=compact(error.current_value)[:_SHOWN],
        actual=error.actual_type,
    )


def _unread(text: str, error: Exception) -> Usage:
    """Say where the expression stops to be one, and what was probably meant."""
    if not text.strip():
        return Usage(_("the query is empty"), hint=_example())
    if isinstance(error, RecursionError):
        return Usage(_("the query is nested too deeply"), hint=_example())
    if isinstance(error, IncompleteExpressionError) or not isinstance(error, ParseError):
        return Usage(_("the query {text!r} ends too early").format(text=text), hint=_example())
    place = error.lex_position
    words = _("the query {text!r} cannot be read from its character {place} on: {rest!r}")
    return Usage(words.format(text=text, place=place + 1, rest=text[place:]), hint=_meant(text[place:]))


def _meant(rest: str) -> str:
    """The hint for what stands at the place of the mistake."""
    if rest[:1].isdecimal():
        return _("a number stands in backticks, and the whole query in single quotes: '[?size > `100`]'")
    if rest.startswith("="):
        return _("`==` compares, and a text stands in single quotes: \"[?status == 'error']\"")
    if not rest[:1].isascii():
        return _("a name of other letters than a to z stands in double quotes")
    return _example()


def _example() -> str:
    return _("`[].name` or `[?size > `100`].id`, for example, is a query (https://jmespath.org)")


def _check_call(name: str, count: int) -> None:
    """Raise Usage for a function that there is not, and for one that is called with too many values or too few."""
    if name not in _FUNCTIONS:
        raise Usage(
            _("the query calls {name}(), which is no function of JMESPath").format(name=name),
            hint=nearest(name, sorted(_FUNCTIONS), _("the functions are {names}")),
        )
    signature = _FUNCTIONS[name]["signature"]
    if count < len(signature) or (count > len(signature) and not signature[-1].get("variadic")):
        words = plural(
            "{name}() in the query takes {count} value, and not {given}",
            "{name}() in the query takes {count} values, and not {given}",
            len(signature),
        )
        raise Usage(words.format(name=name, count=len(signature), given=count), hint=_example())


def _nodes(node: Any) -> Iterator[Any]:
    """The parsed expression *node* and all below it."""
    yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _nodes(child)


def _unheard(parsed: Any, data: Any) -> Iterator[str]:
    """A note for each field that is named and that nothing in *data* has, where it is clear what was meant."""
    nodes = list(_nodes(parsed))
    made = {node["value"] for node in nodes if node["type"] == "key_val_pair"}
    named = {node["value"] for node in nodes if node["type"] == "field"} - made
    known: dict[str, None] = {}
    for key in _keys(data):
        known[key] = None
        if known.keys() >= named:
            return
    for name in sorted(named - known.keys()) if known else ():
        meant = "" if name in _fields(nodes, "comparator") else nearest(name, list(known), "")
        if meant:
            yield _("the query names a field {name}, which nothing has; {meant}").format(name=name, meant=meant)
        elif name in _fields(nodes, "comparator") | _fields(nodes, "function_expression"):
            words = _("the query names a field {name}, which nothing has; a text stands in single quotes: '{name}'")
            yield words.format(name=name)


def _fields(nodes: list[Any], kind: str) -> set[str]:
    """The fields that stand where nodes of *kind* compare or take a value, and a text may be meant."""
    inner = [node["children"] for node in nodes if node["type"] == kind]
    literal = {"literal"} if kind == "comparator" else set()
    return {
        child["value"]
        for children in inner
        if literal.isdisjoint(child["type"] for child in children)
        for child in children
        if child["type"] == "field"
    }


def _keys(data: Any) -> Iterator[str]:
    """The keys of all objects in *data*."""
    if isinstance(data, dict):
        yield from data
    if isinstance(data, (dict, list)):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _keys(value)
