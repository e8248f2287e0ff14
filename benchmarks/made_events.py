"""Events as learning gets them, made: what somebody asked in two years, and what Senter answered."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from senter.host.clock import local_now
from senter.learning.event import FEEDBACK, GOAL_COMPLETED, QUERY, RESPONSE, VOICE, Event

BATCH = 200
DAYS, HOUR = 731, 3_600_000_000
SITTINGS = (8, 12, 16, 20)
"""At these hours the user begins to ask, for 50 minutes."""
KINDS = (QUERY, RESPONSE, VOICE, RESPONSE, QUERY, RESPONSE, FEEDBACK, QUERY, RESPONSE, GOAL_COMPLETED)
QUESTIONS = (0, 0, 2, 2, 4, 4, 4, 7, 7, 9)
"""The place of the question to which each of them belongs."""
ASKING = ("Please explain", "What is known of", "Briefly, what is", "Hey, tell me about", "How do I debug")
QUALITIES = (
    *("raised", "winter", "copper", "hidden", "electric", "narrow", "ancient", "woollen", "silent", "polar"),
    *("wooden", "solar", "coastal", "fermented", "broken", "magnetic", "painted", "wild", "folding", "stone"),
)
THINGS = (
    *("beds", "tyres", "kettles", "canals", "bridges", "looms", "owls", "bread", "lamps", "maps", "violins"),
    *("orchards", "engines", "roofs", "ferries"),
)
TOPICS = [f"{quality} {thing}" for quality in QUALITIES for thing in THINGS]
SYLLABLES = [first + second for first, second in zip("bcdfghjklmnprstvwxyz", "aeiou" * 4, strict=True)]
COMMON, EVERY = "marmalade", 10
RARE, RARE_ONES = "quixotry", 20
"""A word of every tenth event, and one of twenty events of all."""


def made(count: int) -> Iterator[Event]:
    """So many events of the two years before today."""
    chance = random.Random(count)
    weights = [1 / (place + 10) for place in range(len(TOPICS))]
    topics = chance.choices(TOPICS, weights, k=len(TOPICS) * 10)
    answers = made_answers(chance)
    midnight = local_now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = int(midnight.timestamp() * 1_000_000) - DAYS * 24 * HOUR
    for number in range(count):
        day, rest = divmod(number * DAYS / count, 1)
        sitting, part = divmod(rest * len(SITTINGS), 1)
        moment = first + int((day * 24 + SITTINGS[int(sitting)] + day % 3 / 2 + part * 5 / 6) * HOUR)
        place = number % len(KINDS)
        kind = KINDS[place]
        metadata: dict[str, Any] = {"request_id": f"{number - place + QUESTIONS[place]:032x}"}
        if kind == RESPONSE:
            content = answers[number * 7 % len(answers)]
        elif kind == FEEDBACK:
            content, metadata["positive"] = ("too long", False) if number % 3 else ("", True)
        else:
            content = f"{ASKING[number // 7 % len(ASKING)]} {chance.choice(topics)} and {chance.choice(topics)}"
        if kind == GOAL_COMPLETED:
            # hours after anybody was there
            moment += HOUR * 3 // 2
            metadata = {"kind": "research", "seconds": 60.0}
        if chance.random() * EVERY < 1:
            content += f" {COMMON}"
        if number % (count // RARE_ONES) == 0:
            content += f" {RARE}"
        yield Event(kind, content, metadata, moment, f"goal {number}" if kind == GOAL_COMPLETED else "")


def made_answers(chance: random.Random) -> list[str]:
    """Answers of 20 to 80 words, of which few are frequent and many are not."""
    words = ["".join(each) for each in itertools.product(SYLLABLES, repeat=3)]
    chance.shuffle(words)
    weights = list(itertools.accumulate(1 / (place + 3) for place in range(len(words))))
    return [" ".join(chance.choices(words, cum_weights=weights, k=chance.randint(20, 80))) for _ in range(2003)]


def topics_in(text: str) -> list[str]:
    """What a made question is about."""
    words = text.split()
    place = words.index("and")
    return [" ".join(words[place - 2 : place]), " ".join(words[place + 1 : place + 3])]


def made_now(number: int) -> list[Event]:
    """A batch of such events that happen now, others for each number."""
    first = number * BATCH
    events = itertools.islice(made((number + 1) * BATCH), first, None)
    return [replace(each, time=0, key="", content=f"{each.content} {first}") for each in events]
