"""What becomes of notices, on a real disk."""

import shutil

import pytest

from senter.database import Database
from senter.errors import Unavailable
from senter.reporter.delivery.ledger import (
    ACTED,
    DISMISSED,
    FOLDED,
    MOST_ENTRIES,
    PENDING,
    REFUSED,
    SHOWN,
    SILENCED,
    WITHDRAWN,
    Ledger,
    insert,
)
from senter.reporter.notice import APPROVAL, AWAY, DIGEST, FOLD, Action, Notice
from senter.reporter.tables import bring_up_to_date
from senter.wording import LONGEST_TEXT

STOP = Action("stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7")
EVERY_STATE = (PENDING, SHOWN, ACTED, DISMISSED, FOLDED, SILENCED, REFUSED, WITHDRAWN)
VERSION = 2


@pytest.fixture
def file(tmp_path):
    """Where the database is."""
    return tmp_path / "activity.db"


@pytest.fixture
def database(file):
    """An open database with the tables of the reporter."""
    opened = Database(file, VERSION, bring_up_to_date)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def ledger(database):
    """An empty ledger."""
    return Ledger(database)


def notice(notice_id, when=1, **fields):
    """A notice."""
    return Notice(notice_id, when, f"title of {notice_id}", "body", **fields)


def ids(entries):
    """The ids of entries."""
    return [entry.notice.id for entry in entries]


def named(tickets):
    """The ids of tickets."""
    return [ticket.id for ticket in tickets]


def put(ledger, kept, state, place=""):
    """Have a notice in a state."""
    ledger.add(kept, "", PENDING)
    if state in (SHOWN, DISMISSED):
        ledger.shown(kept.id, place)
    if state == DISMISSED:
        ledger.closed(kept.id, True)
    elif state == FOLDED:
        ledger.fold([kept.id], notice("the fold", type=FOLD))
    elif state == WITHDRAWN:
        ledger.withdraw(kept.id)
    elif state not in (PENDING, SHOWN):
        ledger.move(state, kept.id)
    assert ledger.entry(kept.id).state == state


def state(ledger, notice_id):
    """What became of a notice, and where it is."""
    entry = ledger.entry(notice_id)
    return (entry.state, entry.place) if entry else None


# writing down, and reading back


def test_a_notice_is_read_back_as_it_was_written(ledger):
    kept = notice("a", urgency="critical", open="/report.md", actions=[STOP], type=APPROVAL)
    assert ledger.add(kept, "", PENDING) == "a"
    assert ledger.notice("a") == kept
    assert [entry.notice for entry in ledger.waiting()] == [kept]
    assert isinstance(ledger.notice("a").actions[0], Action)


def test_a_notice_that_never_was_is_none(ledger):
    assert ledger.entry("nobody") is None
    assert ledger.notice("nobody") is None


def test_a_notice_with_the_same_key_is_the_earlier_one(ledger):
    assert ledger.add(notice("a"), "key", PENDING) == "a"
    assert ledger.add(notice("b"), "key", PENDING) == "a"
    assert ids(ledger.waiting()) == ["a"]


def test_a_notice_with_the_same_key_is_not_shown_again_after_it_was_shown(ledger):
    ledger.add(notice("a"), "key", PENDING)
    ledger.shown("a", "here")
    assert ledger.add(notice("b"), "key", PENDING) == "a"
    assert ledger.waiting() == []


def test_a_notice_is_written_together_with_what_it_tells_or_not_at_all(ledger, database):
    with pytest.raises(Unavailable), database.writing() as connection:
        assert insert(connection, notice("a"), "key", PENDING) == "a"
        connection.execute("INSERT INTO nowhere VALUES (1)")
    assert ledger.waiting() == []


def test_notices_wait_oldest_first_and_those_of_a_moment_as_they_came(ledger):
    for name, when in (("c", 1), ("a", 1), ("later", 2), ("earlier", 0)):
        ledger.add(notice(name, when), "", PENDING)
    assert ids(ledger.waiting()) == ["earlier", "c", "a", "later"]


@pytest.mark.parametrize("other", sorted({*EVERY_STATE} - {PENDING}))
def test_what_is_not_pending_waits_for_nobody(ledger, other):
    put(ledger, notice("a"), other)
    assert "a" not in ids(ledger.waiting())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"actions": [STOP]},
        *({"urgency": word} for word in ("low", "critical")),
        *({"type": word} for word in (DIGEST, AWAY, FOLD, APPROVAL, "budget")),
    ],
    ids=str,
)
def test_a_ticket_tells_of_a_notice_what_has_to_be_known_before_it_is_shown(ledger, fields):
    kept = notice("a", 7, **fields)
    ledger.add(kept, "", PENDING)
    ticket = ledger.ticket("a")
    assert (ticket.id, ticket.time, ticket.urgency, ticket.type) == ("a", 7, kept.urgency, kept.type)
    assert (ticket.stands_alone, ticket.state, ticket.place) == (kept.stands_alone, PENDING, "")
    assert ticket.is_sticky == kept.is_sticky
    assert ledger.queue() == [ticket]
    ledger.shown("a", "here")
    assert (ledger.ticket("a").state, ledger.ticket("a").place, ledger.queue()) == (SHOWN, "here", [])


def test_there_is_no_ticket_for_a_notice_that_never_was(ledger):
    assert ledger.ticket("nobody") is None


def test_of_a_long_body_only_what_can_be_shown_is_kept(ledger, database):
    ledger.add(Notice("long", 1, "t", "ß" * LONGEST_TEXT), "", PENDING)
    ledger.add(Notice("longer", 2, "t", "ß" * (LONGEST_TEXT + 1)), "", PENDING)
    bodies = ["ß" * LONGEST_TEXT, "ß" * (LONGEST_TEXT - 1) + "…"]
    assert [entry.notice.body for entry in ledger.waiting()] == bodies
    assert database._connection.execute("SELECT body FROM notices").fetchall() == [(body,) for body in bodies]


def test_of_a_body_that_was_kept_whole_only_what_can_be_shown_is_read(ledger, database):
    with database.writing() as connection:
        insert(connection, Notice("a", 1, "t", "ß" * 200_000), "key", PENDING)
    read = [ledger.entry("a"), *ledger.waiting(), ledger.withdraw("key")]
    assert [len(entry.notice.body) for entry in read] == [LONGEST_TEXT] * 3


def test_of_very_many_that_wait_the_oldest_are_read_and_all_have_tickets(ledger, database):
    with database.writing() as connection:
        for number in range(MOST_ENTRIES + 1):
            insert(connection, notice(str(number), number), "", PENDING)
    assert ids(ledger.waiting()) == [str(number) for number in range(MOST_ENTRIES)]
    assert named(ledger.queue()) == [str(number) for number in range(MOST_ENTRIES + 1)]


# what became of it


def test_what_was_shown_has_a_place(ledger):
    ledger.add(notice("a"), "", PENDING)
    assert ledger.shown("a", "here") == SHOWN
    assert state(ledger, "a") == (SHOWN, "here")
    assert ledger.shown("a", "there") == SHOWN
    assert state(ledger, "a") == (SHOWN, "there")


@pytest.mark.parametrize("faster", [ACTED, DISMISSED, WITHDRAWN])
def test_what_the_user_or_the_room_did_before_its_showing_was_noted_stays(ledger, faster):
    put(ledger, notice("a"), faster)
    assert ledger.shown("a", "here") == faster
    assert state(ledger, "a") == (faster, "")


def test_a_notice_that_was_forgotten_while_it_was_shown_is_not_there(ledger):
    assert ledger.shown("a", "here") == WITHDRAWN
    assert ledger.entry("a") is None


@pytest.mark.parametrize("settled", [ACTED, WITHDRAWN])
@pytest.mark.parametrize("other", [REFUSED, SILENCED])
def test_a_settled_notice_stays_settled(ledger, settled, other):
    put(ledger, notice("a"), settled)
    ledger.move(other, "a")
    ledger.closed("a", True)
    ledger.reopen("a")
    assert state(ledger, "a") == (settled, "")


@pytest.mark.parametrize("before", [PENDING, SHOWN, DISMISSED])
def test_what_is_acted_upon_is_nowhere_any_more(ledger, before):
    put(ledger, notice("a"), before, "here")
    ledger.acted("a")
    assert state(ledger, "a") == (ACTED, "")


def test_what_was_withdrawn_is_not_acted_upon(ledger):
    put(ledger, notice("a"), WITHDRAWN)
    ledger.acted("a")
    assert state(ledger, "a") == (WITHDRAWN, "")


def test_a_fold_that_was_clicked_while_it_grew_still_shows_what_came(ledger):
    put(ledger, notice("f", type=FOLD), PENDING)
    ledger.acted("f")
    assert ids(ledger.waiting()) == ["f"]
    ledger.shown("f", "here")
    ledger.acted("f")
    assert state(ledger, "f") == (ACTED, "")


def test_only_what_was_shown_can_be_dismissed(ledger):
    for name, before in (("a", PENDING), ("b", SHOWN), ("c", SILENCED)):
        put(ledger, notice(name), before, "here")
        ledger.closed(name, True)
    assert [state(ledger, name) for name in "abc"] == [(PENDING, ""), (DISMISSED, ""), (SILENCED, "")]


def test_what_nobody_dismissed_has_only_left_its_place(ledger):
    put(ledger, notice("a"), SHOWN, "here")
    ledger.closed("a", False)
    assert state(ledger, "a") == (SHOWN, "")


def test_a_question_that_nobody_dismissed_knows_who_showed_it(ledger):
    put(ledger, notice("a", actions=[STOP]), SHOWN, "here")
    ledger.closed("a", False)
    assert state(ledger, "a") == (SHOWN, "here")
    ledger.closed("a", True)
    assert state(ledger, "a") == (DISMISSED, "")


def test_what_became_of_many_is_one_commit(ledger, database):
    for name in "abc":
        ledger.add(notice(name), "", PENDING)
    statements = []
    database._connection.set_trace_callback(statements.append)
    ledger.move(SILENCED, "a", "b", "nobody")
    database._connection.set_trace_callback(None)
    assert [state(ledger, name)[0] for name in "abc"] == [SILENCED, SILENCED, PENDING]
    assert statements.count("COMMIT") == 1


def test_a_click_that_was_no_answer_dismisses_nothing(ledger):
    put(ledger, notice("a", actions=[STOP]), DISMISSED)
    ledger.reopen("a")
    assert named(ledger.unanswered()) == ["a"]


# what can still be acted upon


def test_a_question_is_unanswered_while_it_is_shown(ledger):
    for number, each in enumerate(EVERY_STATE):
        put(ledger, notice(each, number, actions=[STOP]), each, "here")
    ledger.add(notice("plain"), "", PENDING)
    ledger.shown("plain", "here")
    assert named(ledger.unanswered()) == [SHOWN]


def test_what_opens_something_is_openable_while_it_has_a_place(ledger):
    for number, each in enumerate(EVERY_STATE):
        put(ledger, notice(each, number, open="/x"), each, "here")
    put(ledger, notice("gone", open="/x"), SHOWN, "")
    put(ledger, notice("plain"), SHOWN, "here")
    put(ledger, notice("question", open="/x", actions=[STOP]), SHOWN, "here")
    assert named(ledger.openable()) == [SHOWN]


def test_an_approval_waits_until_it_is_answered_or_withdrawn(ledger):
    for number, each in enumerate(EVERY_STATE):
        put(ledger, notice(each, -number, type=APPROVAL, actions=[STOP]), each)
    ledger.add(notice("plain"), "", PENDING)
    expected = [each for each in reversed(EVERY_STATE) if each not in (ACTED, WITHDRAWN)]
    assert [kept.id for kept in ledger.approvals()] == expected


# folds


def test_what_is_folded_waits_no_more_and_its_fold_does(ledger):
    for name in "ab":
        ledger.add(notice(name), "", PENDING)
    ledger.fold(["a", "b"], notice("f", type=FOLD))
    assert [state(ledger, name) for name in "ab"] == [(FOLDED, "")] * 2
    assert ids(ledger.waiting()) == ["f"]
    assert [kept.id for kept in ledger.members("f")] == ["a", "b"]
    assert ledger.members("another") == []


def test_the_newest_of_a_fold_are_those_in_it_and_those_that_join_it(ledger):
    for number, name in enumerate("abcd"):
        ledger.add(notice(name, number), "", PENDING)
    ledger.add(notice("another", 9), "", PENDING)
    ledger.fold(["a", "c"], notice("f", type=FOLD))
    assert [kept.id for kept in ledger.members("f", ["b", "d"])] == ["a", "b", "c", "d"]
    assert [kept.id for kept in ledger.members("f", ["b", "d"], 3)] == ["b", "c", "d"]
    assert (ledger.size("f"), ledger.size("another")) == (2, 0)


def test_a_fold_that_grows_waits_again_and_keeps_its_place(ledger):
    for name in "ab":
        ledger.add(notice(name), "", PENDING)
    ledger.fold(["a"], notice("f", type=FOLD, open="/x"))
    ledger.shown("f", "here")
    grown = Notice("f", 5, "2 notices", "more", "low", type=FOLD)
    ledger.fold(["b"], grown)
    (entry,) = ledger.waiting()
    assert (entry.notice, entry.place) == (grown, "here")
    assert [kept.id for kept in ledger.members("f")] == ["a", "b"]


def test_what_was_withdrawn_meanwhile_is_not_folded(ledger):
    put(ledger, notice("a"), WITHDRAWN)
    ledger.fold(["a"], notice("f", type=FOLD))
    assert state(ledger, "a") == (WITHDRAWN, "")
    assert ledger.members("f") == []


def test_a_notice_is_shown_for_others_and_for_those_that_they_are_shown_for(ledger):
    for number, name in enumerate("abcd"):
        ledger.add(notice(name, number), "", PENDING)
    ledger.supersede(["a"], "b")
    assert (state(ledger, "a"), ids(ledger.waiting())) == ((FOLDED, ""), ["b", "c", "d"])
    ledger.supersede(["b", "c"], "d")
    assert ids(ledger.waiting()) == ["d"]
    assert ([kept.id for kept in ledger.members("d")], ledger.size("d"), ledger.size("b")) == (
        ["a", "b", "c"],
        3,
        0,
    )


def test_only_what_waits_is_shown_by_another(ledger):
    for each in (SHOWN, ACTED, DISMISSED, WITHDRAWN):
        put(ledger, notice(each), each, "here")
        ledger.supersede([each], "newest")
        assert state(ledger, each)[0] == each
    assert ledger.size("newest") == 0


def test_when_the_fold_cannot_be_written_nothing_is_folded(ledger, database):
    ledger.add(notice("a"), "", PENDING)
    limit = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {limit}")
    with pytest.raises(Unavailable, match="full"):
        ledger.fold(["a"], Notice("f", 1, "t", "x" * 100_000, type=FOLD))
    assert ids(ledger.waiting()) == ["a"]


def test_the_current_fold_is_the_newest_that_waits_or_is_on_a_screen(ledger):
    assert ledger.current_fold() is None
    put(ledger, notice("old", 1, type=FOLD), SHOWN, "here")
    assert ledger.current_fold().notice.id == "old"
    put(ledger, notice("new", 2, type=FOLD), PENDING)
    assert ledger.current_fold().notice.id == "new"


def test_a_fold_that_has_left_the_screen_is_not_the_current_one(ledger):
    put(ledger, notice("clicked", type=FOLD), SHOWN, "here")
    ledger.acted("clicked")
    put(ledger, notice("expired", type=FOLD), SHOWN, "here")
    ledger.closed("expired", False)
    put(ledger, notice("dismissed", type=FOLD), DISMISSED, "here")
    put(ledger, notice("plain"), SHOWN, "here")
    assert ledger.current_fold() is None


# taking back


@pytest.mark.parametrize("before", [PENDING, SHOWN, SILENCED, DISMISSED, REFUSED])
def test_what_nobody_acted_upon_can_be_withdrawn(ledger, before):
    put(ledger, notice("a"), before, "here")
    withdrawn = ledger.withdraw("a")
    assert (withdrawn.notice.id, withdrawn.state) == ("a", before)
    assert withdrawn.place == ("here" if before == SHOWN else "")
    assert state(ledger, "a") == (WITHDRAWN, "")


@pytest.mark.parametrize("before", [ACTED, FOLDED, WITHDRAWN])
def test_what_is_over_stays_as_it_is(ledger, before):
    put(ledger, notice("a"), before)
    assert ledger.withdraw("a") is None
    assert state(ledger, "a") == (before, "")


def test_a_notice_is_withdrawn_by_its_id_before_the_key_of_another(ledger):
    ledger.add(notice("a"), "b", PENDING)
    ledger.add(notice("b"), "", PENDING)
    assert ledger.withdraw("b").notice.id == "b"
    assert ids(ledger.waiting()) == ["a"]


def test_a_notice_is_withdrawn_by_its_key(ledger):
    ledger.add(notice("a"), "key", PENDING)
    assert ledger.withdraw("key").notice.id == "a"
    assert ledger.waiting() == []


@pytest.mark.parametrize("unknown", ["", "nobody"])
def test_what_is_unknown_cannot_be_withdrawn(ledger, unknown):
    ledger.add(notice("a"), "", PENDING)
    assert ledger.withdraw(unknown) is None
    assert ids(ledger.waiting()) == ["a"]


# forgetting


def left(ledger, names):
    """Which of some notices are still there after everything before 10 was forgotten."""
    ledger.forget(10)
    return [name for name in names if ledger.entry(name)]


def test_old_notices_are_forgotten_except_what_waits(ledger):
    for each in EVERY_STATE:
        put(ledger, notice(each, 9), each, "here")
    assert left(ledger, EVERY_STATE) == [PENDING]


def test_young_notices_are_kept(ledger):
    for each in EVERY_STATE:
        put(ledger, notice(each, 10), each, "here")
    assert left(ledger, EVERY_STATE) == list(EVERY_STATE)


def test_a_question_on_the_screen_is_kept_however_old(ledger):
    for each in EVERY_STATE:
        put(ledger, notice(each, 1, actions=[STOP]), each, "here")
    assert left(ledger, EVERY_STATE) == [PENDING, SHOWN]


def test_an_approval_is_kept_while_somebody_may_answer_it(ledger):
    for each in EVERY_STATE:
        put(ledger, notice(each, 1, type=APPROVAL), each, "here")
    expected = [each for each in EVERY_STATE if each not in (ACTED, REFUSED, WITHDRAWN)]
    assert left(ledger, EVERY_STATE) == expected


# the disk


def test_everything_is_there_after_a_crash(ledger, file, tmp_path):
    for each in EVERY_STATE:
        put(ledger, notice(each, actions=[STOP]), each, "here")
    (tmp_path / "after").mkdir()
    for part in file.parent.glob("activity.db*"):
        shutil.copy(part, tmp_path / "after")
    after = Database(tmp_path / "after/activity.db", VERSION, bring_up_to_date)
    after.open()
    assert [Ledger(after).entry(each) for each in EVERY_STATE] == [ledger.entry(each) for each in EVERY_STATE]
    after.close()


def test_a_disk_that_cannot_be_written_is_told(ledger, database):
    ledger.add(notice("a"), "", PENDING)
    database._connection.execute("PRAGMA query_only = on")
    for change in (
        lambda: ledger.add(notice("b"), "", PENDING),
        lambda: ledger.shown("a", "here"),
        lambda: ledger.closed("a", True),
        lambda: ledger.move(REFUSED, "a"),
        lambda: ledger.acted("a"),
        lambda: ledger.reopen("a"),
        lambda: ledger.fold(["a"], notice("f", type=FOLD)),
        lambda: ledger.supersede(["a"], "b"),
        lambda: ledger.withdraw("a"),
        lambda: ledger.forget(10),
    ):
        with pytest.raises(Unavailable):
            change()
    assert ids(ledger.waiting()) == ["a"]
