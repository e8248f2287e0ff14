"""``senter ask``: over a bus, with a model that says what the test says."""

import signal

from support.private_bus import SENTER, finish

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
    model.finish(text="")
    assert await asking.end() == (0, "")


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
    assert await asking.end() == (0, "senter: the output could not be written: Broken pipe\n")
    assert model.cancelled.is_set()


async def test_a_model_that_is_not_installed_is_one_sentence(bus):
    code, output, complaint = await finish(*SENTER, "ask", "What is a cat?")
    assert (code, output) == (1, "")
    assert complaint == "senter: the model@primary is not installed on this bus\n"
