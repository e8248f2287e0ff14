"""An answer without a language model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.tasks.text.summary import cites, question_of, summarise
from senter.tasks.tools.findings import Passage

CURE = Passage(
    "/docs/GPL-3",
    "line 420",
    "GPL-3",
    "  Moreover, your license is reinstated permanently if this is the\nfirst time you have received notice of "
    "violation, and you\ncure the violation prior to 30 days after your receipt of the notice.\n\n"
    "  Termination does not end the licenses of others.",
)
FEE = Passage("/docs/GPL-2", "line 80", "GPL-2", "You may charge a fee for the act of transferring a copy.")
BREAD = Passage("/docs/bread", "line 1", "bread", "Bake the bread for 40 minutes. Let it cool.")
WORDS = st.text(max_size=60)


@pytest.mark.parametrize(
    ("goal", "question"),
    [
        (
            "Research how many days a violator has to cure a violation, from the documents in "
            "/usr/share/common-licenses and from the web",
            "how many days a violator has to cure a violation",
        ),
        ("Please find out who pays, in ~/Letters.", "who pays"),
        ("Find out what the rent is from my documents in '/home/a/My Letters' and /srv/b", "what the rent is"),
        ("Tell me about tea using the internet", "tea"),
        ("Could you please research tea and then write a report to tea.md", "tea"),
        (
            "Bitte finde heraus wie lange die Frist ist, aus den Dokumenten in /a/b und aus dem Web",
            "wie lange die Frist ist",
        ),
        ("how much time people spend on the internet", "how much time people spend on the internet"),
        ("how to write a will", "how to write a will"),
        ("what is in the web cache", "what is in the web cache"),
        ("Summarise the documents in /a", "Summarise"),
        ("Research", "Research"),
        ("", ""),
    ],
)
def test_the_question_of_a_goal_is_without_instruction_and_places(goal, question):
    assert question_of(goal) == question


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["and ", "from the documents ", "/a, ", " in ", ", and write ", "research ", '~/"', "[["]
)
def test_a_goal_that_is_made_to_harm_takes_no_long(piece):
    question_of(piece * 5_000)
    summarise(piece * 5_000, [Passage("/a", "", "", piece * 5_000)])


def test_an_answer_cites_its_source():
    summary = summarise("How many days does a first-time violator have to cure a GPL violation?", [FEE, CURE])
    assert summary.answered
    assert summary.sources == (CURE,)
    assert summary.text == (
        "Moreover, your license is reinstated permanently if this is the first time you have received notice of "
        "violation, and you cure the violation prior to 30 days after your receipt of the notice. [1]"
    )


def test_sentences_stand_in_the_order_of_the_documents_and_are_numbered_so():
    after = Passage("https://a.example", "", "A", "A fee is charged.")
    summary = summarise("which fee may I charge", [after, FEE])
    assert summary.text.splitlines() == [
        "A fee is charged. [1]",
        "You may charge a fee for the act of transferring a copy. [2]",
    ]
    assert summary.sources == (after, FEE)


def test_what_the_sources_do_not_mention_is_said_first():
    summary = summarise("fee to charge for a copy by helicopter", [FEE])
    assert summary.answered
    assert summary.text.startswith(
        'The sources do not fully answer this question: nothing in them mentions "helicopter".'
        " What comes nearest:\n\nYou may charge"
    )


def test_with_a_third_of_the_words_missing_it_is_not_an_answer():
    summary = summarise("fee charged by helicopter", [FEE])
    assert not summary.answered
    assert 'mentions "helicopter"' in summary.text
    assert summary.sources == (FEE,)


def test_a_question_the_sources_know_nothing_of_gets_no_sentence_of_them():
    summary = summarise("What is the budget of the Paris office for bread?", [BREAD, FEE])
    assert summary.text == (
        'The sources do not answer this question: nothing in them mentions "budget", "Paris" or "office".'
    )
    assert not summary.answered
    assert summary.sources == ()


def test_one_of_two_words_is_no_answer():
    apart = [
        Passage("/a", "", "", "A venture capital fund is a company."),
        Passage("/b", "", "", "Cyrillic is used in Mongolia."),
    ]
    summary = summarise("the capital of Mongolia", apart)
    assert summary.text == (
        'The sources do not answer this question: "capital" and "Mongolia" are mentioned, but not together.'
    )
    assert not summary.answered


def test_half_of_the_words_are_no_answer():
    summary = summarise("fee for bread", [FEE])
    assert summary.text == 'The sources do not answer this question: nothing in them mentions "bread".'
    half = [Passage("/a", "", "", "Tea is for ships."), Passage("/b", "", "", "Cats like dogs.")]
    assert not summarise("tea ships cats dogs", half).answered


def test_words_that_are_not_all_in_one_passage_are_not_a_full_answer():
    apart = [Passage("/a", "", "", "Tea is for ships."), Passage("/b", "", "", "Cats like tea.")]
    summary = summarise("tea ships cats", apart)
    assert summary.text.startswith(
        'The sources do not fully answer this question: no passage speaks of all of "tea", "ships" and "cats".'
        " What comes nearest:\n\nTea is for ships. [1]"
    )
    assert not summary.answered


def test_what_a_number_is_asked_for_by_need_not_be_in_the_answer():
    brocken = Passage("/a", "", "", "The Brocken rises to 1141 m.")
    assert summarise("How high is the Brocken?", [brocken]).text == "The Brocken rises to 1141 m. [1]"


def test_words_that_are_never_together_are_no_answer():
    apart = [Passage("/a", "", "", text) for text in ("Tea is hot.", "Ships sail.", "Cats sleep.")]
    summary = summarise("tea ships cats", apart)
    assert not summary.answered
    assert summary.text.endswith('"tea", "ships" and "cats" are mentioned, but not together.')


def test_without_passages_nothing_was_found():
    assert summarise("anything", []).text == "The sources do not answer this question: nothing was found."


def test_a_passage_without_a_sentence_is_nothing():
    assert not summarise("Summarise the documents", [Passage("/a", "", "", "---")]).answered


def test_a_summary_of_everything_takes_the_beginning_of_every_source():
    summary = summarise("Summarise the documents in /docs", [CURE, FEE])
    assert summary.answered
    assert [each.source for each in summary.sources] == ["/docs/GPL-3", "/docs/GPL-3", "/docs/GPL-2"]


def test_the_line_of_a_sentence_is_cited():
    summary = summarise("does termination end the licenses of others", [CURE])
    assert summary.text == "Termination does not end the licenses of others. [1]"
    assert [(each.source, each.place) for each in summary.sources] == [("/docs/GPL-3", "line 424")]


def test_every_line_that_is_cited_is_a_source_of_its_own_in_order():
    text = "Tea is good. Tea is hot.\n\nTea is\ngreen."
    two = [Passage("/a", "line 7", "a", text), Passage("/b", "page 3", "b", "Tea is old.\n\nTea is dear.")]
    summary = summarise("tea", two)
    assert summary.text.splitlines() == [
        "Tea is good. [1]",
        "Tea is hot. [1]",
        "Tea is green. [2]",
        "Tea is old. [3]",
        "Tea is dear. [3]",
    ]
    assert [each.place for each in summary.sources] == ["line 7", "line 9", "page 3"]


def test_at_most_so_many_sentences_are_taken():
    many = [Passage(f"/{number}", "", "", f"Tea number {number} is good.") for number in range(20)]
    assert len(summarise("tea", many, longest=4).text.splitlines()) == 4


def test_a_sentence_that_is_in_two_sources_is_cited_from_the_one_that_fits_better():
    copy = Passage("/docs/GFDL", "", "GFDL", CURE.text)
    assert summarise("days to cure a GPL violation", [copy, CURE]).sources == (CURE,)


def test_a_question_for_a_number_prefers_a_sentence_with_one():
    vague = Passage("/a", "", "", "The days to cure are many. The days to cure are 30.")
    assert summarise("how many days to cure", [vague], longest=1).text == "The days to cure are 30. [1]"


def test_citations_of_others_are_not_taken_over():
    wiki = Passage("https://a.example", "", "A", "Tea is a drink.[7] It is hot.")
    assert summarise("tea drink", [wiki]).text == "Tea is a drink. [1]"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Wie lange ist die Kündigungsfrist?", "Die Kündigungsfrist beträgt drei Monate."),
        ("Combien de jours dure la période d'essai ?", "La période d'essai dure trente jours."),
        ("許可の期限はいつですか", "許可の期限は三十日です。"),
        ("срок лицензии", "Срок лицензии — один год."),
    ],
)
def test_other_languages_are_answered(question, text):
    other = Passage("/b", "", "", "Something else. 猫は寝る。 Кошки спят.")
    summary = summarise(question, [other, Passage("/a", "", "", text)])
    assert text in summary.text


@pytest.mark.parametrize(
    "question", ['"', 'tea" OR "', "NEAR(tea fee, 3)", "title:tea AND *", "tea -fee ^", "(((", "\0"]
)
def test_syntax_in_a_question_is_harmless(question):
    assert summarise(question, [FEE, BREAD]).text


@given(WORDS, st.lists(st.builds(Passage, WORDS, WORDS, WORDS, WORDS), max_size=4))
def test_an_answer_cites_what_it_gives_and_only_that(question, passages):
    summary = summarise(question, passages)
    assert summary == summarise(question, passages)
    assert set(summary.sources) <= set(passages)
    assert cites(summary.text, len(summary.sources)) is bool(summary.sources)


@pytest.mark.parametrize(
    ("text", "count", "well"),
    [
        ("Thirty days [1].", 1, True),
        ("Thirty [2][1] days.", 2, True),
        ("Thirty days.", 3, False),
        ("Thirty days [4].", 3, False),
        ("Thirty [1] days [0].", 3, False),
        ("Thirty days [99999999999999].", 3, False),
        ("Thirty days [1].", 0, False),
        ("", 0, False),
    ],
)
def test_a_text_cites_sources_that_exist_or_is_refused(text, count, well):
    assert cites(text, count) is well
