"""What a provider complains of: whose business it is, and one sentence about it. Pure."""

import email.utils
import math
import time
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from senter.errors import ModelFailed, NoModel, SenterError, Unavailable
from senter.models.providers.keys import Key, advice, without
from senter.models.providers.provider import Provider
from senter.models.providers.retry import Passing
from senter.wording import LONGEST_TEXT, one_line, shortened

UNAUTHORIZED, PAYMENT_REQUIRED, FORBIDDEN, NOT_FOUND = 401, 402, 403, 404

# RFC 9110 and RFC 6585: timed out, in conflict with another request, too early, too many requests
_PASSING = (408, 409, 425, 429)
# errors in the middle of a stream have no status; these are the words of OpenAI and its likes for 429 and 5xx
_PASSING_WORDS = {
    *("server_error", "internal_server_error", "service_unavailable", "timeout"),
    *("overloaded_error", "rate_limit_error", "rate_limit_exceeded"),
}
_NO_CREDIT = "insufficient_quota"
_NO_SUCH_PATH = (404, 405, 501)


def of_status(
    provider: Provider, status: int, body: object, headers: Mapping[str, str], key: Key, now: float | None = None
) -> SenterError:
    """The error that an answer with this status stands for.

    ``body`` is the error in it, whatever that is, ``key`` what we sent, ``now`` the time in seconds since 1970.
    NoModel is another provider's business, Passing may be over soon, ModelFailed is final.
    """
    name, said, codes = provider.name, _said(body, key), _words(body)
    told = _quoted(f"{name} answered with status {status}", said)
    if status == UNAUTHORIZED or (status == FORBIDDEN and not key.value):
        # what is said of a wrong key often repeats a part of it
        return NoModel(_about_key(provider, status, key))
    if status == FORBIDDEN:
        return NoModel(_quoted(_about_key(provider, status, key), said))
    if status == PAYMENT_REQUIRED or _NO_CREDIT in codes:
        return NoModel(_quoted(f"{name} has no credit left (status {status})", said))
    if status == NOT_FOUND:
        return NoModel(_about_model(provider, said))
    if status in _PASSING or status >= 500:
        return Passing(told, seconds_after(headers, time.time() if now is None else now))
    return ModelFailed(told)


def of_embedding(
    provider: Provider, status: int, body: object, headers: Mapping[str, str], key: Key
) -> SenterError:
    """As ``of_status``, for a request for embeddings: Unavailable where there are none."""
    said = _said(body, key).lower()
    if "embedding" in said and ("support" in said or "--embedding" in said):
        return Unavailable(f"{provider.name} has no embeddings: {shortened(_said(body, key))}")
    if status in _NO_SUCH_PATH and "model" not in said:
        return Unavailable(f"{provider.name} has no embeddings: it answered with status {status}")
    if "too large" in said:
        return ModelFailed(_quoted(f"{provider.name} answered with status {status}", _said(body, key)))
    return of_status(provider, status, body, headers, key)


def of_event(provider: Provider, body: object, message: str, key: Key) -> SenterError:
    """The error that an event in the middle of a stream stands for: Passing or ModelFailed."""
    told = _quoted(f"{provider.name} failed", _said(body, key) or _harmless(message, key))
    codes = _words(body)
    passing = codes & _PASSING_WORDS or any(_is_passing(code) for code in codes)
    return Passing(told) if passing and _NO_CREDIT not in codes else ModelFailed(told)


def seconds_after(headers: Mapping[str, str], now: float) -> float | None:
    """How long a provider asks to be left alone (``Retry-After``, RFC 9110, section 10.2.3).

    Takes the headers by lower-case name and the time in seconds since 1970; None when there is no such header, or
    nonsense in it.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    wish = headers.get("retry-after", "")
    seconds = _number(wish)
    return _until(wish, now) if seconds is None else seconds


def _until(date: str, now: float) -> float | None:
    try:
        then = email.utils.parsedate_to_datetime(date)
        # a date without a zone is one that RFC 9110 does not know; it can only be meant as UTC
        return max(0.0, (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _about_key(provider: Provider, status: int, key: Key) -> str:
    if key.value:
        return f"{provider.name} refuses the key in {key.place} (status {status})"
    return f"{provider.name} wants a key (status {status}): {advice(provider, key)}"


def _about_model(provider: Provider, said: str) -> str:
    missing = f"{provider.name} has no model {provider.model}".rstrip()
    if "model" in said.lower() or (provider.model and provider.model in said):
        return missing
    return f"{missing}, or its URL is not that of an OpenAI-compatible server (status {NOT_FOUND})"


def _is_passing(code: str) -> bool:
    return code.isdecimal() and (int(code) in _PASSING or 500 <= int(code) < 600)


def _words(body: object) -> set[str]:
    """The code and the type of an error."""
    found = [body.get("code"), body.get("type")] if isinstance(body, dict) else []
    return {str(word)[:40] for word in found if isinstance(word, str | int)}


def _quoted(complaint: str, said: str) -> str:
    return f"{complaint}: {shortened(said)}" if said else complaint


def _said(body: object, key: Key) -> str:
    """What the body of an error says, on one line and without our key; empty for a web page."""
    message: Any = body
    if isinstance(body, dict):
        message = body.get("message") or body.get("detail")
    return _harmless(message, key) if isinstance(message, str) else ""


def _harmless(message: str, key: Key) -> str:
    # twice: taking out what does not print may put together what was apart
    line = without(key, one_line(without(key, message)[:LONGEST_TEXT]))
    return "" if line.startswith("<") else line
