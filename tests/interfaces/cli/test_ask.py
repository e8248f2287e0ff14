"""``senter ask``: over a bus, with a model that says what the test says."""

import signal
import sys

import pytest
from support.private_bus import SENTER, finish, until

from senter.bus.names import LEARNING
from senter.learning.client import LearningClient
from senter.learning.event import Event

NO_MODEL = "there is no language model; senter setup finds or installs one"


async def test_the_answer_is_printed_as_it_comes(model, start):
    asking = await start("ask", "What is a cat?")
    assert await model.questions.get() == "What is a cat?"
    model.say("A cat\n")
    assert await asking.line() == "A cat"
    model.say("is an ")
    model.say("animal.")
    model.finish(text="A cat\nis an animal.")
    assert await asking.end() == (0, "is an animal.\n", "")


async def test_without_streaming_the_answer_is_printed_when_it_is_complete(model, start):
    asking = await start("ask", "--no-stream", "What is a cat?")
    await model.questions.get()
    model.say("A cat\n")
    model.finish(text="A cat\nis an animal.\n")
    assert await asking.end() == (0, "A cat\nis an animal.\n", "")


async def test_an_answer_cannot_command_the_terminal(model, start):
    asking = await start("ask", "What is a cat?")
    await model.questions.get()
    for piece in ("A \x1b", "[31", "mred\x1b[0m \x1b]0;title", "\x07cat\x9b2", "J\r\n"):
        model.say(piece)
    model.finish()
    assert await asking.end() == (0, "A red cat\n", "")


async def test_the_question_can_come_from_stdin(model, run):
    asking = await run("sh", "-c", f"printf 'What is\\na cat?' | {' '.join(SENTER)} ask -")
    assert await model.questions.get() == "What is\na cat?"
    model.say("An animal.")
    model.finish(text="An animal.")
    assert await asking.end() == (0, "")


@pytest.mark.parametrize("options", [(), ("--no-stream",)], ids=["streamed", "at once"])
@pytest.mark.parametrize("answer", ["", " \n", "\x1b[2J"])
async def test_an_empty_answer_is_said_to_be_one(model, start, options, answer):
    asking = await start("ask", *options, "What is a cat?")
    await model.questions.get()
    model.say(answer)
    model.finish(text=answer, provider="ollama")
    code, output, complaint = await asking.end()
    assert (code, output.strip(), complaint) == (1, "", "senter: ollama gave an empty answer\n")


async def test_a_reader_of_the_first_bytes_hears_no_complaint(model, run):
    asking = await run("sh", "-c", f"{{ {' '.join(SENTER)} ask Why; echo $? >&2; }} | head -c 6")
    await model.questions.get()
    model.say("Cats are")
    assert asking.process.stdout is not None
    assert await asking.process.stdout.read(6) == b"Cats a"
    await until(lambda: model.say(" liquid") or model.cancelled.is_set())
    assert await asking.end() == (0, "1\n")


async def test_without_a_model_one_sentence_and_exit_code_1(model, start):
    asking = await start("ask", "What is a cat?")
    await model.questions.get()
    model.finish("error", error=NO_MODEL)
    assert await asking.end() == (1, "", f"senter: {NO_MODEL}\n")


async def test_an_answer_that_breaks_off_ends_its_line(model, start):
    asking = await start("ask", "What is a cat?")
    await model.questions.get()
    model.say("A cat is")
    model.finish("error", error="ollama broke off", provider="ollama")
    code, output, complaint = await asking.end()
    assert (code, output) == (1, "A cat is\n")
    assert complaint == "senter: ollama broke off\n"


async def test_ctrl_c_cancels_the_request(model, start):
    asking = await start("ask", "What is a cat?")
    await model.questions.get()
    model.say("A cat\n")
    await asking.line()
    asking.program.process.send_signal(signal.SIGINT)
    assert await asking.end() == (130, "", "")
    assert model.cancelled.is_set()


async def test_when_the_bus_goes_away_that_is_one_sentence_and_exit_code_3(model, start, bus):
    asking = await start("ask", "What is a cat?")
    await model.questions.get()
    bus.kill()
    code, output, complaint = await asking.end()
    assert (code, output, complaint.count("\n")) == (3, "", 1)


async def test_when_the_reader_leaves_the_request_is_cancelled(model, run):
    asking = await run("sh", "-c", f"{' '.join(SENTER)} ask 'What is a cat?' | head -n 1")
    await model.questions.get()
    model.say("A cat\n")
    assert asking.process.stdout is not None
    assert await asking.process.stdout.readline() == b"A cat\n"
    model.say("is an animal\n")
    assert await asking.end() == (0, "")
    assert model.cancelled.is_set()


async def test_a_model_that_is_not_installed_is_one_sentence(bus):
    code, output, complaint = await finish(*SENTER, "ask", "What is a cat?")
    assert (code, output) == (1, "")
    assert complaint == "senter: the model@primary is not installed on this bus\n"


@pytest.fixture
def learning(bus, client) -> LearningClient:
    """Learning, started by the bus when it is called."""
    bus.install(LEARNING.bus_name, sys.executable, "-I", "-m", "senter.learning")
    return LearningClient(client)


async def test_what_was_asked_and_answered_is_remembered_and_can_be_judged(model, learning, start):
    asking = await start("ask", "What is a cat?")
    assert await model.questions.get() == "What is a cat?"
    model.say("An animal.")
    model.finish(text="An animal.")
    assert await asking.end() == (0, "An animal.\n", "")
    answer, question = await learning.recent_events()
    assert (question.type, question.content) == ("user_query", "What is a cat?")
    assert (answer.type, answer.content) == ("response", "An animal.")
    assert answer.metadata == question.metadata and answer.metadata["request_id"]
    await learning.feedback(good=True)
    assert (await learning.recent_events("user_feedback"))[0].metadata["request_id"] == answer.metadata[
        "request_id"
    ]


async def test_the_model_is_told_what_is_known_of_the_user(model, learning, start):
    await learning.record_many([Event("user_query", "In short, which compiler?")] * 4)
    await learning.update()
    asking = await start("ask", "What is a cat?")
    question = await model.questions.get()
    assert "Wants brief answers" in question
    assert question.endswith("\n\nWhat is a cat?")
    model.say("An animal.")
    model.finish(text="An animal.")
    await asking.end()
    assert (await learning.recent_events("user_query", limit=1))[0].content == "What is a cat?"
