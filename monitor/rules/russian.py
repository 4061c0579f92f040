"""Russian surface forms: paradigms of words, agreement in phrases. The only file that knows pymorphy3."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from typing import Any

import pymorphy3

_CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")
_CASE_NAMES = frozenset((*_CASES, "gen2", "loc2", "voct"))
# Comparatives and superlatives of news words are hardly ever written, and double the automaton.
_UNUSED = frozenset(("COMP", "Supr", "Arch", "Litr"))
_AGREEING = ("ADJF", "PRTF")


@cache
def _analyzer() -> Any:
    return pymorphy3.MorphAnalyzer()


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
        return {f"{form} {rest}" for form in _lexeme(verb)} | {term}
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
    number = head[1].tag.number
    found: dict[str, set[str]] = {}
    for case, of_number, form in _forms_by_case(words, head):
        if of_number == number:
            found.setdefault(case, set()).add(form)
    return found


@lru_cache(maxsize=1 << 14)
def _parses(word: str) -> list[Any]:
    return list(_analyzer().parse(word))


# Phrases share their adjectives, and an inflection costs the whole paradigm.
@lru_cache(maxsize=1 << 14)
def _inflected(parse: Any, grammemes: frozenset[str]) -> str | None:
    form = parse.inflect(grammemes)
    return str(form.word) if form else None


@lru_cache(maxsize=4096)
def _word_forms(word: str) -> set[str]:
    if _is_acronym(word):
        return {word}
    parses = [p for p in _parses(word) if "UNKN" not in p.tag]
    own = [p for p in parses if _same(p.normal_form, word)]
    if not own:
        return {word}.union(*(_lexeme(p) for p in parses[:1]))
    # One word, several paradigms (a surname, its namesake noun): all that have this dictionary form.
    known = [p for p in own if p.is_known] or own[:1]
    return {word}.union(*(_lexeme(p) for p in known))


def _lexeme(parse: Any) -> set[str]:
    return {form.word for form in parse.lexeme if not _UNUSED & form.tag.grammemes}


def _is_acronym(word: str) -> bool:
    # "МИД" and "ООН" have paradigms in the dictionary; a guess for an unknown acronym is noise.
    return word.isupper() and len(word) > 1 and not any(p.is_known for p in _parses(word))


def _same(one: str, other: str) -> bool:
    return one.lower().replace("ё", "е") == other.lower().replace("ё", "е")


def _parse_as(word: str, part: str) -> Any | None:
    return next((p for p in _parses(word) if part in p.tag), None)


def _phrase_forms(words: list[str]) -> set[str]:
    """Inflect the agreeing beginning of a phrase: adjectives, their noun, nouns in apposition."""
    head = _head_of(words)
    if head is None:
        return _adjective_forms(words)
    return {form for _, _, form in _forms_by_case(words, head)}


def _forms_by_case(words: list[str], head: tuple[int, Any]) -> Iterator[tuple[str, str, str]]:
    """Case, number and text of each form of a phrase with this noun as its head."""
    at, noun = head
    adjectives = [(_adjective(word, noun)) for word in words[:at]]
    if any(a is None and not _is_joint(w) for a, w in zip(adjectives, words, strict=False)):
        return
    appositions = _appositions(words, at, noun)
    rest = words[at + 1 + len(appositions) :]
    for form in noun.lexeme:
        if not _UNUSED & form.tag.grammemes and form.tag.case:
            parts = [*_agreed(words, adjectives, form), form.word, *_followers(appositions, form)]
            yield form.tag.case, form.tag.number, " ".join([*parts, *rest])


def _head_of(words: list[str]) -> tuple[int, Any] | None:
    """The first noun in the nominative, with only adjectives and joints before it."""
    for at, word in enumerate(words):
        if _is_joint(word):
            continue
        nouns = [p for p in _parses(word) if "NOUN" in p.tag and "nomn" in p.tag and not _is_acronym(word)]
        adjective = any("ADJF" in p.tag or "PRTF" in p.tag for p in _parses(word)[:3])
        if nouns and not (adjective and at + 1 < len(words) and _continues(words[at + 1])):
            fitting = (n for n in nouns if all(_is_joint(w) or _adjective(w, n) for w in words[:at]))
            return at, next(fitting, nouns[0])
        if not adjective:
            return None
    return None


def _continues(word: str) -> bool:
    return _is_joint(word) or any(p.tag.POS in ("NOUN", "ADJF") and "nomn" in p.tag for p in _parses(word))


def _is_joint(word: str) -> bool:
    return word in ("и", "или") or not (word.isalpha() or "-" in word)


def _adjective(word: str, noun: Any) -> Any | None:
    """The reading of an adjective that agrees with the noun in the nominative."""
    for parse in _parses(word):
        tag = parse.tag
        agrees = tag.number == "plur" or _gender(noun) in (tag.gender, None)
        if agrees and tag.POS in _AGREEING and "nomn" in tag and tag.number == noun.tag.number:
            return parse
    return None


def _gender(noun: Any) -> str | None:
    return None if "ms-f" in noun.tag else noun.tag.gender


def _agreed(words: list[str], adjectives: list[Any | None], noun: Any) -> list[str]:
    return [(a and _inflect(a, noun)) or word for a, word in zip(adjectives, words, strict=False)]


def _inflect(adjective: Any, noun: Any) -> str | None:
    """The form of an adjective beside one form of a noun."""
    tag = noun.tag
    case = {"gen2": "gent", "loc2": "loct", "voct": "nomn"}.get(tag.case, tag.case)
    wanted = {case, tag.number}
    if tag.number == "sing" and tag.gender:
        wanted.add(tag.gender)
    if case == "accs" and (tag.number == "plur" or tag.gender == "masc"):
        wanted.add("anim" if "anim" in tag else "inan")
    return _inflected(adjective, frozenset(wanted))


def _appositions(words: list[str], at: int, head: Any) -> list[Any]:
    """Nouns after the head that are in the nominative as well: first name and surname, rank and name."""
    found = []
    for word in words[at + 1 :]:
        nouns = [
            p
            for p in _parses(word)
            if "NOUN" in p.tag and "nomn" in p.tag and p.tag.number == head.tag.number
        ]
        if not nouns or not word[0].isupper() or _is_acronym(word):
            break
        found.append(next((n for n in nouns if n.tag.gender == head.tag.gender), nouns[0]))
    return found


def _followers(appositions: list[Any], noun: Any) -> list[str]:
    grammemes = frozenset((noun.tag.case, noun.tag.number))
    return [_inflected(a, grammemes) or a.word for a in appositions]


def _adjective_forms(words: list[str]) -> set[str]:
    """A phrase of adjectives alone: every gender, number and case, all words together."""
    parses = [_parses(w)[0] for w in words]
    if not all("ADJF" in p.tag or _is_joint(w) for p, w in zip(parses, words, strict=True)):
        return set()
    forms = set()
    for case in _CASES:
        for shape in ({"sing", "masc"}, {"sing", "femn"}, {"sing", "neut"}, {"plur"}):
            inflected = [
                w if _is_joint(w) else _form(p, {case, *shape}) for p, w in zip(parses, words, strict=True)
            ]
            forms.add(" ".join(inflected))
    return forms


def _form(parse: Any, wanted: set[str]) -> str:
    return _inflected(parse, frozenset(wanted)) or str(parse.word)
