"""config.toml is checked strictly, and a complaint names the key."""

import re

import pytest

from senter.errors import ConfigurationError
from senter.settings import SECTIONS, EngineSettings, ModelSettings, ReporterSettings, TasksSettings, load


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


def test_the_mark_that_some_editors_begin_a_file_with_means_nothing(file):
    file.write_bytes(b"\xef\xbb\xbf[reporter]\nnotifications = false\n")
    assert load(ReporterSettings, file) == ReporterSettings(notifications=False)


def test_a_file_that_cannot_be_read_is_told_with_the_reason(file):
    file.mkdir()
    with pytest.raises(ConfigurationError, match=re.escape(str(file)) + " is not a file"):
        load(ReporterSettings, file)


def test_a_key_given_twice_is_refused(file):
    assert "TOML" in complaint(file, "[reporter]\nnotifications = true\nnotifications = false\n")


def test_every_settings_class_can_be_built_from_nothing():
    for section in SECTIONS:
        section()


# rooms with instances, and lists


def test_each_of_several_instances_has_its_own_table(file):
    file.write_text('[models.primary]\nmodel = "a"\n[models.research]\nmodel = "b"\nproviders = ["https://x/v1"]\n')
    assert load(ModelSettings, file, "primary") == ModelSettings(model="a")
    assert load(ModelSettings, file, "research") == ModelSettings("b", ("https://x/v1",))


def test_an_instance_without_a_table_has_its_defaults(file):
    file.write_text('[models.primary]\nmodel = "a"\n')
    assert load(ModelSettings, file, "research") == ModelSettings()


def test_an_empty_table_of_instances_changes_nothing(file):
    file.write_text("[models]\n")
    assert load(ModelSettings, file, "primary") == ModelSettings()


@pytest.mark.parametrize("section", [ReporterSettings, ModelSettings, TasksSettings])
def test_an_instance_that_is_misspelt_is_named_to_every_room_and_the_right_one_suggested(file, section):
    file.write_text('[models.primry]\nmodel = "a"\n')
    with pytest.raises(ConfigurationError) as caught:
        load(section, file, "primary" if section is ModelSettings else "")
    assert str(caught.value).endswith("[models.primry] belongs to no part of Senter; did you mean models.primary?")


def test_a_key_beside_the_instances_is_refused(file):
    assert "[models.model] belongs to no part of Senter" in complaint(file, '[models]\nmodel = "a"\n')


def test_a_room_without_instances_has_no_inner_tables(file):
    file.write_text("[tasks.primary]\nmax_concurrent_tasks = 1\n")
    with pytest.raises(ConfigurationError, match=r'\[tasks\] has no key "primary"'):
        load(TasksSettings, file)


@pytest.mark.parametrize("text", ["models = 3\n", "models = []\n", '[[models]]\nmodel = "a"\n'])
def test_a_value_where_the_table_of_instances_belongs_is_refused(file, text):
    assert "models must be a table, written as [models]" in complaint(file, text)


def test_a_value_where_the_table_of_an_instance_belongs_is_refused(file):
    assert "models.primary must be a table, written as [models.primary]" in complaint(file, "models.primary = 3\n")


def test_a_mistake_inside_the_table_of_another_instance_is_for_that_one_to_report(file):
    file.write_text("[models.research]\nmodel = 3\nzebra = 1\n")
    assert load(ModelSettings, file, "primary") == ModelSettings()
    with pytest.raises(ConfigurationError, match=r"\[models\.research\]"):
        load(ModelSettings, file, "research")


def test_a_list_is_read_in_its_order(file):
    file.write_text('[tasks]\nfolders = ["/b", "~/a"]\n')
    assert load(TasksSettings, file).folders == ("/b", "~/a")


def test_a_list_may_be_empty(file):
    file.write_text("[tasks]\nfolders = []\n")
    assert load(TasksSettings, file).folders == ()


@pytest.mark.parametrize("value", ['"/a"', "3", "[1]", '["/a", 1]', '[["/a"]]', "{}", "true"])
def test_what_is_no_list_of_texts_is_refused(file, value):
    file.write_text(f"[tasks]\nfolders = {value}\n")
    with pytest.raises(ConfigurationError, match=r"\[tasks\] folders must be a list of texts in quotes, not "):
        load(TasksSettings, file)


@pytest.mark.parametrize("value", ["true", "3.0", '"3"', "[3]"])
def test_what_is_no_whole_number_is_refused(file, value):
    file.write_text(f"[tasks]\nmax_concurrent_tasks = {value}\n")
    with pytest.raises(ConfigurationError, match=r"max_concurrent_tasks must be a whole number, not "):
        load(TasksSettings, file)


@pytest.mark.parametrize("value", ["true", "3", '["x"]'])
def test_what_is_no_text_is_refused(file, value):
    file.write_text(f"[engine]\nmodel = {value}\n")
    with pytest.raises(ConfigurationError, match=r"\[engine\] model must be a text in quotes, not "):
        load(EngineSettings, file)


def test_a_mistake_in_another_rooms_table_is_for_that_room_to_report(file):
    file.write_text("[tasks]\nmax_concurrent_tasks = 'x'\n")
    assert load(ReporterSettings, file) == ReporterSettings()
