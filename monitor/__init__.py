"""Entente: watches news feeds for the indicators of Russia-China cooperation."""

__version__ = "0.1.0"
