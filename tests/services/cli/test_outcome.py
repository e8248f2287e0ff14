"""What commands say, on terminals of any encoding."""

import json

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from senter.cli.outcome import print_json, write_in_any_encoding

OTHERS = ["iso-8859-1", "iso-8859-15", "koi8-r", "cp1252", "shift_jis", "euc_jp", "gb2312"]


def said(text, encoding, err=False):
    """What a text is on a terminal of an encoding."""

    @click.command()
    def command():
        write_in_any_encoding()
        click.echo(text, nl=False, err=err)

    result = CliRunner(charset=encoding).invoke(command)
    assert result.exception is None, repr(result.exception)
    written = result.stderr_bytes if err else result.stdout_bytes
    return written.decode(encoding)


@pytest.mark.parametrize("encoding", OTHERS)
def test_our_marks_are_plain_and_headings_without_emoji_where_there_are_none(encoding):
    assert said("📊 Sum\n\n⏳ Waiting: 1\n   * one\n", encoding) == "Sum\n\nWaiting: 1\n   * one\n"
    assert said("⚠️ Failed: 1\n⚠️ again ⚠️.", encoding) == "Failed: 1\nagain ?."
    assert said("🎉 is not ☃ 🎉", encoding) == "is not ? ?"


def test_our_marks_are_plain_where_they_are_missing():
    assert said("⚠️ Failed\n  • one\n  … and 2 more", "iso-8859-1") == "Failed\n  * one\n  ... and 2 more"


def test_an_encoding_that_has_a_sign_and_not_its_style_shows_the_sign():
    assert said("☆️ one", "shift_jis") == "☆ one"


@pytest.mark.parametrize("err", [False, True])
def test_what_a_terminal_has_is_shown_and_the_rest_is_a_question_mark(err):
    assert said("naïve 研究", "iso-8859-1", err) == "naïve ??"
    assert said("naïve 研究", "utf-8", err) == "naïve 研究"


@given(st.text(), st.sampled_from([*OTHERS, "utf-8"]))
def test_any_text_can_be_said(text, encoding):
    said(text, encoding)
    said(text, encoding, err=True)


@pytest.mark.parametrize("encoding", [*OTHERS, "utf-8"])
def test_json_is_the_same_document_in_any_encoding(encoding):
    document = {"text": "🎉 naïve 研究 • …"}

    @click.command()
    def command():
        write_in_any_encoding()
        print_json(document)

    result = CliRunner(charset=encoding).invoke(command)
    assert json.loads(result.stdout_bytes.decode(encoding)) == document
    assert ("研究" in result.stdout_bytes.decode(encoding)) == (encoding == "utf-8")
