"""An answer becomes sentences while it comes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.models.answer import LONGEST, Sentences

MARKDOWN = st.lists(
    st.sampled_from(
        [
            *(
                "One is here. ",
                "two",
                " ",
                "  ",
                "\n",
                "\n\n",
                "\r\n",
                "\t",
                "Dr. ",
                "e.g. ",
                "3.14",
                "J. ",
                "...",
                "…",
            ),
            *(
                "?!",
                ". ",
                "! ",
                '."',
                "(",
                ")",
                "**",
                "_",
                "`",
                "```",
                "```sh",
                "~~~",
                "# ",
                "## ",
                "---",
                "- ",
                "* ",
            ),
            *(
                "1. ",
                "2. ",
                "30. ",
                "a) ",
                "| a | b |",
                "|",
                "。",
                "\uff1f",
                "」",
                "期限は",
                "https://a.example/b. ",
                ", ",
            ),
            *("x" * 90, "word " * 90, "a, b " * 90, "\u2028", "\x1c", "-", "#", "1", ".", "é", "\U0001f44d"),
            *(
                "> ",
                ">",
                "no. ",
                "art. ",
                "Jan. ",
                "I",
                "V ",
                "3. ",
                "Ok",
                "tober ",
                "there. how ",
                "\U0001f389 ",
                "\u0964 ",
            ),
            *("`" * 90, "." * 90, ") ", "? "),
        ]
    ),
    max_size=25,
).map("".join)


def whole(text):
    """The sentences of a text that comes in one piece."""
    sentences = Sentences()
    return sentences.feed(text) + sentences.end()


def in_pieces(pieces):
    """The sentences of a text that comes in pieces."""
    sentences = Sentences()
    return [sentence for piece in pieces for sentence in sentences.feed(piece)] + sentences.end()


def spoken(text):
    """What of a text can be heard."""
    return [mark for mark in text if mark.isalnum()]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        (
            "Dr. Mills of Acme Inc. paid 3.14 euros. He left.",
            ["Dr. Mills of Acme Inc. paid 3.14 euros.", "He left."],
        ),
        ("Use e.g. Make, or z.B. Ninja. J. R. Smith did.", ["Use e.g. Make, or z.B. Ninja.", "J. R. Smith did."]),
        ("Wait... what? No?! Yes…", ["Wait... what?", "No?!", "Yes…"]),
        ('He said "No." She (then) left.) Ah.', ['He said "No."', "She (then) left.)", "Ah."]),
        (
            "期限は三十日です。延長できます\uff1f「はい。」だ",
            ["期限は三十日です。", "延長できます\uff1f", "「はい。」", "だ"],
        ),
        (
            "See https://a.example/b.html or a.example. Then rest.",
            ["See https://a.example/b.html or a.example.", "Then rest."],
        ),
        ("A hard-wrapped\nline goes on\nhere. New\none.", ["A hard-wrapped line goes on here.", "New one."]),
        ("# A title\nText here\n\n## Two\nMore", ["# A title", "Text here", "## Two", "More"]),
        ("No stop\n\nanother", ["No stop", "another"]),
        (
            "Steps:\n1. Boil. Stir.\n2. Cool\n   down\n10. Eat",
            ["Steps:", "1. Boil.", "Stir.", "2. Cool down", "10. Eat"],
        ),
        ("- one\n- two\n* three\n\nEnd", ["- one", "- two", "* three", "End"]),
        ("Cure it within\n30. Then rest.", ["Cure it within 30.", "Then rest."]),
        ("**Bold.** _And_ more. `Code`.", ["**Bold.**", "_And_ more.", "`Code`."]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nText", ["| a | b |", "| 1 | 2 |", "Text"]),
        ("Run it:\n```sh\nls -l. Now\n\n# no title\n```\nDone.", ["Run it:", "Done."]),
        ("~~~\n```\nx", []),
        ("Run:\n```\nls\n  `````  \nDone.", ["Run:", "Done."]),
        (f"Run:\n```\nls\n{'`' * 500}x\nmore\n```\nDone.", ["Run:", "Done."]),
        ("Run:\n```\nls\n``\nmore\n```\nDone.", ["Run:", "Done."]),
        ("``````\nls\n```\nDone.", ["Done."]),
        ("Run:\n```\nls\n``\n`` `\n``` x\nx ```\n ~~~\n```\nDone.", ["Run:", "Done."]),
        (
            "I said no. Then I left in Jan. On Jan. 5 I came.",
            ["I said no.", "Then I left in Jan.", "On Jan. 5 I came."],
        ),
        ("Great! \U0001f389 Let's go.\U0001f44d\nOk", ["Great!", "\U0001f389 Let's go.\U0001f44d", "Ok"]),
        (
            "He says:\n> One is\n> here. Two.\n>\n> Three\n\nEnd",
            ["He says:", "> One is here.", "Two.", "> Three", "End"],
        ),
        ("> - one\n> - two", ["> - one", "> - two"]),
        ("\u092f\u0939\u0964 \u0935\u0939\u0964", ["\u092f\u0939\u0964", "\u0935\u0939\u0964"]),
        ("hello there. how are you? fine", ["hello there.", "how are you?", "fine"]),
        ("Hello. it is there. how are you", ["Hello. it is there. how are you"]),
        ("Oh. One is there. how are you", ["Oh.", "One is there. how are you"]),
        ("OK! so there. how are you", ["OK! so there. how are you"]),
        ("OK\n\nso\n\nso there. how are you", ["OK", "so", "so there. how are you"]),
        ("Am 3. Oktober war es. Am 4. Dann nicht.", ["Am 3. Oktober war es.", "Am 4.", "Dann nicht."]),
        ("One.\n---\nTwo.\n***\n", ["One.", "Two."]),
        ("\n\n  Hello \t there \r\n", ["Hello there"]),
        ("... \U0001f44d \n\n !", []),
        ("", []),
    ],
)
def test_an_answer_is_divided_into_sentences(text, parts):
    assert whole(text) == parts
    assert in_pieces(text) == parts


@given(MARKDOWN, st.data())
@example("Done.\n1. One\n2. Two", None)
def test_how_an_answer_is_cut_into_pieces_makes_no_difference(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12))) if data else []
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert in_pieces(pieces) == whole(text) == in_pieces(text)


@given(st.text(), st.integers(0, 50))
def test_no_text_breaks_it(text, cut):
    assert in_pieces([text[:cut], text[cut:]]) == in_pieces(text)


@given(MARKDOWN.map(lambda text: text.replace("`", "").replace("~", "")))
def test_no_word_is_lost_and_no_sentence_is_too_long(text):
    sentences = whole(text)
    assert spoken("".join(sentences)) == spoken(text)
    assert all(len(sentence) <= LONGEST for sentence in sentences)
    assert all(sentence == " ".join(sentence.split()) and spoken(sentence) for sentence in sentences)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (["It is", " here.", " ", "Y"], [[], [], [], ["It is here."]]),
        (["It is here.\n", "\n"], [[], ["It is here."]]),
        (["# Title\n", "T"], [[], ["# Title"]]),
        (["- one\n", "- two"], [[], ["- one"]]),
        (["はい。", "い"], [[], ["はい。"]]),
    ],
)
def test_a_sentence_is_told_as_soon_as_it_is_complete(pieces, told):
    sentences = Sentences()
    assert [sentences.feed(piece) for piece in pieces] == told


def test_nobody_waits_for_the_end_of_a_text_without_a_stop():
    sentences = Sentences()
    told = sentences.feed("one, two three " * 40)
    assert len(told) == 1
    assert told[0].endswith("one,")
    assert LONGEST * 0.9 < len(told[0]) <= LONGEST
    assert [len(part) for part in whole("x" * 900)] == [LONGEST, LONGEST, 900 - 2 * LONGEST]


def test_a_text_without_commas_is_cut_between_two_words():
    first, *_ = whole("word " * 100)
    assert (first[-4:], len(first)) == ("word", LONGEST - 1)


def test_after_the_end_another_answer_begins():
    sentences = Sentences()
    sentences.feed("```\ncode")
    assert sentences.end() == []
    assert sentences.feed("- One") + sentences.end() == ["- One"]
    assert sentences.feed("Two") + sentences.end() == ["Two"]
    assert sentences.feed("one there. two") + sentences.end() == ["one there.", "two"]


HARMFUL = [
    "x",
    "(",
    "a.",
    ". ",
    "e.g. ",
    ".) ",
    ".)",
    "期。",
    "- ",
    "\n",
    "1. ",
    "> ",
    "art. I ",
    "`",
    "3. ",
    "a b. ",
    "\U0001f389",
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", [*HARMFUL, "```\nx"])
def test_a_text_that_is_made_to_harm_takes_no_long(part):
    text = part * (250_000 // len(part))
    assert all(len(sentence) <= LONGEST for sentence in whole(text))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", HARMFUL)
def test_nor_does_it_when_it_comes_one_character_at_a_time(part):
    text = part * (40_000 // len(part))
    assert all(len(sentence) <= LONGEST for sentence in in_pieces(text))


@pytest.mark.parametrize("line", ["`" * 200_000, "x" * 200_000])
def test_a_line_of_code_is_not_kept(line):
    text = f"```\n{line}"
    assert in_pieces(text) == []
