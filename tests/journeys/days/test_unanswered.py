"""A question that nobody answers for a day counts as denied, with the clock moved, and the digest says so."""

from datetime import datetime, timedelta
from pathlib import Path

from support import goals, wall_clock
from support.goals import ScriptedModel, add, await_end, await_state, rule, step
from support.session import senter, systemctl

from senter.bus.names import TARGET

MORNING = datetime(2030, 3, 12, 8, 0).astimezone()


def test_what_nobody_has_approved_for_a_day_is_not_done_and_the_digest_says_so(tmp_path: Path) -> None:
    wall_clock.move_to(MORNING)
    wanted = tmp_path / "kettle.md"
    plan = [step("Think"), step("Keep it", "organize", "file_write", 1, path=str(wanted))]
    rules = (rule("^Goal: Write", plan), rule("^The goal:", "Nine litres."), rule("^Goal:", [step("Think")]))
    model = ScriptedModel(tmp_path, *rules)
    goals.use_providers(model.url)
    try:
        systemctl("start", TARGET)
        goal_id = add(f"Write into {wanted} how much a kettle holds")
        await_state(goal_id, "waiting")
        wall_clock.move_to(MORNING + timedelta(hours=23, minutes=59))
        await_end(add("Think about rain"))
        assert goals.goal(goal_id)["state"] == "waiting", "there is a minute left"
        wall_clock.move_to(MORNING + timedelta(hours=24, seconds=1))
        await_end(add("Think about snow"))
        (ended,) = await_end(goal_id)
        assert ended["error"] == f"nobody answered for 24 hours whether Senter may write {wanted}"
        assert not wanted.exists()
        assert "nobody answered for 24 hours" in senter("digest").stdout
    finally:
        model.stop()
