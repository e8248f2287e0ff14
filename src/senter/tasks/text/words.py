"""The words of a question that say what it is about. Pure."""

import re
import unicodedata

MOST_WORDS = 32
SHORTEST_BEGINNING = 5

# Question words, and words that are in every text: English, German, French.
_EVERYWHERE = frozenset(
    """
    a about after all also am an and any are aren as at be because been before being between both but by can cannot
    could did didn do does doesn doing don done down during each either else ever every few for from further get
    gets give gives go goes had hadn has hasn have haven having he her here hers him his how i if in into is isn it
    its itself just know let like ll long made make makes many may me might mine more most much must my need needs
    no nor not now of off often on once one only or other our ours out over own per please rather re same shall she
    should so some such take takes than that the their theirs them then there these they this those through to too
    under until up upon us use used uses using ve very was we were what whatever when where whether which while who
    whom whose why will with within without would yes you your yours old far
    aber als am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des dessen deine dich die
    dies diese diesem diesen dieser dieses dir doch du durch ein eine einem einen einer eines er es euch für gibt
    hat hatte haben habe hast ich ihm ihn ihr ihre ihren im in ist ja kann kannst kein keine können lange man mehr
    mein meine mich mir mit muss müssen nach nein nicht noch nur ob oder ohne sehr seid sein seine seinen sich sie
    sind soll sollen über um und uns unser unter viel viele vielen vom von vor wann war warum was wegen weil welche
    welchem welchen welcher welches wem wen wenn wer werden wie wieviel wieviele wir wird wo woher wohin zu zum zur
    au aux avec ce ces cet cette combien comme comment dans de des donc du elle elles en est et été être eu il ils
    je la le les leur leurs lui ma mais me mes moi mon ne nos notre nous on ont ou où par pas plus pour pourquoi qu
    quand que quel quelle quelles quels qui quoi sa sans se ses si son sont sous sur ta te tes toi ton tu un une
    vos votre vous
    """.split()  # noqa: SIM905
)
# Words that say what to do with what is found, not what to look for.
_OF_INSTRUCTIONS = frozenset(
    """
    answer check describe document documents docs explain file files find folder folders google information
    internet investigate list look online read report research say says search show source sources summarise
    summarize summary tell text web website websites work write
    antworte bericht berichte dokument dokumente dokumenten erkläre finde netz recherchiere suche zeige
    zusammenfassung
    chercher cherche documents expliquer explique fichiers résume résumé trouve trouver
    """.split()  # noqa: SIM905
)
MEASURES = tuple(
    """
    big cheap cold deep early expensive far fast heavy high hot large late long low many much narrow often old short
    slow small soon tall thick thin warm wide young
    """.split()  # noqa: SIM905
)
"""What "how" may ask for."""
_WORD = re.compile(r"[^\W_]+")
_MEASURE = re.compile(rf"\b(how)\s+(?:{'|'.join(MEASURES)})\b", re.IGNORECASE)
# Scripts that are written without spaces, or with endings stuck to the words: Thai to Khmer, kana, Han, Hangul.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_UNSPACED_MARK = re.compile(f"([{_UNSPACED}])")


def content_words(question: str) -> tuple[str, ...]:
    """The words that an answer has to mention, as they are spelt, each once.

    Runs of a script without spaces come in pairs of characters. A question that has no word but those that are in
    every text is taken as it is; one that only says what to do ("summarise the documents") has none. What a number
    is asked for by ("how high") need not be in the answer.
    """
    every = _words(_MEASURE.sub(r"\1", question))
    telling = [word for word in every if folded(word) not in _FOLDED_EVERYWHERE and not _is_a_letter(word)]
    sought = [word for word in telling if folded(word) not in _FOLDED_INSTRUCTIONS]
    return _once(sought or ([] if telling else every))


def helping_words(question: str) -> tuple[str, ...]:
    """The words that may be about the matter or say what to do: "report" in "how do I report a bug"."""
    return _once([word for word in _words(question) if folded(word) in _FOLDED_INSTRUCTIONS])


def folded(text: str) -> str:
    """The text without case and accents, for comparing."""
    marks = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in marks if not unicodedata.combining(mark))


def spaced(text: str) -> str:
    """The text with a space around every character of a script that has none, so that each is a word."""
    return _UNSPACED_MARK.sub(r" \1 ", text)


def beginning(word: str) -> str:
    """How a word must begin to be taken for a form of this one: four fifths of it, and at least five letters.

    Nothing for a word that is too short.
    """
    return word[: max(SHORTEST_BEGINNING, -(-len(word) * 4 // 5))] if len(word) >= SHORTEST_BEGINNING else ""


def has_beginning(text: str, start: str) -> bool:
    """Whether some word of the text begins so, case and accents aside."""
    sought = folded(start)
    return any(word.startswith(sought) for word in _WORD.findall(folded(text)))


def _words(text: str) -> list[str]:
    return [word for run in _WORD.findall(text) for word in _divided(run)]


def _is_a_letter(word: str) -> bool:
    return len(word) == 1 and word.isascii() and word.isalpha()


def _once(words: list[str]) -> tuple[str, ...]:
    """The words, in order, as each is spelt first."""
    kept: dict[str, str] = {}
    for word in words:
        kept.setdefault(folded(word), word)
    return tuple(kept.values())[:MOST_WORDS]


def _divided(run: str) -> list[str]:
    """A run of letters as words; what is written without spaces as its pairs of neighbours."""
    words, end = [], 0
    for match in _UNSPACED_RUN.finditer(run):
        marks = match.group()
        words += [run[end : match.start()], *(marks[at : at + 2] for at in range(max(1, len(marks) - 1)))]
        end = match.end()
    return [word for word in [*words, run[end:]] if word]


_FOLDED_EVERYWHERE = frozenset(map(folded, _EVERYWHERE))
_FOLDED_INSTRUCTIONS = frozenset(map(folded, _OF_INSTRUCTIONS))
