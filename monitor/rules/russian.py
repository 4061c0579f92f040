"""Russian surface forms: paradigms of words, agreement in phrases. The only file that knows pymorphy3."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from itertools import product
from typing import Any, NamedTuple

import pymorphy3

_CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")
_CASE_NAMES = frozenset((*_CASES, "gen1", "gen2", "acc1", "acc2", "loc1", "loc2", "voct"))
# Comparatives and superlatives of news words are hardly ever written, and double the automaton.
_UNUSED = frozenset(("COMP", "Supr", "Arch", "Litr"))
_AGREEING = ("ADJF", "PRTF")


class _Analyzer(pymorphy3.MorphAnalyzer):  # type: ignore[misc]  # the library has no types
    """Works a paradigm out once: each inflection asks for it twice in a row."""

    @lru_cache(maxsize=64)  # noqa: B019  there is one analyzer, for good
    def get_lexeme(self, form: Any) -> Any:
        return super().get_lexeme(form)


@cache
def _analyzer() -> _Analyzer:
    return _Analyzer()


@cache
def _agreement(grammemes: frozenset[str]) -> tuple[str | None, str | None, str | None]:
    """Case, number and gender."""
    case = next(iter(_CASE_NAMES & grammemes), None)
    number = next(iter({"sing", "plur"} & grammemes), None)
    return case, number, next(iter({"masc", "femn", "neut"} & grammemes), None)


class _Form(NamedTuple):
    """One form of a word."""

    word: str
    grammemes: frozenset[str]
    case: str | None
    number: str | None
    gender: str | None


class _Reading:
    """One way to read a word; its paradigm is worked out once, for asking pymorphy is slow."""

    def __init__(self, parse: Any) -> None:
        self._parse = parse
        self._inflected: dict[frozenset[str], str | None] = {}
        self.word: str = parse.word
        self.normal_form: str = parse.normal_form
        self.is_known: bool = parse.is_known
        tag = parse.tag
        self.is_unknown = "UNKN" in tag
        self.part: str | None = tag.POS
        self.case, self.number, self.own_gender = _agreement(tag.grammemes)
        # A surname of both genders agrees with either.
        self.gender = None if "ms-f" in tag else self.own_gender

    @cached_property
    def words(self) -> set[str]:
        """Its forms as written, without those that news hardly ever use."""
        return {form.word for form in self._parse.lexeme if not _UNUSED & form.tag.grammemes}

    @cached_property
    def forms(self) -> list[_Form]:
        """The same forms, as an adjective beside them needs to know them."""
        return [
            _Form(form.word, form.tag.grammemes, *_agreement(form.tag.grammemes))
            for form in self._parse.lexeme
            if not _UNUSED & form.tag.grammemes
        ]

    def inflected(self, grammemes: frozenset[str]) -> str | None:
        """Its form with these grammemes, None where it has none."""
        if grammemes not in self._inflected:
            form = self._parse.inflect(grammemes)
            self._inflected[grammemes] = str(form.word) if form else None
        return self._inflected[grammemes]


def forget_analyses() -> None:
    """Give back what the analysis of words holds: dictionary and paradigms, of use while rules are built."""
    for known in (_word_forms, _parses, _Analyzer.get_lexeme, _agreement, _analyzer):
        known.cache_clear()


def russian_forms(term: str) -> set[str]:
    """The surface forms of a Russian term in dictionary form, itself among them.

    Adjectives and their noun are inflected together in case and number, what
    follows the noun stays as written; a phrase that begins with an infinitive is
    inflected by it. Words that cannot be analysed are kept.
    """
    words = term.split()
    if len(words) == 1:
        return _word_forms(words[0]) | {term}
    verb = _parse_as(words[0], "INFN")
    if verb is not None:
        rest = " ".join(words[1:])
        return {f"{form} {rest}" for form in verb.words} | {term}
    return (_joined_forms(words) or _phrase_forms(words)) | {term}


def _joined_forms(words: list[str]) -> set[str]:
    """Nouns joined by "и" stand in one case, each in its own number; {} for a phrase of another kind."""
    if "и" not in words[1:-1]:
        return set()
    parts: list[list[str]] = [[]]
    for word in words:
        parts.append([]) if word == "и" else parts[-1].append(word)
    if not all(parts):
        return set()
    by_case = [_by_case(part) for part in parts]
    if not all(by_case):
        return set()
    return {
        " и ".join(chosen)
        for case in _CASES
        for chosen in product(*(forms.get(case, ()) for forms in by_case))
    }


def _by_case(words: list[str]) -> dict[str, set[str]]:
    """The forms of a noun with its adjectives by case, in its own number; {} where there is no noun."""
    if len(words) == 1 and _is_acronym(words[0]):
        return {case: {words[0]} for case in _CASES}
    head = _head_of(words)
    if head is None or head[0] != len(words) - 1 - len(_appositions(words, head[0], head[1])):
        return {}
    number = head[1].number
    found: dict[str, set[str]] = {}
    for case, of_number, form in _forms_by_case(words, head):
        if of_number == number:
            found.setdefault(case, set()).add(form)
    return found


# Phrases that follow each other share their words, and an inflection costs the whole paradigm.
@lru_cache(maxsize=1 << 11)
def _parses(word: str) -> list[_Reading]:
    return [_Reading(parse) for parse in _analyzer().parse(word)]


@lru_cache(maxsize=4096)
def _word_forms(word: str) -> set[str]:
    if _is_acronym(word):
        return {word}
    parses = [p for p in _parses(word) if not p.is_unknown]
    own = [p for p in parses if _same(p.normal_form, word)]
    if not own:
        return {word}.union(*(p.words for p in parses[:1]))
    # One word, several paradigms (a surname, its namesake noun): all that have this dictionary form.
    known = [p for p in own if p.is_known] or own[:1]
    return {word}.union(*(p.words for p in known))


def _is_acronym(word: str) -> bool:
    # "МИД" and "ООН" have paradigms in the dictionary; a guess for an unknown acronym is noise.
    return word.isupper() and len(word) > 1 and not any(p.is_known for p in _parses(word))


def _same(one: str, other: str) -> bool:
    return one.lower().replace("ё", "е") == other.lower().replace("ё", "е")


def _parse_as(word: str, part: str) -> _Reading | None:
    return next((p for p in _parses(word) if p.part == part), None)


def _phrase_forms(words: list[str]) -> set[str]:
    """Inflect the agreeing beginning of a phrase: adjectives, their noun, nouns in apposition."""
    head = _head_of(words)
    if head is None:
        return _adjective_forms(words)
    return {form for _, _, form in _forms_by_case(words, head)}


def _forms_by_case(words: list[str], head: tuple[int, _Reading]) -> Iterator[tuple[str, str | None, str]]:
    """Case, number and text of each form of a phrase with this noun as its head."""
    at, noun = head
    adjectives = [(_adjective(word, noun)) for word in words[:at]]
    if any(a is None and not _is_joint(w) for a, w in zip(adjectives, words, strict=False)):
        return
    appositions = _appositions(words, at, noun)
    rest = words[at + 1 + len(appositions) :]
    for form in noun.forms:
        if form.case:
            parts = [*_agreed(words, adjectives, form), form.word, *_followers(appositions, form)]
            yield form.case, form.number, " ".join([*parts, *rest])


def _head_of(words: list[str]) -> tuple[int, _Reading] | None:
    """The first noun in the nominative, with only adjectives and joints before it."""
    for at, word in enumerate(words):
        if _is_joint(word):
            continue
        nouns = [p for p in _parses(word) if _is_nominative_noun(p) and not _is_acronym(word)]
        adjective = any(p.part in _AGREEING for p in _parses(word)[:3])
        if nouns and not (adjective and at + 1 < len(words) and _continues(words[at + 1])):
            fitting = (n for n in nouns if all(_is_joint(w) or _adjective(w, n) for w in words[:at]))
            return at, next(fitting, nouns[0])
        if not adjective:
            return None
    return None


def _is_nominative_noun(reading: _Reading) -> bool:
    return reading.part == "NOUN" and reading.case == "nomn"


def _continues(word: str) -> bool:
    return _is_joint(word) or any(p.part in ("NOUN", "ADJF") and p.case == "nomn" for p in _parses(word))


def _is_joint(word: str) -> bool:
    return word in ("и", "или") or not (word.isalpha() or "-" in word)


def _adjective(word: str, noun: _Reading) -> _Reading | None:
    """The reading of an adjective that agrees with the noun in the nominative."""
    for one in _parses(word):
        agrees = one.number == "plur" or noun.gender in (one.own_gender, None)
        if agrees and one.part in _AGREEING and one.case == "nomn" and one.number == noun.number:
            return one
    return None


def _agreed(words: list[str], adjectives: list[_Reading | None], noun: _Form) -> list[str]:
    if not adjectives:
        return []
    wanted = _beside(noun)
    return [(a and a.inflected(wanted)) or word for a, word in zip(adjectives, words, strict=False)]


def _beside(noun: _Form) -> frozenset[str]:
    """What an adjective must be beside one form of a noun."""
    case = {"gen2": "gent", "loc2": "loct", "voct": "nomn"}.get(noun.case or "", noun.case)
    wanted = {case, noun.number}
    if noun.number == "sing":
        wanted.add(noun.gender)
    if case == "accs" and (noun.number == "plur" or noun.gender == "masc"):
        wanted.add("anim" if "anim" in noun.grammemes else "inan")
    return frozenset(grammeme for grammeme in wanted if grammeme)


def _appositions(words: list[str], at: int, head: _Reading) -> list[_Reading]:
    """Nouns after the head that are in the nominative as well: first name and surname, rank and name."""
    found = []
    for word in words[at + 1 :]:
        nouns = [p for p in _parses(word) if _is_nominative_noun(p) and p.number == head.number]
        if not nouns or not word[0].isupper() or _is_acronym(word):
            break
        found.append(next((n for n in nouns if n.own_gender == head.own_gender), nouns[0]))
    return found


def _followers(appositions: list[_Reading], noun: _Form) -> list[str]:
    grammemes = frozenset(g for g in (noun.case, noun.number) if g)
    return [a.inflected(grammemes) or a.word for a in appositions]


def _adjective_forms(words: list[str]) -> set[str]:
    """A phrase of adjectives alone: every gender, number and case, all words together."""
    parses = [_parses(w)[0] for w in words]
    if not all(p.part == "ADJF" or _is_joint(w) for p, w in zip(parses, words, strict=True)):
        return set()
    forms = set()
    for case in _CASES:
        for shape in ({"sing", "masc"}, {"sing", "femn"}, {"sing", "neut"}, {"plur"}):
            inflected = [
                w if _is_joint(w) else _form(p, {case, *shape}) for p, w in zip(parses, words, strict=True)
            ]
            forms.add(" ".join(inflected))
    return forms


def _form(reading: _Reading, wanted: set[str]) -> str:
    return reading.inflected(frozenset(wanted)) or reading.word
