"""What a sentence is about: its key phrases, by YAKE (Campos et al.: YAKE! Keyword extraction from single documents
using multiple local features, Information Sciences 509, 2020)."""

import functools
import locale
import logging
import re

import yake

from senter.learning.topics.naming import normal
from senter.wording import one_line

MOST_WORDS, MOST_PHRASES = 3, 3
MOST_LOOKED_AT = 12
LONGEST_TEXT, LONGEST_PHRASE = 2000, 60
WORST_SCORE = 0.35
"""YAKE gives small scores to what is important; an ordinary word of a short text gets 0.3 and more."""

_ASKING = frozenset(
    """
    research find search look explain elaborate expand summarise summarize summary tldr overview compare comparison
    describe list show tell give write make help need want like please thanks hey hello brief briefly short shortly
    concise detail details detailed depth simple simply basic basics code function functions example examples debug
    implement question answer today tomorrow yesterday week weeks month months year years day days morning evening
    night news difference differences good best better new latest thing things way ways work works working know
    understand read check
    """.split()  # noqa: SIM905
)
"""Words by which somebody asks for something; what it is about are the others."""

_JOINING = frozenset({"of", "and", "for", "in", "on", "to", "with"})

_ACRONYM = r"(?<![\w-])([A-Z][A-Z0-9])(?![\w-])[ ]"
"""YAKE takes no word of two letters for a part of a phrase."""


def phrases(text: str) -> list[str]:
    """Up to three key phrases of one to three words, the most important first, as they are written there."""
    line = one_line(text[:LONGEST_TEXT])
    found: list[str] = []
    for words, score in _extractor().extract_keywords(line):
        if score > WORST_SCORE and found:
            break
        phrase = _with_acronym(line, words)
        is_new = not any(_overlap(phrase, other) for other in found)
        if is_new and len(phrase) <= LONGEST_PHRASE and _is_one_thing(phrase):
            found.append(phrase)
        if len(found) == MOST_PHRASES:
            break
    return found


def _with_acronym(line: str, phrase: str) -> str:
    before = re.search(_ACRONYM + re.escape(phrase), line)
    return f"{before[1]} {phrase}" if before else phrase


def _is_one_thing(phrase: str) -> bool:
    """Whether no small word stands in it that makes a sentence of it."""
    return not any(word in _small_words() for word in normal(phrase).split() if word not in _JOINING)


def _overlap(one: str, other: str) -> bool:
    return bool(set(normal(one).split()) & set(normal(other).split()))


@functools.cache
def _extractor() -> yake.KeywordExtractor:
    # it would show the beginning of what the user said to the journal
    logging.getLogger("yake").propagate = False
    logging.getLogger("yake").addHandler(logging.NullHandler())
    return yake.KeywordExtractor(lan="en", n=MOST_WORDS, top=MOST_LOOKED_AT, stopwords=_small_words())


@functools.cache
def _small_words() -> frozenset[str]:
    """Those of English and of the user's language, and those by which somebody asks."""
    language = (locale.getlocale()[0] or "en")[:2].lower()
    return _ASKING.union(*(yake.KeywordExtractor(lan=spoken).stopword_set for spoken in {"en", language}))
