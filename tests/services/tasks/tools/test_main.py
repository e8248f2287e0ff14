"""The process in which a tool runs."""

import resource
import subprocess
import sys
import textwrap

import pytest

from senter.errors import Denied, Unavailable
from senter.tasks.tools.child import answer, request
from senter.tasks.tools.tool import Context

PROGRAM = [sys.executable, "-m", "senter.tasks.tools"]


def run(text, program=PROGRAM):
    """The finished process that got a request."""
    return subprocess.run(program, input=text, capture_output=True, text=True, timeout=50, check=False)


def with_tool(body):
    """The program with one tool more, ``tea``, that does what ``body`` says."""
    code = f"""
        from senter.tasks.tools.findings import Findings
        from senter.tasks.tools import __main__, catalogue
        from senter.tasks.tools.tool import Tool, schema
        def run(parameters, context):
            {body}
        catalogue.TOOLS["tea"] = Tool("tea", "Makes tea.", schema(), run, "read")
        __main__.main()
    """
    return [sys.executable, "-c", textwrap.dedent(code)]


def found(text):
    """The findings of an answer; its error is raised."""
    findings, _ = answer(text)
    if isinstance(findings, Exception):
        raise findings
    return findings


TEA = request("tea", {}, Context("question"))


def test_a_tool_answers_in_one_document(tmp_path):
    (tmp_path / "a").write_text("A violator has thirty days to cure.")
    done = run(request("file_search", {"folder": str(tmp_path)}, Context("days to cure", (str(tmp_path),))))
    assert done.returncode == 0
    assert found(done.stdout).passages[0].source == str(tmp_path / "a")


def test_an_error_is_answered_too(tmp_path):
    done = run(request("file_search", {"folder": "/etc"}, Context("cure", (str(tmp_path),))))
    assert done.returncode == 0
    with pytest.raises(Denied):
        found(done.stdout)


def test_what_a_library_prints_is_not_in_the_found():
    body = (
        "print('noise'); import os; os.write(1, b'more noise'); os.system('echo even more'); return Findings('tea')"
    )
    done = run(TEA, with_tool(body))
    assert found(done.stdout).text == "tea"
    assert all(word in done.stderr for word in ("noise", "more noise", "even more"))


def test_what_is_not_expected_ends_in_a_traceback_and_no_found():
    done = run(TEA, with_tool("return 1 / 0"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "ZeroDivisionError" in done.stderr


def test_memory_is_bounded():
    done = run(TEA, with_tool("bytearray(3 << 30)"))
    with pytest.raises(Unavailable, match="tea needs more memory"):
        found(done.stdout)


def test_the_process_is_limited_and_dies_with_the_one_that_started_it():
    body = (
        "import ctypes, resource as r; signal = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(signal)); "
        "limits = [r.getrlimit(each)[0] for each in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_CORE)]; "
        "return Findings(str([*limits, signal.value]))"
    )
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard != resource.RLIM_INFINITY and hard < 120:
        pytest.skip("this session may compute for less than two minutes")
    assert found(run(TEA, with_tool(body)).stdout).text == str([2 << 30, 120, 0, 9])


def test_a_lone_surrogate_in_a_name_does_not_break_the_found():
    assert found(run(TEA, with_tool("return Findings('\\udcff')")).stdout).text == "\udcff"
