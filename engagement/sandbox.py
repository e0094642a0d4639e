"""Django's template syntax without its powers, for texts that people edit.

No tags but `if` and `comment`; no loading, including or looping; no attribute, method or index of a
variable; only filters whose cost does not depend on their argument. What is left cannot read settings, files
or models, and cannot run for long.
"""

from collections.abc import Mapping
from functools import lru_cache
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
from django.template.base import FilterExpression, Lexer, Parser, Variable

TAGS = ("if", "comment")
FILTERS = (
    "capfirst",
    "date",
    "default",
    "default_if_none",
    "join",
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
#: More decimal places than this are no number that a person reads.
MOST_DECIMALS = 20


def floatformat(value: Any, decimals: Any = -1) -> str:
    """Django's filter, for a reasonable number of decimal places."""
    if isinstance(decimals, str):
        decimals = decimals.rstrip("gu")
    if abs(int(decimals or 0)) > MOST_DECIMALS:
        raise TemplateSyntaxError(f"floatformat shows up to {MOST_DECIMALS} decimal places, not {decimals}.")
    return defaultfilters.floatformat(value, decimals)


class _Permitted(Library):
    def __init__(self) -> None:
        super().__init__()
        self.tags = {name: defaulttags.register.tags[name] for name in TAGS}
        self.filters = {name: defaultfilters.register.filters[name] for name in FILTERS}
        self.filter("floatformat", floatformat)


class _Engine(Engine):
    def get_template_builtins(self, builtins: list[str]) -> list[Library]:
        return [_Permitted()]


class _Parser(Parser):
    """Refuses every lookup, and notes which variables are used."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: set[str] = set()

    def compile_filter(self, token: str) -> FilterExpression:
        """Compile an expression whose variables are plain names."""
        expression = super().compile_filter(token)
        arguments = [
            argument for _, given in expression.filters for is_variable, argument in given if is_variable
        ]
        for variable in [expression.var, *arguments]:
            if isinstance(variable, Variable):
                self._note(variable)
        return expression

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
        parser = _Parser(Lexer(self.source).tokenize(), {}, self.engine.template_builtins, self.origin)
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
    """Compile a text; raise TemplateSyntaxError, saying what is not permitted."""
    return SandboxedTemplate(source, engine=_ENGINE)
