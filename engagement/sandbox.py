"""Django's template syntax without its powers, for texts that people edit.

No tags but `if` and `comment`, nested a few deep; no loading, including or looping; no attribute, method or
index of a variable; only harmless filters, and their arguments are constants (a value joined by a value is
their product). What is left cannot read settings, files or models, and cannot run for long.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from django.template import (
    Context,
    Engine,
    Library,
    Template,
    TemplateSyntaxError,
    defaultfilters,
    defaulttags,
)
from django.template.base import FilterExpression, Lexer, NodeList, Parser, TokenType, Variable

from events.sql import UNSTORABLE

TAGS = ("if", "comment")
FILTERS = (
    "capfirst",
    "date",
    "default",
    "default_if_none",
    "length",
    "lower",
    "pluralize",
    "time",
    "title",
    "truncatechars",
    "truncatewords",
    "upper",
    "yesno",
)
#: These alone may have a parameter as their argument: they return one or the other.
CHOOSING = {"default", "default_if_none"}
#: The argument of these is a text, not a number.
SPELLING = {"date", "join", "time", "yesno"}
#: More decimal places than this are no number that a person reads.
MOST_DECIMALS = 20
LONGEST = 4_000
DEEPEST = 10
#: In one tag: conditions are nested too, by `not` and `and`.
MOST_WORDS = 50
#: In one expression, and in one text.
MOST_FILTERS, MOST_VARIABLES = 5, 50
#: Of a list, and of each of its items.
LONGEST_JOIN, LONGEST_ITEM = 1_000, 1_000


def floatformat(value: Any, decimals: Any = -1) -> str:
    """Django's filter, for a reasonable number of decimal places."""
    if isinstance(decimals, str):
        decimals = decimals.rstrip("gu")
    if abs(int(decimals or 0)) > MOST_DECIMALS:
        raise TemplateSyntaxError(f"floatformat shows up to {MOST_DECIMALS} decimal places, not {decimals}.")
    return defaultfilters.floatformat(value, decimals)


def join(values: Any, separator: str) -> str:
    """Join a list. Not the characters of a text, as Django's filter does: again and again, that multiplies it."""
    if isinstance(values, str):
        raise TemplateSyntaxError("join is for lists, not for texts.")
    return separator.join(str(value)[:LONGEST_ITEM] for value in islice(values, LONGEST_JOIN))[:LONGEST]


class _Permitted(Library):
    def __init__(self) -> None:
        super().__init__()
        self.tags = {name: defaulttags.register.tags[name] for name in TAGS}
        self.filters = {name: defaultfilters.register.filters[name] for name in FILTERS}
        self.filter("floatformat", floatformat)
        self.filter("join", join)


class _Engine(Engine):
    def get_template_builtins(self, builtins: list[str]) -> list[Library]:
        return [_Permitted()]


class _Parser(Parser):
    """Refuses every lookup, and notes which variables are used."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: set[str] = set()
        self._depth = self._variables = 0

    def parse(self, parse_until: Any = None) -> NodeList:
        """Parse, a few levels deep: what compiles must not run out of stack when it is rendered."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise TemplateSyntaxError(f"Tags are nested more than {DEEPEST} deep.")
        nodes = super().parse(parse_until)
        self._depth -= 1
        return nodes

    def compile_filter(self, token: str) -> FilterExpression:
        """Compile an expression whose variables are plain names."""
        expression = super().compile_filter(token)
        self._count_filters(expression)
        if isinstance(expression.var, Variable):
            self._note(expression.var)
        for function, arguments in expression.filters:
            for is_variable, argument in arguments:
                if is_variable:
                    self._note_argument(getattr(function, "_filter_name", ""), argument)
        return expression

    def _count_filters(self, expression: FilterExpression) -> None:
        """Refuse what takes long by being much: each filter works on the whole of what came out of the one before."""
        self._variables += 1
        if len(expression.filters) > MOST_FILTERS:
            raise TemplateSyntaxError(f"{expression.token}: at most {MOST_FILTERS} filters in a row.")
        if self._variables > MOST_VARIABLES:
            raise TemplateSyntaxError(f"There are more than {MOST_VARIABLES} variables.")

    def _note_argument(self, name: str, argument: Variable) -> None:
        if name in SPELLING and not argument.lookups:
            raise TemplateSyntaxError(
                f"{name}:{argument.var}: the argument of this filter must be a text in quotes."
            )
        if name not in CHOOSING and argument.lookups:
            raise TemplateSyntaxError(
                f"{name}:{argument.var}: the argument of this filter must be a constant."
            )
        self._note(argument)

    def _note(self, variable: Variable) -> None:
        if not variable.lookups:
            return
        if len(variable.lookups) > 1:
            raise TemplateSyntaxError(
                f"{variable.var}: parameters have no parts; use plain names, without a dot."
            )
        self.names.add(variable.lookups[0])


class SandboxedTemplate(Template):
    """A compiled text; `names` are the parameters it uses."""

    names: frozenset[str]

    def compile_nodelist(self) -> Any:
        """Parse with the restricted parser."""
        tokens = Lexer(self.source).tokenize()
        if any(
            len(token.contents.split()) > MOST_WORDS
            for token in tokens
            if token.token_type == TokenType.BLOCK
        ):
            raise TemplateSyntaxError(f"A tag has more than {MOST_WORDS} words.")
        parser = _Parser(tokens, {}, self.engine.template_builtins, self.origin)
        nodes = parser.parse()
        self.names = frozenset(parser.names) - {"True", "False", "None"}
        self.extra_data = parser.extra_data
        return nodes

    def text(self, values: Mapping[str, Any]) -> str:
        """Render as plain text: nothing is escaped."""
        return self.render(Context(dict(values), autoescape=False))


_ENGINE = _Engine(loaders=[], autoescape=False)


@lru_cache(maxsize=2048)
def compile_text(source: str) -> SandboxedTemplate:
    """Compile a text of up to 4,000 characters; raise TemplateSyntaxError, saying what is not permitted."""
    if len(source) > LONGEST:
        raise TemplateSyntaxError(f"It has {len(source)} characters; {LONGEST} are permitted.")
    if UNSTORABLE.search(source):
        raise TemplateSyntaxError("It contains a NUL or a lone surrogate.")
    return SandboxedTemplate(source, engine=_ENGINE)
