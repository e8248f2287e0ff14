"""``senter ask``: over a bus, with a model that says what the test says."""

import signal

import pytest
from support.private_bus import SENTER, finish, until

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
