"""config.toml is checked strictly, and a complaint names the key."""

import re

import pytest

from senter.errors import ConfigurationError
from senter.settings import SECTIONS, ReporterSettings, load


@pytest.fixture
def file(tmp_path):
    """A file of settings that does not exist yet."""
    return tmp_path / "config.toml"


def complaint(file, text):
    """What load says of a file with this text."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(ReporterSettings, file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_a_file_every_key_has_its_default(file):
    assert load(ReporterSettings, file) == ReporterSettings(notifications=True)


def test_an_empty_file_changes_nothing(file):
    file.write_text("")
    assert load(ReporterSettings, file) == ReporterSettings()


def test_a_key_is_read(file):
    file.write_text("[reporter]\nnotifications = false\n")
    assert load(ReporterSettings, file) == ReporterSettings(notifications=False)


def test_an_unknown_key_is_named_and_the_right_one_suggested(file):
    text = complaint(file, "[reporter]\nnotification = false\n")
    assert '[reporter] has no key "notification"' in text
    assert text.endswith("did you mean notifications?")


def test_a_key_that_resembles_nothing_gets_no_suggestion(file):
    assert "did you mean" not in complaint(file, "[reporter]\nzebra = 1\n")


def test_an_unknown_table_is_named_and_the_right_one_suggested(file):
    text = complaint(file, "[reportr]\nnotifications = false\n")
    assert "[reportr] belongs to no part of Senter; did you mean reporter?" in text


@pytest.mark.parametrize("value", ["1", '"yes"', "0.5", "[true]", "{}", "2026-11-22"])
def test_a_value_of_the_wrong_type_is_named_with_what_is_expected(file, value):
    text = complaint(file, f"[reporter]\nnotifications = {value}\n")
    assert "[reporter] notifications must be true or false, not " in text


def test_a_value_where_a_table_belongs_is_refused(file):
    assert "reporter must be a table, written as [reporter]" in complaint(file, "reporter = true\n")


def test_text_that_is_not_toml_is_told_with_its_line(file):
    assert "line 2" in complaint(file, "[reporter]\nnotifications = \n")


def test_a_file_that_is_not_utf8_is_refused(file):
    file.write_bytes(b"[reporter]\nname = '\xff'\n")
    with pytest.raises(ConfigurationError, match="is not UTF-8 text"):
        load(ReporterSettings, file)


def test_a_file_that_cannot_be_read_is_told_with_the_reason(file):
    file.mkdir()
    with pytest.raises(ConfigurationError, match=re.escape(str(file)) + " is not a file"):
        load(ReporterSettings, file)


def test_a_key_given_twice_is_refused(file):
    assert "TOML" in complaint(file, "[reporter]\nnotifications = true\nnotifications = false\n")


def test_every_settings_class_can_be_built_from_nothing():
    for section in SECTIONS:
        section()
