"""Years long past in a folded text: what stands beside them is history, not news."""

from __future__ import annotations

import re
from datetime import datetime

from monitor.rules.text import Text

_YEAR = r"(1[89]\d\d|20\d\d)"
# "In 1996", "в 2008 году", "2001 年" date an event; "since", "с ... года" and "年以来" count up to today.
_DATED = re.compile(
    rf"(?<= in ){_YEAR}(?= )"
    rf"|(?<! с )(?<! со )(?<! после )(?<= ){_YEAR}(?= (?:год|года|году|годах|г|гг|м) )"
    rf"|(?<!自 )(?<!自从 )(?<= ){_YEAR}(?= 年(?!以来|之后|起|来))"
)
_ANY = re.compile(rf"(?<= ){_YEAR}(?= )")
# Last year is still news: annual figures are compared with it.
_NEWS_YEARS = 1


def past_years(text: Text, at: datetime) -> list[tuple[int, int]]:
    """Places of dates at least two calendar years before `at`, in sentences without a later year."""
    oldest = at.year - _NEWS_YEARS
    dates = [found for found in _DATED.finditer(text.folded) if int(found[0]) < oldest]
    if not dates:
        return []
    current = {text.sentence_at(y.start()) for y in _ANY.finditer(text.folded) if int(y[0]) >= oldest}
    return [found.span() for found in dates if text.sentence_at(found.start()) not in current]
