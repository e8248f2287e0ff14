"""Makes digests of what the store holds: the daily one, the one for a user who comes back, those asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from senter.database import Disk
from senter.errors import ConfigurationError, Unavailable
from senter.reporter.activity import Activity, microseconds
from senter.reporter.delivery.ledger import Ledger
from senter.reporter.digest import page, slot, words
from senter.reporter.digest.material import Material
from senter.reporter.notice import AWAY, DIGEST, Notice, new
from senter.reporter.presence import Presence, Span, end_of_previous, spans
from senter.reporter.store import Store
from senter.reporter.summary import GOAL, GONE, HERE, Summary
from senter.settings import ReporterSettings

DAILY = "daily"
DAY = timedelta(hours=24)
WEEK_DAYS = 7
MOST_SPANS = 1000
MOST_DAYS = 36_500
LAST_MOMENT = 2**63 - 1
COSTS, COMING = "costs", "coming"
SECTIONS = (COSTS, COMING)
"""What rooms may have to say in every digest."""

WritePage = Callable[[Path, dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Digests:
    """Digests of ``store`` and ``ledger``.

    ``write_page(file, values)`` writes a digest as HTML and raises Unavailable; the pages go to ``folder``.
    ``first_state(notice)`` says in which state a notice begins. Every method raises Unavailable when the disk does
    not let us; making this raises ConfigurationError for a number of days that is none.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        settings: ReporterSettings,
        write_page: WritePage,
        folder: Path,
        now: Callable[[], datetime],
        on_disk: Disk,
        first_state: Callable[[Notice], str],
    ) -> None:
        if not 0 <= settings.keep_days <= MOST_DAYS:
            raise ConfigurationError(f"[reporter] keep_days must be 0 to {MOST_DAYS}, not {settings.keep_days}")
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self._write_page = write_page
        self._folder = folder
        self._now = now
        self._on_disk = on_disk
        self._first_state = first_state
        self._making = asyncio.Lock()

    async def since(self) -> int:
        """When the user was there last before now (µs); 0 when that is not known."""
        rows = await self._on_disk(self._store.presences, 2)
        return end_of_previous(rows, microseconds(self._now())) or 0

    async def progress(self) -> str:
        """What was done since the user was there last, for a person; the past 24 hours when that is not known."""
        left = await self.since()
        since = left or microseconds(self._now() - DAY)
        newest = await self._on_disk(self._store.activities, since, words.NEWEST_TOLD, 0)
        total = sum((await self._on_disk(self._store.counts, since, LAST_MOMENT)).values())
        return words.progress_text(newest, total, _told_time(left) if left else "")

    async def summaries(self, kind: str, since: int, limit: int, offset: int) -> list[Summary]:
        """What was done for each goal, or in each session, from a time on; the latest first."""
        if kind == GOAL:
            found = await self._on_disk(self._store.goals, since, limit, offset)
            return [
                Summary(goal, title or f"goal {goal}", words.tally(counts), began, ended, sum(counts.values()))
                for goal, title, began, ended, counts in found
            ]
        now = microseconds(self._now())
        rows = await self._on_disk(self._store.presences, MOST_SPANS)
        chosen = [span for span in spans(rows, now) if span.ended >= since][offset : offset + limit]
        return [await self._of_span(span) for span in chosen]

    async def text(self, hours: int, plain: bool) -> str:
        """The digest of the past hours."""
        return words.digest_text(await self._of_hours(hours), plain or self._settings.plain)

    async def page(self, hours: int) -> str:
        """Write the digest of the past hours as a page; its path."""
        file = self._folder / "latest.html"
        values = await self._page_values("Digest", await self._of_hours(hours))
        async with self._making:
            await self._write_page(file, values)
        return str(file)

    async def daily(self) -> Notice | None:
        """Make the daily digest and its notice, unless this day's was made: then None.

        It tells what was done since the one before, the first one the past 24 hours.
        """
        async with self._making:
            return await self._daily()

    async def _daily(self) -> Notice | None:
        now = self._now()
        due = slot.daily_slot(now)
        day = due.due.date().toordinal()
        if await self._on_disk(self._store.is_claimed, DAILY, day):
            return None
        before = await self._on_disk(self._store.last_told, DAILY)
        if before is None:
            activities = await self._between(microseconds(now - DAY))
            period = "the past 24 hours"
        else:
            activities = await self._on_disk(self._store.activities_after, before)
            period = "the time since the last digest"
        material = await self._material(activities, period)
        title = slot.daily_title(due)
        open_path = await self._page(f"{due.due:%Y-%m-%d}.html", title, material)
        body = words.digest_text(material, self._settings.plain)
        notice = new(now, title, body, open=open_path, type=DIGEST)
        last = _last(activities, before or 0)
        return await self._claimed(DAILY, day, last, notice)

    async def away(self, left: int, here: Presence) -> Notice | None:
        """Make the notice for a user who has come back; None when there is nothing to tell that was not told.

        Takes when the user left (µs), and the presence that has begun, for which this is done once.
        """
        async with self._making:
            return await self._away(left, here)

    async def _away(self, left: int, here: Presence) -> Notice | None:
        if await self._on_disk(self._store.is_claimed, AWAY, here.id):
            return None
        told = await self._on_disk(self._store.last_told) or 0
        activities = await self._on_disk(self._store.activities_after, told, left)
        activities = [activity for activity in activities if activity.time <= here.began]
        if all(activity.importance == "low" for activity in activities):
            return None
        newest = activities[: -words.NEWEST_TOLD - 1 : -1]
        title, _, body = words.progress_text(newest, len(activities), _told_time(left)).partition("\n")
        material = await self._material(activities, f"the time since {_told_time(left)}")
        stamp = datetime.fromtimestamp(left / 1_000_000).astimezone()
        open_path = await self._page(f"away-{stamp:%Y-%m-%dT%H%M}.html", "While you were away", material)
        notice = new(self._now(), title.removesuffix(":"), body, open=open_path, type=AWAY)
        return await self._claimed(AWAY, here.id, _last(activities, told), notice)

    async def forget(self) -> None:
        """Delete what is older than the user wants it to be kept."""
        if not self._settings.keep_days:
            return
        before = microseconds(self._now() - timedelta(days=self._settings.keep_days))
        await self._on_disk(self._store.forget, before)
        await self._on_disk(self._ledger.forget, before)
        await asyncio.to_thread(_delete_pages, self._folder, before)

    async def _claimed(self, kind: str, day: int, last: int, notice: Notice) -> Notice | None:
        state = self._first_state(notice)
        taken = await self._on_disk(self._store.claim_digest, kind, day, last, notice, state)
        return notice if taken else None

    async def _of_hours(self, hours: int) -> Material:
        activities = await self._between(microseconds(self._now()) - hours * 3_600_000_000)
        return await self._material(activities, f"the past {hours} hours" if hours > 1 else "the past hour")

    async def _of_span(self, span: Span) -> Summary:
        counts = await self._on_disk(self._store.counts, span.began, span.ended)
        title = HERE if span.here else GONE
        total = sum(counts.values())
        return Summary(str(span.began), title, words.tally(counts), span.began, span.ended, total)

    async def _between(self, since: int) -> list[Activity]:
        newest_first = await self._on_disk(self._store.activities, since, -1, 0)
        return newest_first[::-1]

    async def _material(self, activities: Sequence[Activity], period: str) -> Material:
        now = microseconds(self._now())
        approvals = [_question(asked) for asked in await self._on_disk(self._ledger.approvals)]
        costs, coming = [await self._on_disk(self._store.standing, section, now) for section in SECTIONS]
        return Material(activities, period, approvals, costs, coming)

    async def _page(self, name: str, title: str, material: Material) -> str:
        """Write a page and return its path; a digest without its page is still one."""
        try:
            await self._write_page(self._folder / name, await self._page_values(title, material))
        except Unavailable as error:
            logger.warning("The digest has no page: %s", error)
            return ""
        return str(self._folder / name)

    async def _page_values(self, title: str, material: Material) -> dict[str, Any]:
        """What the page is made of, with the counts of the past seven local days."""
        tomorrow = self._now().date() + timedelta(days=1)
        dates = [tomorrow - timedelta(days=days) for days in range(WEEK_DAYS, -1, -1)]
        midnights = [microseconds(datetime(date.year, date.month, date.day).astimezone()) for date in dates]
        week = [
            page.Day(f"{date:%a} {date.day}", await self._on_disk(self._store.counts, begins, ends))
            for date, begins, ends in zip(dates, midnights, midnights[1:], strict=False)
        ]
        return page.values(title, material, week, made=microseconds(self._now()), plain=self._settings.plain)


def _question(asked: Notice) -> str:
    return f"{asked.title}{'' if asked.title.endswith(tuple('?!.:')) else ':'} {asked.body}"


def _last(activities: Sequence[Activity], before: int) -> int:
    return max((int(told.id) for told in activities), default=before)


def _told_time(when: int) -> str:
    then = datetime.fromtimestamp(when / 1_000_000).astimezone()
    return f"{then:%a} {then.day} {then:%b %H:%M}"


def _delete_pages(folder: Path, before: int) -> None:
    """Delete the pages that were written before a time (µs)."""
    for file in [*folder.glob("*.html"), *folder.glob(".*.new")]:
        try:
            if file.lstat().st_mtime * 1_000_000 < before:
                file.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be deleted: %s", file, error.strerror)
