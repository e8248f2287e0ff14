"""What a service tells its manager."""

import os
import socket

import pytest

from senter.host import supervisor


@pytest.fixture
def manager(monkeypatch):
    """Listen as a manager does; a function that listens at an address and one that takes what has come."""
    sockets = []

    def listen(address):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sockets.append(channel)
        channel.setblocking(False)
        channel.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        return lambda: channel.recv(65536).decode()

    yield listen
    for channel in sockets:
        channel.close()


def test_fields_arrive_in_one_datagram(manager, tmp_path):
    take = manager(str(tmp_path / "notify"))
    supervisor.notify(READY=1, STATUS="serving")
    assert take() == "READY=1\nSTATUS=serving"


def test_a_line_break_in_a_text_forges_no_field(manager, tmp_path):
    take = manager(str(tmp_path / "notify"))
    supervisor.notify(STATUS="one\nREADY=1\r\nMAINPID=1\u2028x")
    assert take() == "STATUS=one READY=1 MAINPID=1 x"


def test_an_error_is_told_as_its_text(manager, tmp_path):
    take = manager(str(tmp_path / "notify"))
    supervisor.notify(STATUS=ValueError("the key is wrong"))
    assert take() == "STATUS=the key is wrong"


def test_an_empty_text_takes_the_status_back(manager, tmp_path):
    take = manager(str(tmp_path / "notify"))
    supervisor.notify(STATUS="")
    assert take() == "STATUS="


def test_text_that_utf8_cannot_carry_is_sent_all_the_same(manager, tmp_path):
    take = manager(str(tmp_path / "notify"))
    supervisor.notify(STATUS="a\ud800b")
    assert take() == "STATUS=a?b"


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract addresses exist on Linux only")
def test_an_address_that_begins_with_an_at_sign_is_abstract(manager):
    take = manager(f"@senter-test-{os.getpid()}")
    supervisor.notify(READY=1)
    assert take() == "READY=1"


def test_an_at_sign_inside_a_path_means_itself(manager, tmp_path):
    (tmp_path / "user@1000").mkdir()
    take = manager(str(tmp_path / "user@1000/notify"))
    supervisor.notify(READY=1)
    assert take() == "READY=1"


def test_without_a_manager_nothing_is_told():
    supervisor.notify(READY=1)
    assert not supervisor.supervised()


def test_a_manager_that_is_gone_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    supervisor.notify(READY=1)


def test_a_text_too_long_for_a_datagram_is_no_error(manager, tmp_path):
    manager(str(tmp_path / "notify"))
    supervisor.notify(STATUS="x" * 10_000_000)


def test_a_listening_manager_is_noticed(manager, tmp_path):
    manager(str(tmp_path / "notify"))
    assert supervisor.supervised()


def test_the_watchdog_wants_a_sign_in_the_time_it_gives(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert supervisor.watchdog_seconds() == 30.0


def test_the_watchdog_of_this_process_counts(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert supervisor.watchdog_seconds() == 30.0


def test_the_watchdog_of_another_process_does_not_count(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getppid()))
    assert supervisor.watchdog_seconds() == 0.0


def test_without_a_watchdog_no_sign_is_wanted():
    assert supervisor.watchdog_seconds() == 0.0
