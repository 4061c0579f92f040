"""[compose] tables -> composites: the names of their parts looked up, and what cannot hold refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from monitor.rules.building import alternatives, composite
from monitor.rules.catalog import CompositeIndicator, Indicator
from monitor.rules.codes import nearest
from monitor.rules.positions import Key
from monitor.rules.reporting import Source
from monitor.rules.schema import ComposeTable, IndicatorFile

DOMAIN = "domain:"


@dataclass(frozen=True, slots=True)
class Pending:
    """A composite as read, until all indicators are."""

    table: IndicatorFile
    compose: ComposeTable
    domain: str
    source: Source


def resolve_composites(
    pending: Mapping[str, Pending], indicators: Mapping[str, Indicator], broken: Collection[str]
) -> dict[str, CompositeIndicator]:
    """The composites whose parts all exist; reports why the others do not stand.

    `broken` are the ids of files that have problems of their own: a part among them is not reported again.
    """
    found = {}
    for name, one in sorted(pending.items()):
        if (made := _Resolving(one, pending, indicators, broken).composite()) is not None:
            found[name] = made
    return found


class _Resolving:
    """One composite, and what its parts may be."""

    def __init__(
        self,
        one: Pending,
        pending: Mapping[str, Pending],
        indicators: Mapping[str, Indicator],
        broken: Collection[str],
    ) -> None:
        self.one = one
        self.pending = pending
        self.indicators = indicators
        self.broken = broken
        self.is_sound = True

    def composite(self) -> CompositeIndicator | None:
        compose = self.one.compose
        self.check_shape()
        name = "all" if compose.all else "of"
        written = compose.all or compose.of
        parts = [self.part(part, ("compose", name, number)) for number, part in enumerate(written)]
        self.check_overlap(parts, name)
        if not self.is_sound:
            return None
        return composite(self.one.table, compose, parts, self.one.domain)

    def refuse(self, code: str, message: str, key: Key, text: str | None = None, help: str = "") -> None:
        self.one.source.report(code, message, key, text=text, help=help)
        self.is_sound = False

    def check_shape(self) -> None:
        compose, table = self.one.compose, self.one.table
        if bool(compose.all) == bool(compose.of) or (compose.any_n is None) == bool(compose.of):
            self.refuse(
                "R052", "which parts are needed?", ("compose",),
                help='write all = ["...", "..."], or any_n = 3 with of = ["...", "...", "...", "..."]',
            )  # fmt: skip
        elif len(compose.all or compose.of) < (compose.any_n or 2):
            self.refuse("R052", "fewer parts than are needed", ("compose", "all" if compose.all else "any_n"))
        if compose.in_order and not compose.all:
            self.refuse("R052", "an order needs all parts", ("compose", "in_order"), help="write all")
        for key in ("terms", "example"):
            if getattr(table, key):
                self.refuse("R052", f"a composite has no {key} of its own", (key,), help="delete it")
        if not table.why.strip():
            self.refuse("R052", "a composite needs its reason", ("id",), help='write why = "..."')

    def part(self, written: str | list[str], key: Key) -> frozenset[str]:
        return frozenset(name for text in alternatives(written) for name in self.named(text, key))

    def named(self, text: str, key: Key) -> list[str]:
        """The indicators that a part means; reports the one that cannot be meant."""
        if text.startswith(DOMAIN):
            return self.of_domain(text.removeprefix(DOMAIN), key, text)
        if text in self.pending:
            is_self = text == self.one.table.id
            self.refuse(
                "R051", "names itself" if is_self else f"{text} is a composite too", key, text,
                help="name the indicators that it is made of",
            )  # fmt: skip
        elif text in self.broken:
            self.is_sound = False
        elif text not in self.indicators:
            self.refuse("R050", f"no indicator {text!r}", key, text, help=nearest(text, self.indicators))
        elif not self.indicators[text].is_matched:
            status = self.indicators[text].status
            self.refuse("R050", f"{text} is {status} and gives no signals", key, text)
        elif self.indicators[text].weight < self.one.compose.min_weight:
            self.refuse("R050", f"{text} weighs less than min_weight", key, text)
        return [text]

    def of_domain(self, domain: str, key: Key, text: str) -> list[str]:
        """Indicators of a domain that point the way of the composite and weigh enough."""
        known = {i.domain for i in self.indicators.values()}
        chosen = [
            i.id
            for i in self.indicators.values()
            if i.domain == domain
            and i.is_matched
            and i.direction == self.one.table.direction
            and i.weight >= self.one.compose.min_weight
        ]
        if domain not in known:
            self.refuse("R050", f"no domain {domain!r}", key, text, help=nearest(domain, known))
        elif not chosen:
            self.refuse("R050", f"no indicator of {domain} has this direction and min_weight", key, text)
        return chosen

    def check_overlap(self, parts: list[frozenset[str]], name: str) -> None:
        seen: set[str] = set()
        for number, part in enumerate(parts):
            if common := sorted(seen & part):
                message = f"{common[0]} stands in two parts"
                self.refuse("R052", message, ("compose", name, number), help="one signal is one part")
            if not part:
                self.refuse("R052", "an empty part", ("compose", name, number))
            seen |= part
