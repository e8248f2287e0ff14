"""``usage.db``: what both workers reserve and settle, and what is left of it when one of them is killed."""

import subprocess
import sys

import pytest

from senter.errors import BudgetSpent, Unavailable
from senter.models.usage.budget import Use
from senter.models.usage.store import (
    DAYS_KEPT,
    TABLES_VERSION,
    Settlement,
    UsageStore,
)
from senter.settings import BudgetSettings

TODAY, TOMORROW = "2026-11-22", "2026-11-23"
NO_LIMITS = BudgetSettings(0, 0, 0.0, 0.0)
LIMITS = BudgetSettings(tokens_per_day=1000, tokens_per_goal=300, cost_per_day=1.0, cost_per_goal=0.5)

WORKER = """
import sys
from pathlib import Path
from senter.errors import BudgetSpent
from senter.models.usage.budget import Use
from senter.models.usage.store import Settlement, UsageStore
from senter.settings import BudgetSettings
store = UsageStore(Path(sys.argv[1]), sys.argv[2])
store.open()
print("open", flush=True)
input()
"""
RESERVING = """
reserved = 0
for number in range(50):
    try:
        store.reserve("2026-11-22", "7", Use(10), BudgetSettings(tokens_per_day=600, tokens_per_goal=500))
        reserved += 1
    except BudgetSpent:
        pass
print(reserved, flush=True)
"""
SETTLING = """
for number in range(50):
    reserved = store.reserve("2026-11-22", "7", Use(1000), BudgetSettings(0, 0, 0.0, 0.0))
    store.settle([Settlement(reserved, "there", "m", 1, 1, 0.25)], "2026-11-22")
store.close()
"""
HOLDING = """
store.reserve("2026-11-22", "7", Use(100, 0.25), BudgetSettings())
store.reserve("2026-11-22", "7", Use(10, 0.25), BudgetSettings())
store.reserve("2026-11-21", "", Use(1), BudgetSettings())
print("holding", flush=True)
input()
"""


@pytest.fixture
def file(tmp_path):
    """Where the database will be."""
    return tmp_path / "senter/usage.db"


@pytest.fixture
def store(file):
    """The database as the research worker has it open."""
    yield from opened(file, "research")


@pytest.fixture
def neighbour(file):
    """The database as the primary worker has it open."""
    yield from opened(file, "primary")


@pytest.fixture
def start(file):
    """Starts worker processes that have the database open, and wait for a word."""
    started = []

    def begin(program, worker="research"):
        command = [sys.executable, "-c", WORKER + program, str(file), worker]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "open\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def opened(file, worker):
    """One worker's database, for the length of a test."""
    store = UsageStore(file, worker)
    store.open()
    yield store
    store.close()


def go(*processes):
    """Say the word."""
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()


def reserve(store, tokens=100, cost=0.0, account="", day=TODAY, limits=LIMITS):
    """Keep something for a request."""
    return store.reserve(day, account, Use(tokens, cost), limits)


def settle(store, reservation, tokens_in=0, tokens_out=0, cost=0.0, provider="there", model="m"):
    """Write down what one request has used."""
    return store.settle([Settlement(reservation, provider, model, tokens_in, tokens_out, cost)], TODAY)


def rows(store, table="used"):
    """All rows of a table."""
    with store.reading() as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()


def fill_the_disk(store, full=True):
    """Let the database grow no more, as a full disk does; or let it again."""
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + (0 if full else 1000)}")


def test_nothing_is_used_at_first(store):
    assert (store.spent(TODAY), store.spent_by("7"), store.check()) == (Use(), Use(), "")


def test_what_was_used_takes_the_place_of_what_was_reserved(store):
    reservation = reserve(store, 100, 0.5, "7")
    assert (store.spent(TODAY), rows(store, "reserved")[0][1:]) == (Use(), ("research", TODAY, "7", 100, 0.5))
    assert settle(store, reservation, 20, 10, 0.25) == Use(30, 0.25)
    assert rows(store, "reserved") == []
    assert store.spent(TODAY) == store.spent_by("7") == Use(30, 0.25)


def test_what_was_not_used_can_be_used_by_others(store):
    settle(store, reserve(store, 1000), 10, 0)
    reserve(store, 990)
    with pytest.raises(BudgetSpent):
        reserve(store, 1)


def test_a_request_that_used_nothing_leaves_nothing(store):
    settle(store, reserve(store, 1000))
    assert rows(store) == rows(store, "reserved") == []


def test_use_is_kept_by_day_goal_worker_provider_and_model(store, neighbour):
    for _ in range(3):
        settle(store, reserve(store, 1, account="7"), 2, 3, 0.125)
    settle(store, reserve(store, 1, account="7"), 1, 1, provider="elsewhere")
    settle(neighbour, reserve(neighbour, 1), 1, 1, model="other")
    assert rows(store) == [
        (TODAY, "", "primary", "there", "other", 1, 1, 0.0),
        (TODAY, "7", "research", "elsewhere", "m", 1, 1, 0.0),
        (TODAY, "7", "research", "there", "m", 6, 9, 0.375),
    ]


def test_both_workers_use_one_budget(store, neighbour):
    reserve(store, 600)
    with pytest.raises(BudgetSpent, match="may need 500 of today's 1,000 tokens, and 400 are free now; ask again"):
        reserve(neighbour, 500)
    reserve(neighbour, 400)
    with pytest.raises(BudgetSpent, match="and 0 are free now"):
        reserve(store, 1)


def test_only_what_was_used_spends_a_budget(store, neighbour):
    person = reserve(neighbour, 4 * 10**9, limits=NO_LIMITS)
    with pytest.raises(BudgetSpent) as refused:
        reserve(store, 100, account="7")
    assert refused.value.key == ""
    settle(neighbour, person, 500)
    reserve(store, 100, account="7")
    settle(store, reserve(store, 300, account="8"), 290)
    with pytest.raises(BudgetSpent, match="goal 8 has 10 of its 300 tokens left") as refused:
        reserve(store, 20, account="8")
    assert refused.value.key == "budget-goal-8"


def test_what_a_usual_request_needs_decides_whether_a_budget_is_spent(store):
    settle(store, reserve(store, 700), 700)
    for usual, key in ((300, ""), (301, f"budget-{TODAY}")):
        with pytest.raises(BudgetSpent) as refused:
            store.reserve(TODAY, "", Use(400), LIMITS, Use(usual))
        assert refused.value.key == key


def test_every_goal_has_a_budget_of_its_own(store, neighbour):
    settle(store, reserve(store, 290, account="7"), 290)
    reserve(neighbour, 10, account="7")
    with pytest.raises(BudgetSpent, match="goal 7 has used up its 300 tokens"):
        reserve(store, 1, account="7")
    reserve(store, 300, account="8")


def test_money_is_limited_as_tokens_are(store):
    reserve(store, 1, 0.25, "7")
    with pytest.raises(BudgetSpent, match=r"0\.30 of goal 7's 0\.50 for language models, and 0\.25 are free now"):
        reserve(store, 1, 0.3, "7")
    settle(store, reserve(store, 1, 0.75), cost=0.96)
    with pytest.raises(BudgetSpent, match=r"today's 1\.00 for language models are used up"):
        reserve(store, 1, 0.01, "8")


def test_ten_dimes_make_a_whole(store):
    for _ in range(10):
        reserve(store, 1, 0.1)
    with pytest.raises(BudgetSpent):
        reserve(store, 1, 0.1)


def test_a_refusal_reserves_nothing(store):
    with pytest.raises(BudgetSpent):
        reserve(store, 1001)
    assert rows(store, "reserved") == []
    reserve(store, 1000)


def test_without_limits_everything_is_written_down_all_the_same(store):
    settle(store, reserve(store, 10**6, limits=NO_LIMITS), 10**6)
    assert store.spent(TODAY) == Use(10**6)


def test_a_new_day_begins_with_a_whole_budget(store):
    reservation = reserve(store, 1000)
    reserve(store, 1000, day=TOMORROW)
    settle(store, reservation, 500, 100)
    assert (store.spent(TODAY), store.spent(TOMORROW)) == (Use(600), Use())


def test_a_goal_has_one_budget_for_all_its_days(store):
    settle(store, reserve(store, 300, account="7"), 300)
    with pytest.raises(BudgetSpent, match="goal 7"):
        reserve(store, 1, account="7", day=TOMORROW)


def test_several_requests_are_settled_together(store):
    reservations = [reserve(store, 100) for _ in range(3)]
    settlements = [Settlement(reservation, "there", "m", 1, 2, 0.0) for reservation in reservations]
    assert store.settle(settlements, TODAY) == Use(9)
    assert store.settle([], TOMORROW) == Use()


def test_days_that_are_long_over_fall_away(store):
    first, kept, today = "2025-01-01", "2025-01-02", "2026-02-06"
    for day in (first, kept):
        settle(store, reserve(store, 10, day=day, account="7"), 10)
    reserve(store, 10, day=today)
    assert [row[0] for row in rows(store)] == [kept]
    assert DAYS_KEPT == 400


@pytest.mark.parametrize(
    "account",
    [
        "'; DROP TABLE used; --",
        '"',
        "%",
        "_",
        "*",
        "?1",
        "7 ",
        " 7",
        "NULL",
        "\N{LATIN SMALL LETTER LONG S}",
        "👩‍🚀",
        "x" * 64,
        "7\x00",
        "07",
    ],
)
def test_a_goal_with_a_hostile_name_has_a_budget_of_its_own(store, account):
    settle(store, reserve(store, 300, account=account), 300)
    with pytest.raises(BudgetSpent):
        reserve(store, 1, account=account)
    for other in ("7", "s", "S", "x" * 63):
        assert store.spent_by(other) == Use()
        reserve(store, 1, account=other)


def test_providers_and_models_may_have_any_name(store):
    for name in ("'; DROP TABLE used; --", "\N{GRINNING FACE}", ""):
        settle(store, reserve(store, 1), 1, provider=name, model=name)
    assert store.spent(TODAY) == Use(3)


# processes


@pytest.mark.parametrize("workers", [("research", "primary"), ("research",) * 4])
def test_processes_that_reserve_at_once_never_exceed_a_limit(store, start, workers):
    processes = [start(RESERVING, f"{worker}{number}") for number, worker in enumerate(workers)]
    go(*processes)
    reserved = [int(process.stdout.readline()) for process in processes]
    assert sum(reserved) == 50
    assert sum(row[4] for row in rows(store, "reserved")) == 500


def test_processes_that_settle_at_once_lose_nothing(store, start):
    processes = [start(SETTLING, worker) for worker in ("one", "two")]
    go(*processes)
    assert [process.wait(50) for process in processes] == [0, 0]
    assert (store.spent(TODAY), store.spent_by("7")) == (Use(200, 25.0), Use(200, 25.0))
    assert rows(store, "reserved") == []


def test_what_a_killed_worker_had_reserved_counts_as_used_when_it_starts_again(neighbour, start, file):
    own = reserve(neighbour, 5)
    dying = start(HOLDING, "research")
    go(dying)
    assert dying.stdout.readline() == "holding\n"
    dying.kill()
    dying.wait(50)
    assert (neighbour.spent(TODAY), len(rows(neighbour, "reserved"))) == (Use(), 4)
    again = UsageStore(file, "research")
    again.open()
    assert (again.spent(TODAY), again.spent_by("7")) == (Use(110, 0.5), Use(110, 0.5))
    assert again.spent("2026-11-21") == Use(1)
    assert [row[0] for row in rows(neighbour, "reserved")] == [own.number]
    again.close()


def test_until_then_it_is_still_reserved(neighbour, start):
    dying = start(HOLDING, "research")
    go(dying)
    assert dying.stdout.readline() == "holding\n"
    dying.kill()
    dying.wait(50)
    with pytest.raises(BudgetSpent, match="200 of goal 7's 300 tokens, and 190 are free now"):
        reserve(neighbour, 200, account="7")


# disks


def test_a_full_disk_refuses_a_reservation_and_loses_none(store):
    reservation = reserve(store, 100)
    fill_the_disk(store)
    with pytest.raises(Unavailable, match="full"):
        for _ in range(1000):
            reserve(store, 1, account="x" * 64, limits=NO_LIMITS)
    fill_the_disk(store, full=False)
    assert reservation.number in [row[0] for row in rows(store, "reserved")]
    settle(store, reservation, 1, 1)
    assert (store.spent(TODAY), store.check()) == (Use(2), "")


def test_a_settlement_that_does_not_fit_on_the_disk_can_be_repeated(store):
    reservation = reserve(store, 100)
    fill_the_disk(store)
    with pytest.raises(Unavailable, match="full"):
        settle(store, reservation, 10, 0, model="x" * 50_000)
    assert (store.spent(TODAY), len(rows(store, "reserved"))) == (Use(), 1)
    fill_the_disk(store, full=False)
    assert settle(store, reservation, 10, 0, model="x" * 50_000) == Use(10)
    assert rows(store, "reserved") == []


def test_a_worker_starts_on_a_disk_that_is_full_and_remembers_later(store, file, monkeypatch, caplog):
    reserve(store, 100)
    store.close()
    inherit = UsageStore._inherit

    def fail(self, connection):
        inherit(self, connection)
        raise Unavailable("the disk is full")

    monkeypatch.setattr(UsageStore, "_inherit", fail)
    store.open()
    assert (store.spent(TODAY), "the disk is full" in caplog.text) == (Use(), True)
    monkeypatch.setattr(UsageStore, "_inherit", inherit)
    reserve(store, 1)
    reserve(store, 1)
    assert (store.spent(TODAY), len(rows(store, "reserved"))) == (Use(100), 2)


def test_a_worker_goes_on_when_the_other_has_set_a_damaged_file_aside(store, neighbour, file):
    reservation = reserve(store, 100)
    neighbour.close()
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # by another process, since SQLite's locks end when this one closes the file
    damage = f"with open({str(file)!r}, 'r+b') as raw: raw.write(b'damage' * 100)"
    subprocess.run([sys.executable, "-c", damage], check=True)
    neighbour.open()
    others = reserve(neighbour, 50)
    assert settle(store, reservation, 10, 1) == Use(11)
    assert [row[0] for row in rows(store, "reserved")] == [others.number]
    assert neighbour.spent(TODAY) == Use(11)
    assert len(store.damaged()) == 1


# tables


def test_the_version_of_the_tables_is_the_number_of_migrations(store):
    applied = store._connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone()[0]
    assert applied == store._connection.execute("PRAGMA user_version").fetchone()[0] == TABLES_VERSION


def test_what_was_used_is_found_without_looking_through_all_of_it(store):
    plans = []
    with store.reading() as connection:
        connection.set_trace_callback(plans.append)
        connection.execute("SELECT 1")
    reserve(store, 1, account="7")
    store.spent(TODAY)
    store.spent_by("7")
    with store.reading() as connection:
        connection.set_trace_callback(None)
        asked = [statement for statement in plans if statement.startswith("SELECT TOTAL")]
        steps = [step for statement in asked for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert len(asked) == 6
    assert [step for step in steps if step.startswith("SCAN used")] == []
    assert len([step for step in steps if step.startswith("SEARCH used")]) == 4
