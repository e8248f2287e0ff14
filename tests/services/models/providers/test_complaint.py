"""What a provider complains of, as an error of ours."""

import pytest

from senter.errors import ModelFailed, NoModel, Unavailable
from senter.models.providers.complaint import of_embedding, of_event, of_status, seconds_after
from senter.models.providers.keys import Key
from senter.models.providers.provider import Provider
from senter.models.providers.retry import Passing

PROVIDER = Provider("it", "llama3.2", host="models.example")
ADVICE = 'put one for "models.example" into ~/.config/senter/keys.toml, and run: chmod 600 on it'
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60.0),
        ({"retry-after": "Fri, 15 Jan 2027 09:01:00 +0100"}, 60.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00"}, 60.0),
        ({"retry-after": "Friday, 15-Jan-27 08:01:00 GMT"}, 60.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
    ],
)
def test_a_wish_is_a_time_or_a_date(headers, seconds):
    assert seconds_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "wish", ["", "soon", "-1", "nan", "inf", "-inf", "1e999", "7 s", "99 Foo 2027", "Fri, 99 Jan 2027 08:01:00 GMT"]
)
def test_a_wish_that_is_nonsense_is_none(wish):
    assert seconds_after({"retry-after": wish}, NOW) is None


@pytest.mark.parametrize("status", [*(408, 409, 425, 429), *range(500, 600)])
def test_what_may_be_over_soon_is_passing_with_its_wish(status):
    failed = of_status(PROVIDER, status, {"message": "busy"}, {"retry-after": "3"}, Key(), NOW)
    assert type(failed) is Passing
    assert str(failed) == f"it answered with status {status}: busy"
    assert failed.after == 3.0


@pytest.mark.parametrize("status", sorted({*range(300, 500)} - {401, 402, 403, 404, 408, 409, 425, 429}))
def test_every_other_status_is_final(status):
    failed = of_status(PROVIDER, status, {"message": "what?"}, {"retry-after": "3"}, Key(), NOW)
    assert type(failed) is ModelFailed
    assert str(failed) == f"it answered with status {status}: what?"


@pytest.mark.parametrize(
    ("status", "body", "key", "told"),
    [
        (401, {}, Key(), f"it wants a key (status 401): {ADVICE}"),
        (403, {}, Key(trouble="~/keys is a link"), "it wants a key (status 403): ~/keys is a link"),
        (401, {"message": "wrong: sk-1***"}, Key("sk-1", "A"), "it refuses the key in A (status 401)"),
        (403, {"message": "not for sk-1"}, Key("sk-1", "A"), "it refuses the key in A (status 403): not for …"),
        (402, {"message": "pay"}, Key(), "it has no credit left (status 402): pay"),
        (429, {"code": "insufficient_quota"}, Key(), "it has no credit left (status 429)"),
        (404, {"message": "no such model"}, Key(), "it has no model llama3.2"),
        (404, {"message": "try: pull llama3.2"}, Key(), "it has no model llama3.2"),
    ],
)
def test_what_is_another_providers_business(status, body, key, told):
    failed = of_status(PROVIDER, status, body, {}, key, NOW)
    assert type(failed) is NoModel
    assert str(failed) == told


def test_what_a_provider_says_is_one_harmless_line_that_ends():
    failed = of_status(PROVIDER, 400, {"message": "a\x1b[31m\n\n\u202eb" + "x" * 1_000_000}, {}, Key(), NOW)
    assert str(failed).startswith("it answered with status 400: a[31m bxxx")
    assert len(str(failed)) < 300


def test_a_key_that_is_hidden_in_what_a_provider_says_stays_hidden():
    key = Key("sk-swordfish", "A")
    for said in ("sk-swordfish", "sk-\0swordfish", "sk-sk-swordfishswordfish"):
        assert "sk-swordfish" not in str(of_status(PROVIDER, 400, said, {}, key, NOW))


@pytest.mark.parametrize(
    "body", [None, 7, [], "", {}, {"message": 7}, {"code": [], "type": {}}, "<html>", {"detail": {}}]
)
def test_an_error_of_any_shape_is_an_error(body):
    assert str(of_status(PROVIDER, 418, body, {}, Key(), NOW)) == "it answered with status 418"
    assert str(of_event(PROVIDER, body, "out of order", Key())) == "it failed: out of order"


@pytest.mark.parametrize("body", [{"code": 500}, {"code": "503"}, {"code": 429}, {"type": "overloaded_error"}])
def test_an_error_in_a_stream_that_may_be_over_soon_is_passing(body):
    assert type(of_event(PROVIDER, body, "", Key())) is Passing


@pytest.mark.parametrize("body", [{"code": 400}, {"code": 5000}, {"code": "²"}, {"type": "invalid_request_error"}])
def test_an_error_in_a_stream_that_stays_is_final(body):
    assert type(of_event(PROVIDER, body, "", Key())) is ModelFailed


def test_no_embeddings_is_told_from_no_model():
    missing = of_embedding(PROVIDER, 404, {"message": "model not found"}, {}, Key())
    assert (type(missing), str(missing)) == (NoModel, "it has no model llama3.2")
    none = of_embedding(PROVIDER, 404, {}, {}, Key())
    assert (type(none), str(none)) == (Unavailable, "it has no embeddings: it answered with status 404")
