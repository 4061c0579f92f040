"""Whose report an entry is: a paper that passes on an agency's text is no second witness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from monitor.core.model import Signal

# Two texts that share this part of their runs of five words are one text.
SAME_TEXT = 0.6
_RUN = 5
# Shorter texts may be alike by chance: headlines of one event are.
_FEWEST_WORDS = 15


@dataclass(frozen=True, slots=True)
class Agency:
    """A news agency: its publisher family, the state that it is an organ of, how its texts are signed."""

    family: str
    party: str | None
    dateline: re.Pattern[str]


def _agency(family: str, party: str | None, dateline: str) -> Agency:
    return Agency(family, party, re.compile(dateline))


AGENCIES = (
    _agency("tass", "russia", r"/ТАСС/|/TASS/|\(ТАСС\)|\(TASS\)|塔斯社[^。]{0,12}[电電]"),
    _agency("ria", "russia", r"РИА Новости\.|/РИА Новости/|\(РИА Новости\)|俄新社[^。]{0,12}[电電]"),
    _agency(
        "interfax", None, r"/Интерфакс/|\(Интерфакс\)|ИНТЕРФАКС|\(Interfax\)|国际文传电讯社[^。]{0,12}[电電]"
    ),
    _agency("xinhua", "china", r"\(Xinhua\)|/Синьхуа/|新华社[^。]{0,16}[电電]|新華社[^。]{0,16}電"),
    _agency("chinanews", "china", r"中新社[^。]{0,16}[电電]|中新网[^。]{0,12}[电電]"),
    _agency("cctv", "china", r"央视新闻消息|\(CCTV\)"),
    _agency("reuters", None, r"\(Reuters\)|路透社?[^。]{0,16}[电電]|/Рейтер/"),
    _agency("ap", None, r"\(AP\)|美联社[^。]{0,16}[电電]"),
    _agency("afp", None, r"\(AFP\)|法新社[^。]{0,16}[电電]"),
    _agency("kyodo", None, r"\(Kyodo\)|共同社[^。]{0,16}[电電]"),
    _agency("yonhap", None, r"\(Yonhap\)|韩联社[^。]{0,16}[电電]"),
)


def with_origins(signals: Sequence[Signal]) -> list[Signal]:
    """The signals of one story, each with the publisher whose report it passes on, where it does.

    By the agency that its text names as its source, else by an earlier signal
    with nearly the same text. The order is kept.
    """
    found: list[Signal] = []
    for signal in signals:
        agency = next((a for a in AGENCIES if a.dateline.search(f"{signal.title} {signal.summary}")), None)
        if agency is not None and agency.family != signal.family:
            found.append(replace(signal, passes_on=agency.family, passes_on_party=agency.party))
            continue
        copied = next((one for one in found if one.voice != signal.family and _is_copy(signal, one)), None)
        if copied is not None:
            found.append(replace(signal, passes_on=copied.voice, passes_on_party=copied.voice_party))
        else:
            found.append(signal)
    return found


def _is_copy(one: Signal, other: Signal) -> bool:
    a, b = _runs(one.title, one.summary), _runs(other.title, other.summary)
    return bool(a and b) and len(a & b) / min(len(a), len(b)) > SAME_TEXT


@lru_cache(maxsize=4096)
def _runs(title: str, summary: str) -> frozenset[str]:
    """Runs of five words, in Chinese of ten characters; none of a text too short to tell."""
    words = re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", f"{title} {summary}".lower())
    if words and "\u3400" <= words[0][0] <= "\u9fff":
        words = [a + b for a, b in pairwise(words)]
    if len(words) < _FEWEST_WORDS:
        return frozenset()
    return frozenset(" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))
