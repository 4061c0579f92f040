"""English surface forms by rule: plurals and verb forms of a phrase's last word and of its leading verb."""

from __future__ import annotations

import re

_IRREGULAR_VERBS = """
be:is are was were been being am|become:became|begin:began begun|break:broke broken|bring:brought
broadcast:broadcast|build:built|buy:bought|catch:caught|choose:chose chosen|come:came|cost:cost|cut:cut
deal:dealt|do:did done does|draw:drew drawn|drive:drove driven|fall:fell fallen|feel:felt|fight:fought
find:found|flee:fled|fly:flew flown|forbid:forbade forbidden|foresee:foresaw foreseen|forge:forged
freeze:froze frozen|get:got gotten|give:gave given|go:went gone goes|grow:grew grown|hang:hung
have:has had|hear:heard|hide:hid hidden|hit:hit|hold:held|keep:kept|know:knew known|lay:laid|lead:led
leave:left|lend:lent|let:let|lie:lay lain lying|lose:lost|make:made|mean:meant|meet:met|outpace:outpaced
overcome:overcame|overfly:overflew overflown|overtake:overtook overtaken|pay:paid|put:put|read:read
rebuild:rebuilt|resell:resold|rewrite:rewrote rewritten|rise:rose risen|run:ran|say:said|see:saw seen
seek:sought|sell:sold|send:sent|set:set|shake:shook shaken|shoot:shot|show:showed shown|shut:shut
sink:sank sunk|sit:sat|speak:spoke spoken|speed:sped|spend:spent|split:split|spread:spread|stand:stood
steal:stole stolen|strike:struck|swear:swore sworn|take:took taken|teach:taught|tell:told|think:thought
throw:threw thrown|tie:tied tying|undergo:underwent undergone|understand:understood
undertake:undertook undertaken|uphold:upheld|veto:vetoed vetoes vetoing|weaken:weakened|win:won
withdraw:withdrew withdrawn|withhold:withheld|withstand:withstood|write:wrote written
"""
_IRREGULAR_NOUNS = """
aircraft:aircraft|analysis:analyses|axis:axes|basis:bases|cargo:cargoes cargos|child:children
crisis:crises|criterion:criteria|embargo:embargoes|fisherman:fishermen|foot:feet|gas:gases|half:halves
hero:heroes|leaf:leaves|life:lives|man:men|medium:media|memorandum:memoranda memorandums|person:people
potato:potatoes|series:series|serviceman:servicemen|shelf:shelves|spokesman:spokesmen|thesis:theses
thief:thieves|tornado:tornadoes|wife:wives|woman:women
"""
_SPELLINGS = """
defence:defense|offence:offense|centre:center|programme:program|licence:license|labour:labor|harbour:harbor
favour:favor|armour:armor|neighbour:neighbor|manoeuvre:maneuver|honour:honor|behaviour:behavior|rumour:rumor
isation:ization|catalogue:catalog|theatre:theater
"""
_ISE = re.compile(r"(?<=[a-z]{4})(is|iz)(?=(?:e[sd]?|ing)$)|(?<=anal)(ys|yz)(?=(?:e[sd]?|ing)$)")
# Ends in -ise by nature, in both spellings of English.
_ALWAYS_ISE = re.compile(
    r"(?:exerc|superv|adv|comprom|surpr|enterpr|prom|expert|franch|telev|rev|dev|prec|conc|pra)is"
)
_PARTICLES = """
up down out off over in on with to for from into against by at of about back away through between among as
"""
# A first word that ends so is an adjective or a noun, not the verb of a phrase like "hold talks".
_NO_VERB = re.compile(
    r"(?:al|ic|ive|ous|ful|ed|ing|ian|ese|ary|able|ible|ly|ion|ity|ness|ism|ship|less|ern|ese)$"
)
_VOWELS = "aeiou"
# Stressed on the last syllable, or doubled by custom, as verbs of one syllable are.
_DOUBLED = """
admit commit permit submit transmit refer confer defer prefer transfer deter occur compel control expel repel
cancel signal travel fuel equip patrol rebel propel
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (row.partition(":") for line in text.split("\n") for row in line.split("|") if row)
    return {word: tuple(forms.split()) for word, _, forms in rows}


_VERBS = _table(_IRREGULAR_VERBS)
_NOUNS = _table(_IRREGULAR_NOUNS)
_BRITISH = {british: american for british, (american,) in _table(_SPELLINGS).items()}
_PARTICLE_WORDS = frozenset(_PARTICLES.split())
_DOUBLED_WORDS = frozenset(_DOUBLED.split())


def english_forms(term: str) -> set[str]:
    """The surface forms of an English term in dictionary form, itself among them.

    A last word with a capital letter or a digit is a name and is kept as it is.
    """
    return {form for spelled in _spellings(term) for form in _inflected(spelled.split())}


def _inflected(words: list[str]) -> set[str]:
    heads = _last_word_forms(words)
    if len(words) == 1:
        return heads
    return {" ".join([start, *words[1:-1], head]) for start in _first_word_forms(words[0]) for head in heads}


def _last_word_forms(words: list[str]) -> set[str]:
    last = words[-1]
    if not _is_plain(last) or (len(words) > 1 and last in _PARTICLE_WORDS):
        return {last}
    return word_forms(last)


def _first_word_forms(word: str) -> set[str]:
    if not _is_plain(word) or _NO_VERB.search(word) or word in _PARTICLE_WORDS:
        return {word}
    return word_forms(word)


def _is_plain(word: str) -> bool:
    return word.replace("-", "").isalpha() and word == word.lower()


def word_forms(word: str) -> set[str]:
    """Plural and verb forms of one lower-case word; a hyphenated one inflects its last part."""
    front, dash, stem = word.rpartition("-")
    if not stem or len(stem) < 2:
        return {word}
    forms = {stem, *_NOUNS.get(stem, ())}
    if stem.endswith("ing") and len(stem) > 5:
        forms.add(_add_s(stem))  # a meeting, a crossing
    if _looks_inflected(stem):
        return {front + dash + form for form in forms}
    plural = {_add_s(stem)} if stem not in _NOUNS else set()
    past = _VERBS.get(stem) or (_add_ed(stem),)
    forms |= plural | set(past) | {_add_s(stem), _add_ing(stem)}
    if stem in _DOUBLED_WORDS and stem.endswith(("el", "al")):
        forms |= {stem + "ed", stem + "ing"}  # American spelling
    return {front + dash + form for form in forms}


def _looks_inflected(word: str) -> bool:
    if word in _VERBS or word in _NOUNS:
        return False
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is", "as"))
    return plural or (word.endswith(("ing", "ed")) and len(word) > 5)


def _add_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def _add_ed(word: str) -> str:
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2] not in _VOWELS:
        return word[:-1] + "ied"
    return _stem(word) + "ed"


def _add_ing(word: str) -> str:
    if word.endswith("ie"):
        return word[:-2] + "ying"
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")) and len(word) > 2:
        return word[:-1] + "ing"
    return _stem(word) + "ing"


def _stem(word: str) -> str:
    """The word with its last consonant doubled where spelling asks for it: ban -> bann."""
    short = re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", word) and len(word) > 2
    return word + word[-1] if short or word in _DOUBLED_WORDS else word


def _spellings(phrase: str) -> set[str]:
    """British and American spelling of each word of the phrase."""
    both = {phrase}
    for british, american in _BRITISH.items():
        if british in phrase or american in phrase:
            both |= {p.replace(british, american) for p in both}
            both |= {_british(p, british, american) for p in both}
    return both | {" ".join(_other_ise(word) for word in p.split()) for p in both}


def _british(phrase: str, british: str, american: str) -> str:
    # "program" begins "programme": the longer spelling must not grow again.
    return phrase if british in phrase else phrase.replace(american, british)


def _other_ise(word: str) -> str:
    if word != word.lower() or _ALWAYS_ISE.search(word):
        return word
    return _ISE.sub(lambda m: m[0][0] + ("z" if m[0][1] == "s" else "s"), word)
