"""A model worker with the embedded engine: real programs, llama.cpp, and a model of random weights."""

import json
import sys

import pytest
from support.tiny_model import write_tiny_model

from senter.bus.names import ENGINE, PRIMARY
from senter.errors import ModelFailed
from senter.models.client import ModelClient
from senter.models.request import GenerateOptions

HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {
    "type": "object",
    "properties": {"done": {"type": "boolean"}},
    "required": ["done"],
    "additionalProperties": False,
}

pytest.importorskip("xllamacpp", reason="needs llama.cpp: pip install xllamacpp")


@pytest.fixture
async def model(bus, client, home) -> ModelClient:
    """The primary worker with the engine as its only provider; both sleep until somebody asks."""
    write_tiny_model(home / "DATA_HOME/senter/models/tiny.gguf")
    config = home / "CONFIG_HOME/senter/config.toml"
    config.parent.mkdir()
    config.write_text('[models.primary]\nproviders = ["embedded"]\n')
    bus.install(ENGINE.bus_name, sys.executable, "-I", "-m", "senter.engine")
    bus.install(PRIMARY.bus_name, sys.executable, "-I", "-m", "senter.models", "primary")
    return ModelClient(client, PRIMARY)


async def test_a_question_wakes_the_engine_and_is_answered(model, client):
    assert [check.verdict for check in await model.check()] == ["ok"]
    assert not await client.owner(ENGINE.bus_name), "looking does not wake it"
    heard = []
    outcome = await model.generate(HELLO, GenerateOptions(max_tokens=20, temperature=0.0), heard.append)
    assert outcome.provider == "embedded"
    assert outcome.text == "".join(heard) != ""
    assert 0 < outcome.tokens_out <= 20
    assert outcome.tokens_in > 0
    assert outcome.model == "tiny.gguf"


async def test_an_answer_keeps_to_its_schema(model):
    outcome = await model.generate(HELLO, GenerateOptions(max_tokens=200, json_schema=json.dumps(SCHEMA)))
    assert isinstance(json.loads(outcome.text)["done"], bool)


async def test_a_schema_that_cannot_be_kept_is_a_failure(model):
    impossible = GenerateOptions(json_schema=json.dumps({"type": "object", "$ref": "#/nowhere"}))
    with pytest.raises(ModelFailed):
        await model.generate(HELLO, impossible)
    assert (await model.generate(HELLO, GenerateOptions(max_tokens=5))).provider == "embedded"
