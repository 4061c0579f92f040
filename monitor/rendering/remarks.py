"""Remarks that were stored in English, in the words of the language in force.

They are made far from any reader, for logs and commands too, and are known
again here by their form; what has another form stays as it is.
"""

from __future__ import annotations

import re

from monitor.core.outcome import Outcome
from monitor.rendering.language import _, marked, n_

CAUSES = {
    name: name
    for name in (
        marked("new stories"),
        marked("corroboration"),
        marked("decay"),
        marked("verdicts"),
        marked("rules"),
        marked("source grades"),
        marked("methodology"),
    )
}
OUTCOMES = (
    marked("timeout"),
    marked("dns"),
    marked("connect"),
    marked("tls"),
    marked("blocked address"),
    marked("bad url"),
    marked("too many redirects"),
    marked("http error"),
    marked("gone"),
    marked("bad response"),
    marked("content encoding"),
    marked("bad content encoding"),
    marked("too large"),
    marked("empty body"),
    marked("not a feed"),
    marked("undecodable"),
    marked("xml entity"),
    marked("too deep"),
    marked("too many attributes"),
    marked("parser crash"),
    marked("parser timeout"),
    marked("our error"),
)
_UNCORROBORATED = re.compile(r"held at (\w+): uncorroborated")
_THIN = re.compile(r"held at (\w+): coverage (\d+%)")
_AGE = re.compile(r"newest entry (\d+) (days|hours) old")
_TOLD = re.compile(r"told of it at ([\d:]+Z)")
_STORM = re.compile(r"(\d+) urgent mails within the hour")
_ACKNOWLEDGED = re.compile(r"acknowledged by (.+)")
_SILENCED = re.compile(r"silenced by (.+) until (\S+ \S+): (.+)", re.DOTALL)


def cause(name: str) -> str:
    """What moved an index."""
    return _(CAUSES.get(name, name))


def of_level(note: str) -> str:
    """Why a level was held."""
    if found := _UNCORROBORATED.fullmatch(note):
        return _("held at {level}: uncorroborated", level=_(found[1]))
    if found := _THIN.fullmatch(note):
        return _("held at {level}: coverage {share}", level=_(found[1]), share=found[2])
    return note


def of_feed(reason: str) -> str:
    """Why a feed tells us nothing; what its server said stays as it was said."""
    if reason == "not polled":
        return _("not polled")
    if found := _AGE.fullmatch(reason):
        number = int(found[1])
        if found[2] == "days":
            return n_("newest entry {number} day old", "newest entry {number} days old", number)
        return n_("newest entry {number} hour old", "newest entry {number} hours old", number)
    outcome, colon, detail = reason.partition(": ")
    return _(outcome) + (_(": ") + detail if colon else "") if outcome in _known_outcomes() else reason


def of_alert(reason: str) -> str:
    """Why an urgent mail was held back."""
    if found := _TOLD.fullmatch(reason):
        return _("told of it at {time}", time=found[1])
    if found := _STORM.fullmatch(reason):
        return n_(
            "{number} urgent mail within the hour", "{number} urgent mails within the hour", int(found[1])
        )
    if found := _ACKNOWLEDGED.fullmatch(reason):
        return _("acknowledged by {who}", who=found[1])
    if found := _SILENCED.fullmatch(reason):
        return _("silenced by {who} until {when}: {why}", who=found[1], when=found[2], why=found[3])
    return reason


def _known_outcomes() -> frozenset[str]:
    return frozenset(outcome.words for outcome in Outcome)
