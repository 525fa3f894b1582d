"""Cards are checked without a Hub, and those of this package pass."""

import json

import pytest

import keras_lrcn
from hub.cards import check_card, snippet
from hub.hub_lists import LICENCES, PIPELINE_TAGS
from keras_lrcn import publishing
from keras_lrcn.presets import EMBEDDED

ENTRY = {
    "description": "Describes a photo in a sentence.",
    "architecture": "a small CNN and two LSTM layers",
    "data": "ten photos",
    "licence": "Not for sale.",
    "limits": "it knows ten photos.",
    "command": "python -m some.recipe --data DATA",
    "scores_note": "On two photos.",
    "params": 1234,
    "task": "LRCNCaptioner",
    "scores": {
        "dev, greedy": {"CIDEr": 0.51, "Bleu_4": 0.2, "METEOR": 0.3},
        "dev, beam 5": {"CIDEr": 0.5249},
    },
}
CARD = publishing.card("lrcn2f_small_cnn_flickr8k", ENTRY)


@pytest.mark.parametrize("name", sorted(keras_lrcn.list_presets("embedded")))
def test_the_cards_of_shipped_presets_pass_and_are_current(name):
    text = (EMBEDDED / name / "README.md").read_text(encoding="utf-8")
    assert check_card(text) == []
    entry = json.loads((EMBEDDED / name / "preset.json").read_text(encoding="utf-8"))
    assert text == publishing.card(name, entry)
    has_file = (EMBEDDED / name / "LICENSE").is_file()
    assert has_file == ("license_link: LICENSE" in text)


def test_a_card_that_was_just_made_passes():
    assert check_card(CARD) == []
    assert check_card(publishing.card("x", {**ENTRY, "scores": {}})) == []
    handle = publishing.card("x", ENTRY, handle="hf://me/x")
    assert check_card(handle) == [] and 'from_preset("hf://me/x")' in snippet(handle)


@pytest.mark.parametrize("task", publishing.TASKS)
def test_a_card_of_every_task_passes(task):
    scores = {"held-out": {"accuracy": 0.5, "spread over seeds": 0.1, "WER": 0.25}}
    entry = {**ENTRY, "task": task, "scores": scores, "example": '"video.mp4"'}
    assert check_card(publishing.card("lrcn_ucf101", entry)) == []


@pytest.mark.parametrize(
    "old, new, problem",
    [
        ("---\n", "", "no front matter"),
        ("library_name: keras-hub", "library_name: [", "does not parse"),
        ("library_name: keras-hub\n", "", "`library_name` is missing"),
        ("pipeline_tag: image-to-text", "pipeline_tag: video-captioning", "'video-captioning'"),
        ("license: other", "license: free-for-all", "'free-for-all'"),
        ("license_name: terms-of-the-training-data\n", "", "needs `license_name`"),
        ("license_link: LICENSE\n", "", "needs `license_link`"),
        ("- cider\n", "- Best Metric\n", "'Best Metric' is no identifier"),
        ("metrics:", "datasets: [a/b/c]\nmetrics:", "'a/b/c' is no `owner/name`"),
        ("value: 0.51", "value: .nan", "no finite number"),
        ("value: 0.51", "value: 0.61", "0.510 in the table and 0.61 in the model-index"),
        ("| 0.510 |", "| 0.999 |", "0.999 in the table and 0.51"),
        ("| 0.510 |", "|  |", "the model-index has CIDEr (dev, greedy), the table has not"),
        ("name: Bleu_4 (dev, greedy)", "name: other", "the table has Bleu_4 (dev, greedy)"),
        ("ten photos", "[More Information Needed]", "looks like a gap"),
        ("ten photos", "TODO", "looks like a gap"),
        ("ten photos", "{data}", "looks like a gap"),
        ("**Limits**", "Limits", "**Limits** is missing"),
        ("import keras_lrcn\n", "", "must import keras_lrcn"),
        ("captioner.generate(", "captioner.generate((", "does not compile"),
        ("```python", "```", "no block of Python"),
    ],
)
def test_what_is_wrong_with_a_card_is_told(old, new, problem):
    assert old in CARD
    broken = CARD.replace(old, new, 1)
    problems = check_card(broken)
    assert any(problem in text for text in problems), problems


def test_every_pipeline_of_ours_is_one_of_the_hubs():
    assert len(PIPELINE_TAGS) == 57 and "video-captioning" not in PIPELINE_TAGS
    assert {pipeline for pipeline, _, _ in publishing.TASKS.values()} <= PIPELINE_TAGS
    assert {"apache-2.0", "mit", "cc-by-4.0", "other"} <= LICENCES


def test_the_index_leaves_controls_out():
    scores = {"single frame": {"accuracy": 0.5}, "LRCN": {"accuracy": 0.6}}
    entry = {**ENTRY, "task": "LRCNActivity", "scores": scores}
    named = [result.metric_name for result in publishing.eval_results("lrcn_ucf101", entry)]
    assert named == ["accuracy (LRCN)"]
    text = publishing.card("lrcn_ucf101", entry)
    assert "| single frame | 0.500 |" in text and check_card(text) == []


def test_terms_that_the_hub_knows_are_named_by_its_id():
    assert publishing.licence_id({"licence": "Apache-2.0."}) == "apache-2.0"
    assert publishing.licence_id({"licence": "Research use."}) == "other"
    assert publishing.licence_id({"licence": "Research use.", "licence_id": "mit"}) == "mit"
