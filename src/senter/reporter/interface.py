"""``ai.senter.Reporter1``: what others may tell the reporter, and ask of it."""

from typing import Annotated

from senter.bus import signatures
from senter.bus.names import REPORTER
from senter.bus.publish import Interface, caller, method, signal
from senter.bus.signatures import U32, U64, Checks, Options, Str, Strings, Time
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.notice import Notice, NotifyOptions
from senter.reporter.service import ReporterService
from senter.reporter.summary import Summary

ActivityRows = Annotated[list[Activity], "aa{sv}"]
NoticeRows = Annotated[list[Notice], "aa{sv}"]
SummaryRows = Annotated[list[Summary], "aa{sv}"]


class ReporterInterface(Interface):
    """The reporter tells: an activity log, digests, and notices on the desktop."""

    def __init__(self, service: ReporterService) -> None:
        super().__init__(REPORTER)
        self.service = service

    @method
    async def Log(self, activity_type: Str, summary: Str, importance: Str) -> None:
        """Write down what was done; it is on disk when this returns.

        activity_type is a word such as plan_created, task_completed, task_failed, goal_completed,
        research_complete or learning_update. importance is low, normal, high or critical; the last two are shown
        on the desktop at once. The source is the caller.
        """
        chosen = LogOptions(importance=importance or LogOptions.importance)
        await self.service.log(activity_type, summary, chosen, caller.get())

    @method
    async def LogWith(self, activity_type: Str, summary: Str, options: Options) -> None:
        """Log with options: importance s, details a{sv}, key s (the same key is logged once).

        With an empty summary the line is made from the details: description, error, topic, insight. Kept with it
        are the details goal s (its id), title s (what the goal is called) and open s (a file or URL that shows it).
        """
        chosen = signatures.options(LogOptions, options)
        await self.service.log(activity_type, summary, chosen, caller.get())

    @method
    async def Activities(self, since: U64, limit: U32, offset: U32) -> ActivityRows:
        """Activities from a time (microseconds since the epoch) on, newest first, at most 1,000 at once.

        A limit of 0 means 100. Each has id s, time t, type s, source s, summary s, importance s, goal s, open s.
        """
        return await self.service.activities(since, limit, offset)

    @method
    async def Search(self, query: Str, limit: U32, offset: U32) -> ActivityRows:
        """Activities in whose line or goal every word of the query is, or begins a word, newest first."""
        return await self.service.search(query, limit, offset)

    @method
    async def Summaries(self, kind: Str, since: U64, limit: U32, offset: U32) -> SummaryRows:
        """What was done for each goal, or in each session (kind), from a time on; the latest first.

        A session is a time in which the user was there, or away. Each has id s, title s, text s, began t, ended t,
        activities u.
        """
        return await self.service.summaries(kind, since, limit, offset)

    @method
    async def Progress(self) -> Str:
        """What Senter did since the user was there last, in a few lines for a person.

        That is since the last lock of the screen, or the last sign of life before 30 minutes without one; the past
        24 hours when nothing is known of it. Asking changes nothing.
        """
        return await self.service.progress()

    @method
    async def AwaySince(self) -> Time:
        """The time from which Progress tells; 0 when it is not known when the user was there."""
        return await self.service.away_since()

    @method
    async def Digest(self, hours: U32) -> Str:
        """The digest of the past hours (1 to 8784) as text."""
        return await self.service.digest(hours)

    @method
    async def PlainDigest(self, hours: U32) -> Str:
        """The same without emoji."""
        return await self.service.digest(hours, plain=True)

    @method
    async def DigestPage(self, hours: U32) -> Str:
        """Write the digest of the past hours as a page of HTML with a chart of the week; its path."""
        return await self.service.digest_page(hours)

    @method
    async def SendDigest(self, kind: Str) -> Str:
        """Show a digest on the desktop; kind is daily. Once a day: an empty answer means it was sent before.

        One that is sent later than five minutes after its time says so in its title.
        """
        return await self.service.send_digest(kind)

    @method
    async def Tell(self, section: Str, key: Str, lines: Strings, until: U64) -> None:
        """Have every digest tell these lines, until a time (0: always) or until the same key tells others.

        section is costs (what it cost) or coming (what comes next). No lines take back what was told.
        """
        await self.service.tell(section, key, lines, until)

    @method
    async def Notify(self, title: Str, body: Str, urgency: Str) -> Str:
        """Show a notice, at once or as soon as there is a notification server; answers its id.

        urgency is low, normal or critical.
        """
        return await self.service.notify(title, body, NotifyOptions(urgency=urgency or NotifyOptions.urgency))

    @method
    async def NotifyWith(self, title: Str, body: Str, options: Options) -> Str:
        """Notify with options: urgency s, open s, key s, type s, actions a(sssss).

        A click on the body opens the path or URL of open. The same key is shown once. The type is a word by which
        the user can switch such notices off; one of type approval waits in digests until it is answered or
        withdrawn. Each action is key, label, bus name, member, argument: a click on it calls that member of a room
        of Senter with that string.
        """
        return await self.service.notify(title, body, signatures.options(NotifyOptions, options))

    @method
    async def Withdraw(self, id: Str) -> None:
        """Take back a notice, by its id or its key, that needs no answer any more."""
        await self.service.withdraw(id)

    @method
    async def Pending(self) -> NoticeRows:
        """The notices that could not be shown yet, oldest first, at most 1,000.

        Each has id s, time t, title s, body s, urgency s, open s, actions a(sssss), type s.
        """
        return await self.service.pending()

    @method
    async def Check(self) -> Checks:
        """What the reporter finds out about itself: what, ok or warn or fail, and how to mend it."""
        return await self.service.check()

    @signal
    def ActionChosen(self, id: Str, action: Str) -> None:
        """The user clicked on a notice: on the button with this key, or on its body (default)."""

    @signal
    def Announced(self, id: Str, text: Str) -> None:
        """A notice was just shown; the voice may say it."""
