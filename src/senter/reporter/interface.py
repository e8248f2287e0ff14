"""``ai.senter.Reporter1``: what others may tell the reporter, and ask of it."""

from typing import Annotated

from senter.bus import signatures
from senter.bus.names import REPORTER
from senter.bus.publish import Interface, caller, method, signal
from senter.bus.signatures import U32, U64, Checks, Options, Str
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.notice import Notice, NotifyOptions
from senter.reporter.service import ReporterService

ActivityRows = Annotated[list[Activity], "aa{sv}"]
NoticeRows = Annotated[list[Notice], "aa{sv}"]


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

        With an empty summary the line is made from the details: description, error, topic, insight.
        """
        chosen = signatures.options(LogOptions, options)
        await self.service.log(activity_type, summary, chosen, caller.get())

    @method
    async def Activities(self, since: U64, limit: U32, offset: U32) -> ActivityRows:
        """Activities from a time (microseconds since the epoch) on, newest first, at most 1,000 at once.

        A limit of 0 means 100. Each has id s, time t, type s, source s, summary s, importance s.
        """
        return await self.service.activities(since, limit, offset)

    @method
    async def Progress(self) -> Str:
        """What Senter did in the past 24 hours, in a few lines for a person."""
        return await self.service.progress()

    @method
    async def Digest(self, hours: U32) -> Str:
        """The digest of the past hours (1 to 8784) as text."""
        return await self.service.digest(hours)

    @method
    async def SendDigest(self, kind: Str) -> Str:
        """Show a digest on the desktop; kind is daily. Once a day: an empty answer means it was sent before.

        One that is sent later than five minutes after its time says so in its title.
        """
        return await self.service.send_digest(kind)

    @method
    async def Notify(self, title: Str, body: Str, urgency: Str) -> Str:
        """Show a notice, at once or as soon as there is a notification server; answers its id.

        urgency is low, normal or critical.
        """
        return await self.service.notify(title, body, NotifyOptions(urgency=urgency or NotifyOptions.urgency))

    @method
    async def NotifyWith(self, title: Str, body: Str, options: Options) -> Str:
        """Notify with options: urgency s, open s, key s, actions a(sssss).

        A click on the body opens the path or URL of open. The same key is shown once. Each action is key, label,
        bus name, member, argument: a click on it calls that member of a room of Senter with that string.
        """
        return await self.service.notify(title, body, signatures.options(NotifyOptions, options))

    @method
    async def Pending(self) -> NoticeRows:
        """The notices that could not be shown yet, oldest first.

        Each has id s, time t, title s, body s, urgency s, open s, actions a(sssss).
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
