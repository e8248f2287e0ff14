"""An answer made of sentences of the sources, with citations, when there is no language model. Pure.

The sentences are ranked by bm25 against the content words of the question and printed in the order of the
documents. What the sources do not mention is said; nothing is made up.
"""

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from senter.tasks.text.ranking import Ranking
from senter.tasks.text.sentences import Sentence, sentences
from senter.tasks.text.words import MEASURES, content_words, helping_words
from senter.tasks.tools.findings import Passage
from senter.wording import shortened

LONGEST_SENTENCE = 600
MOST_SENTENCES_READ = 20_000
LONGEST_PASSAGE = 5_000
LONGEST_GOAL = 4_000
WORTH_KEEPING = 0.45
"""A sentence is kept when it fits at least this much as well as the best one."""
BONUS_OF_A_NUMBER = 1.5
"""How much better a sentence with a number fits a question that asks for one."""

NOT_ANSWERED = "The sources do not answer this question"
PARTLY_ANSWERED = "The sources do not fully answer this question"
_PATH = r"""(?:"~?/[^"]*"|'~?/[^']*'|“~?/[^”]*”|~?/[^\s,;]*[^\s,;.?!:])"""
_DOCUMENTS = (
    r"(?:(?:the|my|our|all|all the|these|den|meinen|les|mes)\s+)?"
    r"(?:documents?|docs|files?|notes?|papers?|pdfs?|texts?|folders?|director(?:y|ies)|dokumenten?|dateien|fichiers)"
)
_CLAUSES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "…, from the documents in /a/b", "in /a/b", "using the folder '/a/b c' and /d"
        rf"[,;]?\s*(?:\band\s+|\bund\s+|\bet\s+)?(?:\b(?:also|both|only)\s+)?(?:\b(?:based|relying)\s+)?"
        rf"(?:\b(?:from|in|using|with|on|at|under|below|among|within|through|aus|mit|dans|de)\s+)?"
        rf"(?:{_DOCUMENTS}\s+)?(?:\b(?:in|at|under|below|from|of|unter|dans|de)\s+)?"
        rf"(?:(?:the\s+)?(?:folders?|director(?:y|ies))\s+)?{_PATH}"
        rf"(?:\s*(?:,|\band\b|\bor\b|\bund\b|\bet\b)\s*{_PATH})*",
        # "and from the web", "using the internet"
        r"[,;]?\s*(?:\b(?:and|und|et)\s+)?(?:\balso\s+)?\b(?:from|using|via|searching|search|aus|depuis)\s+"
        r"(?:the\s+|dem\s+|le\s+)?(?:web|internet|netz)\b(?=\s*(?:$|[,;.?!]|and\b|und\b|et\b))",
        r"[,;]?\s*\b(?:and|und|et)\s+(?:also\s+)?(?:on|in|im|sur)\s+(?:the\s+|le\s+)?(?:web|internet|netz)\b"
        r"(?=\s*(?:$|[,;.?!]))",
        # "and write a report", "then save it in cure.md"
        r"(?:[,;.]\s*|\s+)(?:(?:and|then|und|et)\s+)+(?:then\s+)?(?:please\s+)?"
        r"(?:write|save|store|put|summari[sz]e|report|tell me|cite)\b(?!\s+to\b).*$",
    )
]
_INSTRUCTIONS = re.compile(
    r"\s*(?:please|kindly|bitte|(?:can|could|would|will) you(?: please)?"
    r"|i (?:want|would like|need)(?: you)? to(?: know)?"
    r"|(?:do )?(?:some )?research(?: on| into| about)?|(?:try to )?find out(?: about)?|find me|find"
    r"|(?:look|search) (?:on |in )?(?:the )?(?:web|internet)(?: for)?|look (?:up|for|into)|search(?: for)?"
    r"|investigate|determine|tell me(?: about)?|explain(?: to me)?|summari[sz]e|check"
    r"|report(?: on| about)|write (?:a |an )?(?:short |brief )?(?:report|summary)(?: on| about| of)?"
    r"|recherchiere|finde heraus|suche(?: nach)?|cherche[rz]?|trouve[rz]?|recherche[rz]?)\b[\s,:]*",
    re.IGNORECASE,
)
_ASKS_FOR_A_NUMBER = re.compile(
    rf"\b(?:how (?:{'|'.join(MEASURES)})|when|what (?:year|date|age|price|percentage)"
    r"|wie ?viele?|wann|wie lange|combien|quand)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty"
    r"|sixty|ninety|hundred|thousand|million|zwei|drei|vier|fünf|zehn|zwanzig|dreißig|deux|trois|quatre|cinq|dix"
    r"|vingt|trente|cent)\b",
    re.IGNORECASE,
)
_LINE = re.compile(r"line (\d{1,9})$")


@dataclass(frozen=True)
class Summary:
    """An answer in sentences of the sources."""

    text: str
    """What a person reads; ``[1]`` is the first of ``sources``."""
    sources: tuple[Passage, ...]
    answered: bool
    """Whether some passage mentions enough of what was asked."""


def summarise(question: str, passages: Sequence[Passage], longest: int = 6) -> Summary:
    """The sentences of the passages that answer a question, at most ``longest`` of them, each with its citation.

    Some passage must have more than half of the words of the question; without one that has all, that is said.
    """
    if not passages:
        return Summary(f"{NOT_ANSWERED}: nothing was found.", (), False)
    words = content_words(question_of(question))
    having = _numbers_of_passages(passages, words)
    missing = [word for word in words if not having[word]]
    most = max(sum(number in having[word] for word in words) for number in range(len(passages)))
    if words and most * 2 <= len(words):
        return Summary(f"{NOT_ANSWERED}: {_reason(missing, words)}.", (), False)
    text, sources = _cited(_best_sentences(question, words, passages, longest))
    if not sources:
        return Summary(f"{NOT_ANSWERED}: nothing was found.", (), False)
    if most < len(words):
        reason = f"no passage speaks of all of {_listed(words, 'and')}"
        if missing:
            reason = f"nothing in them mentions {_listed(missing)}"
        text = f"{PARTLY_ANSWERED}: {reason}. What comes nearest:\n\n{text}"
    return Summary(text, sources, (len(words) - most) * 3 < len(words) or not words)


def question_of(goal: str) -> str:
    """What a goal asks, without its instruction ("Research …") and without where to look and where to write."""
    question = " ".join(goal[:LONGEST_GOAL].split())
    for clause in _CLAUSES:
        question = clause.sub("", question)
    while match := _INSTRUCTIONS.match(question):
        if not question[match.end() :].strip(" ,;:.?!"):
            break
        question = question[match.end() :]
    return " ".join(question.split()).strip(" ,;:.")


def cites(text: str, count: int) -> bool:
    """Whether a text cites at least one source as ``[n]``, and none but those numbered from 1 to ``count``."""
    numbers = [int(number) for number in re.findall(r"\[(\d+)\]", text[:200_000]) if len(number) < 10 or not count]
    every = len(re.findall(r"\[\d+\]", text[:200_000]))
    return bool(numbers) and len(numbers) == every and all(1 <= number <= count for number in numbers)


def _numbers_of_passages(passages: Sequence[Passage], words: Sequence[str]) -> dict[str, frozenset[int]]:
    """In which passages each word is."""
    with closing(Ranking()) as ranking:
        for passage in passages:
            ranking.add(passage)
        return {word: ranking.with_word(word) for word in words}


def _reason(missing: Sequence[str], words: Sequence[str]) -> str:
    if missing:
        return f"nothing in them mentions {_listed(missing)}"
    return f"{_listed(words, 'and')} are mentioned, but not together"


def _best_sentences(
    question: str, words: Sequence[str], passages: Sequence[Passage], longest: int
) -> list[tuple[Sentence, Passage]]:
    """The sentences that fit best, in the order of the passages, each with the passage it is from."""
    found = _sentences_of(passages)
    if not words:
        found = [pair for pair in found if _is_whole(pair[0].text)] or found
    with closing(Ranking()) as ranking:
        for sentence, passage in found:
            title = f"{sentence.heading} {passage.title}"
            ranking.add(Passage(passage.source, passage.place, title, sentence.text))
        if not words:
            return [found[number] for number in ranking.beginnings(longest)]
        having = [ranking.with_word(word) for word in words]
        scores = ranking.scores((*words, *helping_words(question_of(question))))
    bonus = BONUS_OF_A_NUMBER if _ASKS_FOR_A_NUMBER.search(question) else 1
    fits = {
        number: score
        * sum(number in numbers for numbers in having)
        * (bonus if _NUMBER.search(found[number][0].text) else 1)
        for number, score in scores.items()
    }
    chosen: dict[str, int] = {}
    for number in sorted(fits, key=lambda number: (-fits[number], number)):
        if len(chosen) < longest and fits[number] >= WORTH_KEEPING * max(fits.values()):
            chosen.setdefault(found[number][0].text.casefold(), number)
    return [found[number] for number in sorted(chosen.values())]


def _sentences_of(passages: Sequence[Passage]) -> list[tuple[Sentence, Passage]]:
    """The sentences of all passages, each with its passage; those of a word or two if there are no others."""
    found = [(each, passage) for passage in passages for each in sentences(passage.text[:LONGEST_PASSAGE])][
        :MOST_SENTENCES_READ
    ]
    whole = [pair for pair in found if pair[0].text.count(" ") >= 2 or not pair[0].text.isascii()]
    return whole or found


def _is_whole(sentence: str) -> bool:
    """Whether this looks like a sentence and not like a title or a name."""
    return sentence.count(" ") >= 5 and sentence.rstrip("\"')")[-1:] in ".!?"


def _cited(chosen: Sequence[tuple[Sentence, Passage]]) -> tuple[str, tuple[Passage, ...]]:
    """The sentences with their citations, one a line, and the sources in the order of their numbers."""
    sources: dict[tuple[str, str], Passage] = {}
    lines = []
    for sentence, passage in chosen:
        place = _place(sentence, passage)
        sources.setdefault((passage.source, place), replace(passage, place=place))
        number = list(sources).index((passage.source, place)) + 1
        lines.append(f"{shortened(sentence.text, LONGEST_SENTENCE)} [{number}]")
    return "\n".join(lines), tuple(sources.values())


def _place(sentence: Sentence, passage: Passage) -> str:
    """Where in the source a sentence of the passage begins: its own line when the passage is told by its first."""
    first = _LINE.match(passage.place)
    return f"line {int(first.group(1)) + sentence.line}" if first else passage.place


def _listed(words: Sequence[str], joint: str = "or") -> str:
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"
