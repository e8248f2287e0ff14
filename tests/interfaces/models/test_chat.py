"""Speaking with providers over the OpenAI protocol, the well-behaved ones and the others."""

import asyncio
import contextlib
import gc
import json
import logging
import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer, Reply

from senter.errors import ConfigurationError, ModelFailed, NoModel, SenterError, Unavailable
from senter.models.providers.chat import Chat
from senter.models.providers.keys import Keys
from senter.models.providers.provider import Provider, providers_of
from senter.models.providers.retry import Passing
from senter.models.request import GenerateOptions, Message, Piece, ToolPart

HELLO = [Message("user", "Hello")]
KEY = "sk-swordfish"
KEY_HERE = {"SENTER_KEY_127_0_0_1": KEY}
INTO_THE_FILE = "into ~/CONFIG_HOME/senter/keys.toml, and run: chmod 600 on it"
NO_PROTOCOL = "it does not speak the OpenAI protocol"
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]

EVENT = "data: {}\n\n"
NO_EVENTS = {
    "no JSON": EVENT.format("{nonsense"),
    "a number": EVENT.format("42"),
    "nothing": EVENT.format("null"),
    "a list": EVENT.format("[1]"),
    "choices that are none": EVENT.format('{"choices": 7}'),
    "a choice that is none": EVENT.format('{"choices": [null]}'),
    "a delta that is none": EVENT.format('{"choices": [{"delta": "x"}]}'),
    "a content that is no text": EVENT.format('{"choices": [{"delta": {"content": [1, 2]}}]}'),
    "counts that are none": EVENT.format('{"choices": [], "usage": {"prompt_tokens": "x"}}'),
    "counts without end": EVENT.format('{"choices": [], "usage": {"prompt_tokens": Infinity}}'),
    "brackets in brackets": EVENT.format("[" * 100_000),
    "a call without function": EVENT.format(
        '{"choices": [{"delta": {"tool_calls": [{"index": 0, "function": 3}]}}]}'
    ),
    "a call with a list as name": EVENT.format(
        '{"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": [1]}}]}}]}'
    ),
    "the millionth call": EVENT.format('{"choices": [{"delta": {"tool_calls": [{"index": 1000000}]}}]}'),
    "bytes that are no text": "data: \udcff\udcfe\n\n",
}


@pytest.fixture
async def server():
    """A provider at a port of this machine."""
    serving = OpenAIServer()
    await serving.start()
    yield serving
    await serving.stop()


@pytest.fixture
def provider(server) -> Provider:
    """The server, as config.toml would name it."""
    return providers_of([server.url], "llama3.2", "config.toml")[0]


@pytest.fixture
def elsewhere(provider) -> Provider:
    """The server, taken for one on another machine, to which nobody can listen."""
    return replace(provider, name="elsewhere", host="models.example")


@pytest.fixture
def make():
    """Makes somebody who speaks with providers and has the keys of an environment."""

    def chat(environment=None, **more) -> Chat:
        return Chat(
            no_engine, no_file, Keys(Path("/nowhere/keys.toml"), {} if environment is None else environment), **more
        )

    return chat


@pytest.fixture
def chat(make) -> Chat:
    return make()


def no_file() -> Path:
    """A models folder without a model."""
    raise NoModel("there is no language model in /models; put a file *.gguf there")


async def no_engine() -> str:
    """An engine that cannot start."""
    raise Unavailable("the engine has failed")


async def answer(chat, provider, **options) -> list[Piece]:
    """All of an answer to one question."""
    chosen = GenerateOptions(**{"max_tokens": 100, "temperature": 0.7, **options})
    async with contextlib.aclosing(chat.stream(provider, HELLO, chosen)) as coming:
        return [piece async for piece in coming]


async def pieces(chat, provider, **options) -> list[str]:
    """The texts of an answer to one question."""
    return [piece.text for piece in await answer(chat, provider, **options) if piece.text]


async def error(chat, provider) -> tuple[type, str]:
    """The class and the sentence with which a question fails."""
    with pytest.raises(SenterError) as failed:
        await pieces(chat, provider)
    return type(failed.value), str(failed.value).replace(provider.name, "it")


async def failure(chat, provider) -> str:
    """The sentence with which a question fails for good."""
    kind, sentence = await error(chat, provider)
    assert kind is ModelFailed, sentence
    return sentence


async def refusal(chat, provider) -> str:
    """The sentence with which a provider passes a question on to the next."""
    kind, sentence = await error(chat, provider)
    assert kind is NoModel, sentence
    return sentence


async def trouble(chat, provider) -> str:
    """The sentence with which a question fails that may be asked again."""
    kind, sentence = await error(chat, provider)
    assert kind is Passing, sentence
    return sentence


async def test_an_answer_comes_word_by_word_with_what_it_cost(chat, provider, server):
    server.enqueue("Hello there")
    told = await answer(chat, provider)
    assert [piece.text for piece in told if piece.text] == ["Hello", " there"]
    assert {piece.model for piece in told} == {"llama3.2"}
    assert (told[-1].tokens_in, told[-1].tokens_out) == (1, 2)
    assert not any(piece.cut for piece in told)
    assert len(told) == 3, "an event that tells nothing is no sign of life"


SAID = EVENT.format('{"choices": [{"delta": {"content": "Hello"}}]}')
ENDED = EVENT.format('{"choices": [{"delta": {}, "finish_reason": "stop"}]}')
FIRST = EVENT.format('{"model": "llama3.2", "choices": [{"delta": {"role": "assistant", "content": ""}}]}')
EMPTY = EVENT.format('{"choices": [{"delta": {"content": ""}}]}')


async def test_an_answer_has_begun_with_its_first_event(chat, provider, server):
    server.enqueue(Reply(events=FIRST + EMPTY + EMPTY + SAID + EMPTY + ENDED))
    told = await answer(chat, provider)
    assert told == [Piece(model="llama3.2"), Piece("Hello")]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_what_a_model_thinks_aloud_is_a_sign_of_life_that_has_a_price_and_no_text(
    chat, provider, server, field
):
    server.enqueue(Reply("Hello", thoughts=("Well", ", grüß", "\ud800"), thinks_in=field))
    told = await answer(chat, provider)
    assert [piece.thought for piece in told] == [2, 3, 1, 0, 0]
    assert [piece.text for piece in told] == ["", "", "", "Hello", ""]


async def test_what_a_model_thinks_is_told_before_its_stream_breaks_off(chat, provider, server):
    server.enqueue(Reply("Hello there", thoughts=("Well",) * 5, cut="connection"))
    got = []
    with pytest.raises(Passing):
        async for piece in chat.stream(provider, HELLO, GenerateOptions(max_tokens=5)):
            got.append(piece.thought)
    assert got == [2, 2, 2, 2, 2, 0]


@pytest.mark.parametrize(
    ("delta", "thought"),
    [
        ({"reasoning": "Well", "reasoning_content": "Well"}, 2),
        ({"reasoning": None, "reasoning_content": "Well"}, 2),
        ({"reasoning": "Well", "reasoning_content": ""}, 2),
        ({"reasoning": {"effort": "high"}}, 0),
        ({"reasoning_content": 7, "reasoning_details": []}, 0),
    ],
)
async def test_a_thought_is_counted_once_and_what_is_none_is_not(chat, provider, server, delta, thought):
    event = EVENT.format(json.dumps({"choices": [{"delta": delta}]}))
    server.enqueue(Reply(events=FIRST + event + ENDED))
    assert [piece.thought for piece in (await answer(chat, provider))[1:]] == [thought] * bool(thought)


async def test_what_is_asked_is_what_the_provider_gets(chat, provider, server):
    await pieces(chat, provider, max_tokens=7, temperature=0.25, json_schema='{"type": "object"}')
    (request,) = server.requests
    assert request.messages == [{"role": "user", "content": "Hello"}]
    assert (request.model, request.stream) == ("llama3.2", True)
    assert (request.body["max_tokens"], request.body["temperature"]) == (7, 0.25)
    assert request.body["stream_options"] == {"include_usage": True}
    schema = {"name": "answer", "schema": {"type": "object"}}
    assert request.response_format == {"type": "json_schema", "json_schema": schema}
    assert not {"tools", "usage", "max_completion_tokens"} & set(request.body)


async def test_openai_is_told_the_length_as_it_wants_it(make, provider, server):
    await pieces(make({"OPENAI_API_KEY": KEY}), replace(provider, name="openai"), max_tokens=7)
    assert server.requests[0].body["max_completion_tokens"] == 7
    assert "max_tokens" not in server.requests[0].body


async def test_openrouter_is_asked_what_an_answer_costs_and_tells_it(make, provider, server):
    server.enqueue(Reply("Hello", cost=0.00014), Reply("Hello", cost=-3.0), Reply("Hello", cost=float("nan")))
    openrouter, chat = replace(provider, name="openrouter"), make({"OPENROUTER_API_KEY": KEY})
    assert (await answer(chat, openrouter))[-1].cost == 0.00014
    assert server.requests[0].body["usage"] == {"include": True}
    for _ in ("less than nothing", "no number"):
        assert (await answer(chat, openrouter))[-1].cost == 0.0


async def test_an_answer_that_may_not_be_longer_says_so(chat, provider, server):
    server.enqueue(Reply("Once upon", finish="length"))
    assert [piece.cut for piece in await answer(chat, provider) if not piece.tokens_in][-1]


async def test_tools_are_offered_and_their_calls_come_in_parts(chat, provider, server):
    server.enqueue(Reply("", tools=(("look", '{"at": "sky"}'), ("stop", "{}"))))
    told = await answer(chat, provider, tools=json.dumps(TOOLS))
    assert server.requests[0].body["tools"] == TOOLS
    assert [part for piece in told for part in piece.tools] == [
        *(ToolPart(0, "look", '{"at":'), ToolPart(0, "", ' "sky"}')),
        *(ToolPart(1, "stop", "{"), ToolPart(1, "", "}")),
    ]


async def test_a_model_with_one_temperature_is_not_told_another(chat, provider, server):
    refused = {"message": "Only the default (1) is supported", "param": "temperature", "code": "unsupported_value"}
    server.enqueue(Reply(status=400, body=json.dumps({"error": refused})), "Hello", "again")
    assert await pieces(chat, provider) == ["Hello"]
    assert await pieces(chat, provider) == ["again"]
    assert ["temperature" in request.body for request in server.requests] == [True, False, False]


async def test_a_model_that_wants_no_temperature_at_all_is_asked_twice_and_no_more(chat, provider, server):
    refused = Reply(status=400, body=json.dumps({"error": {"message": "no", "param": "temperature"}}))
    server.enqueue(refused, refused)
    assert await failure(chat, provider) == "it answered with status 400: no"
    assert len(server.requests) == 2


async def test_a_provider_that_listens_is_found_and_not_asked_anything(chat, provider, server):
    await chat.look(provider)
    assert server.requests == []


async def test_a_provider_that_does_not_listen_cannot_be_reached(chat, provider, server):
    await server.stop()
    with pytest.raises(NoModel, match="cannot be reached"):
        await chat.look(provider)
    assert await refusal(chat, provider) == "it cannot be reached"


@pytest.mark.parametrize("url", ["http://nowhere.invalid/v1", f"http://{'x' * 70}.example/v1", "http://[::2]:1/v1"])
async def test_a_provider_that_is_nowhere_cannot_be_reached(chat, url):
    (nowhere,) = providers_of([url], "llama3.2", "config.toml")
    with pytest.raises(NoModel, match="cannot be reached"):
        await chat.look(nowhere)
    assert await refusal(chat, nowhere) == "it cannot be reached"


@pytest.mark.parametrize(("name", "variable"), [("openai", "OPENAI_API_KEY"), ("openrouter", "OPENROUTER_API_KEY")])
async def test_who_answers_nobody_without_a_key_is_not_there_without_one(make, provider, name, variable):
    service = replace(provider, name=name)
    with pytest.raises(NoModel) as missing:
        await make().look(service)
    assert str(missing.value) == f'{name} wants a key: put one for "{name}" {INTO_THE_FILE}'
    with pytest.raises(NoModel, match=f"the key in {variable} is not used"):
        await make({variable: "two words"}).look(service)
    await make({variable: KEY}).look(service)


async def test_an_ollama_that_does_not_have_the_model_says_so_before_it_is_asked(chat, provider, server):
    server.models = ("mistral",)
    ollama = replace(provider, name="ollama")
    with pytest.raises(NoModel) as missing:
        await chat.look(ollama)
    assert str(missing.value) == "ollama has no model llama3.2 (ollama pull llama3.2)"
    await chat.look(replace(ollama, model="mistral"))
    server.models = ()
    await chat.look(ollama)
    await chat.look(provider)
    assert (server.requests, server.native) == ([], []), "looking wakes no model"


PASSING = (408, 409, 425, 429, 500, 501, 502, 503, 504, 520, 529, 599)
FINAL = (204, 206, 300, 302, 304, 400, 405, 406, 410, 413, 415, 418, 422, 431, 451)


@pytest.mark.parametrize("status", PASSING)
async def test_a_status_that_may_be_over_soon_is_passing(chat, provider, server, status):
    server.enqueue(Reply("the disk\nis full", status=status), Reply(status=status), "Hello")
    assert await trouble(chat, provider) == f"it answered with status {status}: the disk is full"
    assert await trouble(chat, provider) == f"it answered with status {status}"
    assert len(server.requests) == 2, "nothing is tried again by itself"
    assert await pieces(chat, provider) == ["Hello"]


@pytest.mark.parametrize("status", [status for status in FINAL if status >= 400])
async def test_a_status_that_says_the_question_is_wrong_is_final(chat, provider, server, status):
    server.enqueue(Reply("too long", status=status), "Hello")
    assert await failure(chat, provider) == f"it answered with status {status}: too long"
    assert len(server.requests) == 1
    assert await pieces(chat, provider) == ["Hello"]


@pytest.mark.parametrize("status", [status for status in FINAL if status >= 300 and status < 400])
async def test_a_provider_that_sends_us_elsewhere_is_not_followed(make, provider, server, status):
    server.enqueue(Reply(status=status, headers={"Location": server.url + "/chat/completions"}))
    assert await failure(make(KEY_HERE), provider) == f"it answered with status {status}"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [status for status in FINAL if status < 300])
async def test_a_success_without_an_answer_is_none(chat, provider, server, status):
    server.enqueue(Reply(status=status))
    assert await failure(chat, provider) == NO_PROTOCOL


async def test_a_model_that_a_provider_does_not_have_is_another_providers_business(chat, provider, server):
    server.models = ("llama3.2",)
    assert await refusal(chat, replace(provider, model="mistral")) == "it has no model mistral"
    assert await pieces(chat, provider) == ["Yes."]


async def test_a_url_of_something_else_is_told_from_a_missing_model(chat, provider, server):
    server.enqueue(Reply(status=404, body="<html><h1>Not Found</h1></html>"))
    assert await refusal(chat, provider) == (
        "it has no model llama3.2, or its URL is not that of an OpenAI-compatible server (status 404)"
    )


async def test_a_provider_that_wants_to_be_paid_is_no_model(chat, provider, server):
    quota = {"message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    server.enqueue(Reply("more credits", status=402), Reply(status=429, body=json.dumps({"error": quota})))
    assert await refusal(chat, provider) == "it has no credit left (status 402): more credits"
    assert await refusal(chat, provider) == "it has no credit left (status 429): You exceeded your quota"


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5", "retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_how_long_a_provider_asks_to_be_left_alone_is_heard(chat, provider, server, status, headers, after):
    server.enqueue(Reply("busy", status=status, headers=headers))
    with pytest.raises(Passing) as passing:
        await pieces(chat, provider)
    assert passing.value.after == after


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": "the disk is full"}', ": the disk is full"),
        ('{"detail": "the disk is full"}', ": the disk is full"),
        ('{"error": {"message": ["the disk"]}}', ""),
        ("the disk is full", ": the disk is full"),
        ("<html><title>Bad Gateway</title></html>", ""),
        ("[" * 100_000, ": " + "[" * 199 + "…"),
        ("null", ""),
    ],
)
async def test_whatever_an_error_looks_like_it_is_told_in_one_line(chat, provider, server, body, said):
    server.enqueue(Reply(status=500, body=body))
    assert await trouble(chat, provider) == f"it answered with status 500{said}"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"message": "the schema cannot be kept"}, ModelFailed),
        ({"message": "the schema cannot be kept", "code": 400}, ModelFailed),
        (
            {"message": "the schema cannot be kept", "code": "insufficient_quota", "type": "rate_limit_error"},
            ModelFailed,
        ),
        ({"message": "the schema cannot be kept", "code": 502}, Passing),
        ({"message": "the schema cannot be kept", "code": "429"}, Passing),
        ({"message": "the schema cannot be kept", "type": "server_error"}, Passing),
        ("the schema cannot be kept", ModelFailed),
    ],
)
async def test_an_error_in_the_middle_of_an_answer_is_told(chat, provider, server, event, kind):
    server.enqueue(Reply(events=EVENT.format(json.dumps({"error": event}))))
    assert await error(chat, provider) == (kind, "it failed: the schema cannot be kept")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply("one two three four", cut="connection"), "it broke off"),
        (Reply("one two three four", cut="stream"), "it ended in the middle of its answer"),
        (Reply("one two", finish=""), "it ended in the middle of its answer"),
    ],
)
async def test_half_an_answer_is_passing_after_its_pieces(chat, provider, server, reply, told):
    server.enqueue(reply)
    got = []
    with pytest.raises(Passing) as failed:
        async for piece in chat.stream(provider, HELLO, GenerateOptions(max_tokens=5)):
            got.append(piece.text)
    assert "".join(got) == "one two"
    assert str(failed.value) == told.replace("it", provider.name, 1)


async def test_an_answer_that_has_ended_is_whole_whatever_its_connection_does(chat, provider, server):
    ending = EVENT.format('{"choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}')
    chunk = f"{len(ending):x}\r\n{ending}\r\n"
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.enqueue(Reply(wire=f"{head}{chunk}20\r\ndata:"), Reply(events=ending), "again")
    assert await pieces(chat, provider) == ["Hello"]
    assert await pieces(chat, provider) == ["Hello"]
    assert await pieces(chat, provider) == ["again"]


async def test_an_answer_that_has_ended_is_not_waited_for(chat, provider, server, monkeypatch):
    monkeypatch.setattr("senter.models.providers.chat.LAST_SECONDS", 0.05)
    server.enqueue(Reply("Hello", stall="end"))
    assert await pieces(chat, provider) == ["Hello"]
    await server.wait_disconnects(1)


@pytest.mark.parametrize("events", NO_EVENTS.values(), ids=NO_EVENTS)
async def test_an_event_that_is_none_is_a_failure(chat, provider, server, events):
    server.enqueue(Reply(events=events), "Hello")
    assert await failure(chat, provider) == NO_PROTOCOL
    assert await pieces(chat, provider) == ["Hello"]


WHOLE = json.dumps({"choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]})
NO_SERVER = {
    "no head": "220 mail.example ESMTP\r\n\r\n",
    "no status": "HTTP/1.1 two hundred\r\n\r\n",
    "compressed": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "a chunk without a size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
}


@pytest.mark.parametrize("wire", NO_SERVER.values(), ids=NO_SERVER)
async def test_a_server_of_something_else_is_a_failure(chat, provider, server, wire):
    server.enqueue(Reply(wire=wire), "Hello")
    assert await failure(chat, provider) == NO_PROTOCOL
    assert await pieces(chat, provider) == ["Hello"]


async def test_a_server_that_hangs_up_has_broken_off(chat, provider, server):
    server.enqueue(Reply(wire="SSH-2.0-OpenSSH_9.2\r\n"), Reply(wire="HTTP/1.1 200 OK\r\nContent-Le"))
    assert await trouble(chat, provider) == "it broke off"
    assert await trouble(chat, provider) == "it broke off"


@pytest.mark.parametrize("body", [WHOLE, "{nonsense", "42", "[]", "x" * 5_000_000])
async def test_one_json_instead_of_a_stream_is_a_failure_and_is_not_read(chat, provider, server, body):
    server.enqueue(Reply(body=body), "Hello")
    assert await failure(chat, provider) == NO_PROTOCOL
    assert await pieces(chat, provider) == ["Hello"]


async def test_a_web_page_instead_of_a_stream_ends_before_an_answer_does(chat, provider, server):
    server.enqueue(Reply(wire="HTTP/1.1 200 OK\r\n\r\n<html>It works!</html>"))
    assert await trouble(chat, provider) == "it ended in the middle of its answer"


async def test_a_length_that_is_too_long_does_not_spoil_an_answer_that_has_ended(chat, provider, server):
    server.enqueue(Reply(events=SAID + ENDED, lie=100), Reply(events=SAID, lie=100))
    assert await pieces(chat, provider) == ["Hello"]
    assert await trouble(chat, provider) == "it broke off"


async def test_a_length_that_is_too_short_cuts_an_answer(chat, provider, server):
    server.enqueue(Reply(events=SAID + ENDED, lie=-len(ENDED)), Reply(status=500, body='{"error": "full"}', lie=-9))
    assert await trouble(chat, provider) == "it ended in the middle of its answer"
    assert await trouble(chat, provider) == 'it answered with status 500: {"error"'


async def test_an_error_that_is_shorter_than_it_says_has_broken_off(chat, provider, server):
    server.enqueue(Reply("full", status=500, lie=100))
    assert await trouble(chat, provider) == "it broke off"


@pytest.mark.parametrize("reply", [Reply(events="x" * 9_000_000), Reply("x" * 9_000_000, status=500)])
async def test_what_does_not_end_is_broken_off_before_it_fills_the_memory(chat, provider, server, reply):
    server.enqueue(reply)
    assert await failure(chat, provider) == "it sends more than an answer can have"
    await server.wait_disconnects(1)


async def test_a_long_answer_of_many_events_is_no_event_without_end(chat, provider, server):
    server.enqueue(Reply(pieces=("x" * 1_000_000,) * 5))
    assert sum(map(len, await pieces(chat, provider))) == 5_000_000


async def test_a_stream_without_end_is_taken_in_as_long_as_somebody_listens(chat, provider, server):
    server.enqueue(Reply("on and", endless="pieces"))
    heard = chat.stream(provider, HELLO, GenerateOptions(max_tokens=5))
    assert [(await anext(heard)).text for _ in range(500)] == ["on and"] * 500
    await heard.aclose()
    await server.wait_disconnects(1)


async def test_a_stream_of_empty_events_has_begun_and_tells_no_more(chat, provider, server, monkeypatch):
    monkeypatch.setattr("senter.models.providers.wire.LARGEST_STREAM", 100_000)
    server.enqueue(Reply(endless="events"))
    told = []
    with pytest.raises(ModelFailed):
        async for piece in chat.stream(provider, HELLO, GenerateOptions(max_tokens=5)):
            told.append(piece)
    assert told == [Piece(model="llama3.2")]


@pytest.mark.parametrize("endless", ["comments", "events"])
async def test_a_stream_of_nothing_without_end_is_no_sign_of_life_and_is_cut(
    chat, provider, server, endless, monkeypatch
):
    monkeypatch.setattr("senter.models.providers.wire.LARGEST_STREAM", 100_000)
    server.enqueue(Reply(endless=endless))
    assert await failure(chat, provider) == "it sends more than an answer can have"
    await server.wait_disconnects(1)


@pytest.mark.parametrize("stall", ["before", "after"])
async def test_a_provider_elsewhere_that_falls_silent_is_given_up(make, elsewhere, server, stall):
    server.enqueue(Reply("Hello there", stall=stall))
    assert await trouble(make(silent=0.1), elsewhere) == "it did not answer in time"
    await server.wait_disconnects(1)


async def test_a_provider_on_this_machine_may_think_for_longer_than_one_elsewhere(
    make, provider, elsewhere, server
):
    server.enqueue(Reply("Hello", stall="before"), Reply("Hello", stall="before"))
    chat = make(silent=0.1)
    here = asyncio.create_task(pieces(chat, provider))
    await server.wait_stalled(1)
    assert await trouble(chat, elsewhere) == "it did not answer in time"
    server.release()
    assert await here == ["Hello"]


async def test_closing_an_answer_ends_it_at_the_provider(chat, provider, server):
    server.enqueue(Reply("Hello there", stall="after"))
    heard = chat.stream(provider, HELLO, GenerateOptions(max_tokens=5))
    assert (await anext(heard)).text == "Hello"
    await heard.aclose()
    await server.wait_disconnects(1)


@pytest.mark.parametrize("stall", ["before", "after"])
async def test_cancelling_a_question_ends_it_at_the_provider(chat, provider, server, stall):
    server.enqueue(Reply("Hello there", stall=stall))
    asking = asyncio.create_task(pieces(chat, provider))
    await server.wait_stalled(1)
    asking.cancel()
    await server.wait_disconnects(1)
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_key_is_sent_where_it_was_meant_to_go_and_never_told(make, provider, server, caplog):
    caplog.set_level(logging.DEBUG)
    chat = make(KEY_HERE)
    server.enqueue("Hello", Reply(f"wrong key {KEY}", status=500), Reply("wrong key sk-sw\0ordfish", status=400))
    assert await pieces(chat, provider) == ["Hello"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert await trouble(chat, provider) == "it answered with status 500: wrong key …"
    assert await failure(chat, provider) == "it answered with status 400: wrong key …"
    server.enqueue(Reply(events=EVENT.format(json.dumps({"error": {"message": f"wrong key {KEY}"}}))))
    assert await failure(chat, provider) == "it failed: wrong key …"
    assert KEY not in caplog.text + repr(chat) + repr(vars(chat)["_keys"])


async def test_a_key_does_not_travel_in_the_open_nor_to_somebody_else(make, provider, elsewhere, server):
    everything = {"SENTER_KEY_MODELS_EXAMPLE": KEY, "OPENAI_API_KEY": KEY, "OPENROUTER_API_KEY": KEY}
    ollama = replace(provider, name="ollama")
    for other in (elsewhere, ollama, provider):
        await pieces(make(everything), other)
        assert KEY not in str(server.requests[-1].headers)
        assert "authorization" not in server.requests[-1].headers


async def test_nothing_of_our_machine_is_told_to_a_provider(make, provider, server, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-mine")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: 1\nAuthorization: Bearer mine")
    await pieces(make(KEY_HERE), provider)
    assert "mine" not in str(server.requests[0].headers).lower()
    assert "stainless" not in str(server.requests[0].headers).lower()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_openai_is_told_which_organisation_pays(make, provider, server, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    await pieces(make({"OPENAI_API_KEY": KEY}), replace(provider, name="openai"))
    assert server.requests[0].headers["openai-organization"] == "org-of-mine"


async def test_a_new_key_is_used_at_once_and_the_old_one_forgotten(make, provider, server):
    environment = {}
    chat = make(environment)
    for number in range(5):
        environment["SENTER_KEY_127_0_0_1"] = f"new-{number}"
        await pieces(chat, provider)
    assert [request.headers["authorization"] for request in server.requests] == [
        f"Bearer new-{n}" for n in range(5)
    ]
    import openai

    gc.collect()
    kept = [client for client in gc.get_objects() if isinstance(client, openai.AsyncOpenAI)]
    assert [client.api_key for client in kept if client.api_key.startswith("new-")] == ["new-4"]


@pytest.mark.parametrize(("status", "more"), [(401, ""), (403, ": who is …?")])
async def test_a_provider_that_refuses_the_key_or_wants_one_is_no_model(
    make, provider, elsewhere, server, status, more
):
    server.enqueue(*[Reply(f"who is {KEY}?", status=status)] * 3)
    with_key = make({**KEY_HERE, "SENTER_KEY_MODELS_EXAMPLE": KEY})
    refused = f"it refuses the key in SENTER_KEY_127_0_0_1 (status {status}){more}"
    assert await refusal(with_key, provider) == refused
    assert await refusal(with_key, elsewhere) == (
        f"it wants a key (status {status}): the key in SENTER_KEY_MODELS_EXAMPLE is sent over https only"
    )
    advice = f'put one for "127.0.0.1" {INTO_THE_FILE}'
    assert await refusal(make(), provider) == f"it wants a key (status {status}): {advice}"


async def test_a_file_of_keys_that_others_may_read_is_told_when_a_key_is_wanted(provider, server, tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text(f'"127.0.0.1" = "{KEY}"')
    file.chmod(0o644)
    chat = Chat(no_engine, no_file, Keys(file, {"HOME": str(tmp_path)}))
    server.enqueue(Reply(status=401))
    assert await refusal(chat, provider) == (
        "it wants a key (status 401): ~/keys.toml may be read by others; run: chmod 600 ~/keys.toml"
    )
    assert "authorization" not in server.requests[0].headers
    file.chmod(0o600)
    assert await pieces(chat, provider) == ["Yes."]
    assert server.requests[1].headers["authorization"] == f"Bearer {KEY}"


async def test_a_text_becomes_a_vector(chat, provider, server):
    vectors, tokens = await chat.embed(provider, ["a b", "c"])
    assert vectors == [[0.03, 0.1, 0.1], [0.01, 0.0, 0.0]]
    assert tokens == 3
    (request,) = server.embedded
    assert (request.model, request.body["input"]) == ("llama3.2", ["a b", "c"])
    assert request.body["encoding_format"] == "float"


async def test_vectors_are_asked_of_the_model_that_is_for_it(make, provider, server):
    await make(embedding_model="nomic-embed-text").embed(provider, ["a"])
    assert server.embedded[0].model == "nomic-embed-text"


async def test_vectors_come_in_the_order_of_the_texts(chat, provider, server):
    server.enqueue_vectors(rows({"index": 1, "embedding": [1, 2]}, {"index": 0, "embedding": [3, 4.5]}))
    assert await chat.embed(provider, ["a", "b"]) == ([[3.0, 4.5], [1.0, 2.0]], 0)


def rows(*vectors) -> Reply:
    """An answer with these vectors."""
    return Reply(body=json.dumps({"object": "list", "data": vectors}))


NO_VECTORS = {
    "nothing": rows(),
    "too few": rows({"index": 0, "embedding": [1.0]}),
    "too many": rows(*({"index": index, "embedding": [1.0]} for index in range(3))),
    "of two lengths": rows({"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}),
    "empty": rows({"index": 0, "embedding": []}, {"index": 1, "embedding": []}),
    "texts": rows({"index": 0, "embedding": ["1.0"]}, {"index": 1, "embedding": ["1.0"]}),
    "infinite": rows({"index": 0, "embedding": [float("inf")]}, {"index": 1, "embedding": [1.0]}),
    "no numbers": rows({"index": 0, "embedding": [float("nan")]}, {"index": 1, "embedding": [1.0]}),
    "larger than numbers": rows({"index": 0, "embedding": [10**400]}, {"index": 1, "embedding": [1.0]}),
    "in base64": rows({"index": 0, "embedding": "AACAPw=="}, {"index": 1, "embedding": "AACAPw=="}),
    "too long": rows(*({"index": index, "embedding": [0] * 70_000} for index in range(2))),
    "without index": rows({"embedding": [1.0]}, {"embedding": [2.0]}),
    "no rows": Reply(body='{"data": 7}'),
    "no object": Reply(body="[1]"),
    "no JSON": Reply(body="{nonsense"),
    "a web page": Reply(wire="HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>It works!</html>"),
}


@pytest.mark.parametrize("reply", NO_VECTORS.values(), ids=NO_VECTORS)
async def test_vectors_that_are_none_are_a_failure(chat, provider, server, reply):
    server.enqueue_vectors(reply)
    with pytest.raises(ModelFailed) as failed:
        await chat.embed(provider, ["a", "b"])
    assert str(failed.value) == f"{provider.name} does not speak the OpenAI protocol"
    assert type(failed.value) is ModelFailed


async def test_vectors_without_end_do_not_fill_the_memory(chat, provider, server, monkeypatch):
    monkeypatch.setattr("senter.models.providers.wire.LARGEST_VECTORS", 1_000_000)
    server.enqueue_vectors(rows({"index": 0, "embedding": [0.5] * 1_000_000}))
    with pytest.raises(ModelFailed, match="sends more than an answer can have"):
        await chat.embed(provider, ["a"])


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=404), "it answered with status 404"),
        (Reply("there is no /v1/embeddings", status=404), "it answered with status 404"),
        (Reply(status=405), "it answered with status 405"),
        (Reply(status=501), "it answered with status 501"),
        (Reply("This server does not support embeddings", status=501), "This server does not support embeddings"),
        (
            Reply("The model does not support Embeddings API", status=400),
            "The model does not support Embeddings API",
        ),
        (Reply("this model does not support embeddings", status=500), "this model does not support embeddings"),
    ],
)
async def test_a_provider_without_embeddings_says_so(chat, provider, server, reply, told):
    server.enqueue_vectors(reply)
    with pytest.raises(Unavailable) as missing:
        await chat.embed(provider, ["a"])
    assert str(missing.value) == f"{provider.name} has no embeddings: {told}"


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (Reply("model 'nomic' not found, try pulling it", status=404), NoModel, "it has no model nomic"),
        (Reply("no", status=402), NoModel, "it has no credit left (status 402): no"),
        (Reply("busy", status=429), Passing, "it answered with status 429: busy"),
        (Reply("out of memory", status=500), Passing, "it answered with status 500: out of memory"),
        (Reply("input is too large", status=500), ModelFailed, "it answered with status 500: input is too large"),
        (Reply("what?", status=400), ModelFailed, "it answered with status 400: what?"),
        (Reply(wire="HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), Passing, "it broke off"),
        (Reply(body='{"data": [', lie=5), Passing, "it broke off"),
    ],
)
async def test_a_request_for_vectors_fails_as_a_question_does(make, provider, server, reply, kind, told):
    server.enqueue_vectors(reply)
    with pytest.raises(kind) as failed:
        await make(embedding_model="nomic").embed(provider, ["a"])
    assert type(failed.value) is kind
    assert str(failed.value).replace(provider.name, "it") == told


async def test_the_embedded_engine_is_spoken_with_over_its_socket(tmp_path):
    server = OpenAIServer()
    await server.start(socket=tmp_path / "engine.sock")

    async def endpoint() -> str:
        return str(tmp_path / "engine.sock")

    chat = Chat(endpoint, no_file, Keys(Path("/nowhere"), {"SENTER_KEY_": KEY, "CREDENTIALS_DIRECTORY": "/"}))
    assert await pieces(chat, Provider("embedded")) == ["Yes."]
    assert "authorization" not in server.requests[0].headers
    await server.stop()
    assert await refusal(chat, Provider("embedded")) == "it cannot be reached"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (NoModel("there is no language model in /models; put one there"), "has no language model in /models"),
        (NoModel("there is no b.gguf in /models; put it there"), "has no b.gguf in /models"),
        (Unavailable("llama.cpp is not installed; run: pip"), "cannot be used (llama.cpp is not installed)"),
        (ConfigurationError("[engine] is wrong"), "cannot be used ([engine] is wrong)"),
    ],
)
async def test_an_engine_that_cannot_load_a_model_is_no_model(reason, told):
    def refuse() -> Path:
        raise reason

    async def fail() -> str:
        raise reason

    chat = Chat(fail, refuse, Keys(Path("/nowhere")))
    embedded = Provider("embedded")
    for asking in (chat.look(embedded), pieces(chat, embedded), chat.embed(embedded, ["a"])):
        with pytest.raises(NoModel) as missing:
            await asking
        assert str(missing.value) == f"embedded {told}"


async def test_the_embedded_engine_is_there_when_it_has_a_model_file():
    await Chat(no_engine, lambda: Path("/models/tiny.gguf"), Keys(Path("/nowhere"))).look(Provider("embedded"))


async def test_a_proxy_is_asked_for_what_is_elsewhere_only(chat, provider, server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    monkeypatch.setenv("no_proxy", "near.example")
    (far,) = providers_of(["http://far.invalid/v1"], "llama3.2", "config.toml")
    await chat.look(far)
    assert await pieces(chat, far) == ["Yes."]
    assert server.requests[0].headers["host"] == "far.invalid"
    with pytest.raises(NoModel, match=r"^http://near\.example/v1 cannot be reached"):
        await chat.look(providers_of(["http://near.example/v1"], "llama3.2", "config.toml")[0])
    await server.stop()
    with pytest.raises(NoModel, match=r"^the proxy to http://far\.invalid/v1 cannot be reached"):
        await chat.look(far)
    assert await refusal(chat, provider) == "it cannot be reached"


async def test_a_proxy_that_refuses_is_no_model(chat, provider, server, monkeypatch):
    monkeypatch.setenv("https_proxy", server.url.removesuffix("/v1").removeprefix("http://"))
    (far,) = providers_of(["https://far.invalid/v1"], "llama3.2", "config.toml")
    await chat.look(far)
    assert await refusal(chat, far) == "it cannot be reached: its proxy refuses"


@pytest.mark.parametrize("proxy", ["socks5://me:swordfish@127.0.0.1:1", "http://me:swordfish@x:99999", "http://"])
async def test_a_proxy_of_another_kind_is_told_without_its_password(chat, monkeypatch, proxy):
    monkeypatch.setenv("all_proxy", proxy)
    (far,) = providers_of(["https://far.invalid/v1"], "llama3.2", "config.toml")
    told = "it cannot be reached: its proxy in the environment is no http or https URL"
    assert await refusal(chat, far) == told
    with pytest.raises(NoModel, match="no http or https URL"):
        await chat.look(far)


@pytest.fixture
async def secure(tmp_path):
    """A provider with TLS, whose certificate nobody has signed, in the file ``certificate.pem``."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1")
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject)
    subprocess.run((*made, "-keyout", key, "-out", certificate), check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    serving = OpenAIServer()
    await serving.start(tls=tls)
    yield serving
    await serving.stop()


async def test_a_provider_with_a_certificate_that_is_not_trusted_is_sent_nothing(make, secure):
    (provider,) = providers_of([secure.url], "llama3.2", "config.toml")
    await make().look(provider)
    assert await refusal(make(KEY_HERE), provider) == "it has a certificate that is not trusted"
    assert secure.requests == []


async def test_a_key_travels_to_another_machine_when_nobody_else_can_read_it(make, secure, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    (provider,) = providers_of([secure.url], "llama3.2", "config.toml")
    chat = make({"SENTER_KEY_MODELS_EXAMPLE": KEY})
    assert await pieces(chat, replace(provider, host="models.example")) == ["Yes."]
    assert secure.requests[0].headers["authorization"] == f"Bearer {KEY}"
