"""The language of a text whose feed and entry do not declare one, by its letters alone."""

from __future__ import annotations

import re
from collections import Counter

# Letters that one neighbour of Russian writes and Russian does not.
_CYRILLIC = (
    (re.compile("[їєґЇЄҐ]"), "uk"),
    (re.compile("[ўЎ]"), "be"),
    (re.compile("[ђћљњџЂЋЉЊЏ]"), "sr"),
    (re.compile("[ѓќѕЃЌЅ]"), "mk"),
    (re.compile("[әғқңұһӘҒҚҢҰҺ]"), "kk"),
    (re.compile("[өүӨҮ]"), "mn"),
)
_RUSSIAN = re.compile("[ыэёЫЭЁ]")
_UKRAINIAN_I = re.compile("[іІ]")
# Bulgarian writes ъ as a vowel, inside a syllable; in Russian it only parts a consonant and a soft vowel.
_BULGARIAN = re.compile("[ъЪ](?![еёюяЕЁЮЯ])[а-яА-Я]")
_OTHER = r"[^\W\d_A-Za-z\u00c0-\u024f\u0400-\u052f\u1100-\u11ff\u3041-\u30fa\u3400-\ud7a3]+"
_SCRIPTS = (
    ("kana", re.compile("[\u3041-\u3096\u30a1-\u30fa]+")),
    ("hangul", re.compile("[\u1100-\u11ff\uac00-\ud7a3]+")),
    ("han", re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+")),
    ("cyrillic", re.compile("[\u0400-\u052f]+")),
    ("latin", re.compile("[A-Za-z\u00c0-\u024f]+")),
    ("other", re.compile(_OTHER)),
)
_LATIN_WORD = re.compile("[A-Za-z\u00c0-\u024f]+")
# Words of grammar that each of these languages has for itself; two decide between the languages.
_GRAMMAR = {
    "en": "the of and to is that with for was are by from has will this his said at on it as not after over",
    "de": "der die das und ist nicht mit von auf ein eine den dem zu im sich",
    "fr": "le les des est une du dans pour et sur avec qui au aux par la",
    "es": "el los las que del por con para se su una y en al la",
    "it": "il che di della gli per con sono nel una dei la",
    "pt": "o os que do da em para com uma não se na dos no",
    "pl": "w na z do się nie jest że przez po od",
    "tr": "ve bir bu için ile da de olarak",
}
_LANGUAGES_OF = {
    word: [language for language, words in _GRAMMAR.items() if word in words.split()]
    for words in _GRAMMAR.values()
    for word in words.split()
}
# Enough of a text to tell, however long it is.
_ENOUGH = 4000
# A Han character says about as much as this many letters.
_HAN_LETTERS = 2
# A script decides where it holds more than this share: names stay Latin in Chinese and Russian texts.
_DECIDING = 1 / 3


def guess_language(text: str) -> str:
    """The language of a text as ISO 639-1 code, "und" when unsure.

    The script decides between English, Russian and Chinese; letters of their
    own tell Russian's neighbours apart, words of grammar those of English.
    """
    text = text[:_ENOUGH]
    letters = Counter({name: sum(map(len, found.findall(text))) for name, found in _SCRIPTS})
    if letters["kana"] * 10 > letters["han"] + letters["kana"]:
        return _unless_minor("ja", letters, "kana", "han")
    if letters["hangul"] > letters["han"]:
        return _unless_minor("ko", letters, "hangul")
    if letters["han"]:
        chinese = _unless_minor("zh", letters, "han")
        if chinese != "und":
            return chinese
    if _unless_minor("ru", letters, "cyrillic") != "und":
        return _cyrillic(text)
    return _latin(text) if _unless_minor("en", letters, "latin") != "und" else "und"


def _unless_minor(language: str, letters: Counter[str], *scripts: str) -> str:
    """The language, if its scripts hold most of the text; else "und"."""
    weights = {name: count * (_HAN_LETTERS if name == "han" else 1) for name, count in letters.items()}
    own = sum(weights[name] for name in scripts)
    return language if own > _DECIDING * sum(weights.values()) else "und"


def _cyrillic(text: str) -> str:
    for pattern, language in _CYRILLIC:
        if pattern.search(text):
            return language
    if _UKRAINIAN_I.search(text):
        return "be" if _RUSSIAN.search(text) else "uk"
    if _RUSSIAN.search(text):
        return "ru"
    return "bg" if _BULGARIAN.search(text) else "ru"


def _latin(text: str) -> str:
    """The language with most words of grammar; English needs only one, others two and more than English."""
    seen = Counter(
        language for word in _LATIN_WORD.findall(text.lower()) for language in _LANGUAGES_OF.get(word, ())
    )
    ranked = seen.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return "und"
    best, count = ranked[0]
    return best if count > 1 or best == "en" else "und"
