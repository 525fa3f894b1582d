"""Which task a preset holds, without loading it."""

import pytest

import keras_lrcn
from keras_lrcn.presets import preset_task
from tests.models.test_activity import make_activity


def test_the_task_of_a_folder_is_told(tmp_path, tiny_preset):
    make_activity().save_to_preset(str(tmp_path / "mine"))
    assert preset_task(str(tmp_path / "mine")) == "LRCNActivity"
    assert preset_task(tiny_preset) == "LRCNCaptioner"


@pytest.mark.parametrize("name", sorted(keras_lrcn.list_presets()))
def test_the_task_of_a_shipped_preset_is_told(name):
    task = preset_task(name)
    assert task == keras_lrcn.list_presets()[name]["task"] and hasattr(keras_lrcn, task)


def test_what_holds_no_task_is_none(tmp_path):
    (tmp_path / "task.json").write_text("{}")
    assert preset_task(str(tmp_path)) is None
    assert preset_task("no_such_preset") is None
