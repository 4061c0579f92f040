"""What every service needs, wired once in app.py and passed along."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from monitor.config import Config
from monitor.core.briefing import Labels
from monitor.core.health import PollLimits
from monitor.core.scoring import Methodology, default_sigma
from monitor.rendering.language import titles
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One configuration, one catalog, one database."""

    config: Config
    catalog: Catalog
    rules: Rules
    engine: Engine
    method: Methodology
    poll_limits: PollLimits

    @property
    def labels(self) -> Labels:
        return self.labels_in("en")

    def labels_in(self, language: str) -> Labels:
        """Titles in a language, in English where the catalog's `_titles` have no other."""
        said = titles(self.config.catalog_folder / "_titles", language)
        return Labels(
            domains={domain.id: said(domain.title) for domain in self.config.domains},
            indicators={
                one.id: said(one.title)
                for one in (*self.catalog.indicators.values(), *self.catalog.composites.values())
            },
            rules_revision=self.catalog.revision,
            methodology=self.method.version,
        )

    def sigma(self, domain: str, direction: str) -> float:
        """Scale of a domain's index: calibrated where the catalog says so, else a share of its caps."""
        calibrated = (
            self.catalog.domains[domain].sigma.get(direction) if domain in self.catalog.domains else None
        )
        return calibrated or default_sigma(self.weights(domain, direction), self.method)

    def weights(self, domain: str, direction: str) -> list[float]:
        """The weights of a domain's active indicators in one direction."""
        return [
            i.weight
            for i in self.catalog.indicators.values()
            if i.domain == domain and i.direction == direction and i.status == "active"
        ]
