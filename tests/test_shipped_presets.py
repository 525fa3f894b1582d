"""The presets inside the package: small, described, and as good as their cards say."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.data import motion_clips
from keras_lrcn.presets import EMBEDDED

CAPTIONER = "lrcn2f_efficientnet_lite0_flickr8k"


def facts(name):
    return json.loads((EMBEDDED / name / "preset.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(keras_lrcn.list_presets("embedded")))
def test_every_preset_states_data_terms_and_scores(name):
    card = (EMBEDDED / name / "README.md").read_text(encoding="utf-8")
    for heading in ("Training data", "Terms", "Limits", "How it was made", "Scores"):
        assert heading in card
    assert facts(name)["scores"]
    assert facts(name)["licence"] in card


def test_the_captioner_is_below_20_megabytes():
    size = sum(p.stat().st_size for p in (EMBEDDED / CAPTIONER).rglob("*") if p.is_file())
    assert 5e6 < size < 20e6


MOTIONS = "lrcn_rgb_small_cnn_motions"
RECOGNISERS = sorted(
    name
    for name, preset in keras_lrcn.list_presets("embedded").items()
    if preset["task"] == "LRCNActivity" and name != MOTIONS
)


@pytest.mark.parametrize("name", RECOGNISERS)
def test_a_recogniser_is_below_12_megabytes(name):
    size = sum(p.stat().st_size for p in (EMBEDDED / name).rglob("*") if p.is_file())
    assert 1e6 < size < 12e6


def test_the_recogniser_of_motions_is_as_good_as_its_card():
    stated = facts(MOTIONS)["scores"]["held-out clips"]["accuracy"]
    clips, labels = motion_clips(per_class=25, seed=4321)
    activity = keras_lrcn.LRCNActivity.from_preset(MOTIONS)
    named = [result.label for result in activity.classify(list(clips))]
    assert stated > 0.95
    assert np.mean(np.array(activity.class_names)[labels] == named) > stated - 0.04


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", RECOGNISERS)
def test_a_recogniser_knows_videos_that_it_learned_from(name, shared_data):
    pytest.importorskip("av")
    from keras_lrcn.data import read_labelled_videos, read_ucf101

    examples = {
        "fight": lambda: read_labelled_videos(shared_data / "surv_fight" / "clips.csv"),
        "3class": lambda: read_ucf101(shared_data / "ucf101_3class"),
    }[name.rpartition("_")[2]]()
    some = examples[:: len(examples) // 12]
    activity = keras_lrcn.LRCNActivity.from_preset(name)
    results = activity.classify([e.path for e in some], on_error="partial")
    right = [result.label == e.label for result, e in zip(results, some, strict=True)]
    assert len({e.label for e in some}) > 1 and sum(right) >= 0.8 * len(some)


DESCRIBERS = sorted(
    name
    for name, preset in keras_lrcn.list_presets("embedded").items()
    if preset["task"] == "LRCNVideoDescriber"
)


@pytest.mark.parametrize("name", DESCRIBERS)
def test_a_describer_is_below_4_megabytes(name):
    size = sum(p.stat().st_size for p in (EMBEDDED / name).rglob("*") if p.is_file())
    assert 1e6 < size < 4e6


def test_the_describer_of_tuples_speaks_of_what_it_is_told():
    describer = keras_lrcn.LRCNVideoDescriber.from_preset("lrcn2u_crfprob_charades")
    kitchen, bedroom = describer.generate(
        [
            {"roles": {"scene": "kitchen", "objects": ["dish", "sink"]}},
            {"roles": {"scene": {"bedroom": 0.9}, "objects": {"pillow": 0.9, "bed": 0.8}}},
        ]
    )
    assert "pillow" in bedroom.lower() and "pillow" not in kitchen.lower()


@pytest.mark.shared
@pytest.mark.slow
def test_the_describer_of_mouths_reads_held_out_videos(shared_data):
    pytest.importorskip("av")
    from applications.video_description.grid_videos import split_grid
    from keras_lrcn.metrics import word_error_rate

    held_out = split_grid(str(shared_data))[1][:40]
    describer = keras_lrcn.LRCNVideoDescriber.from_preset("s2vt_grid_s1")
    sentences = describer.generate([e.path for e in held_out])
    candidates = dict(zip((e.video_id for e in held_out), sentences, strict=True))
    scores = word_error_rate({e.video_id: list(e.captions) for e in held_out}, candidates)
    assert scores["WER"] < 0.15  # 0.067 on all hundred


@pytest.fixture(scope="module")
def captioner():
    return keras_lrcn.LRCNCaptioner.from_preset(CAPTIONER)


@pytest.mark.slow
def test_a_fresh_process_needs_nothing_but_the_name():
    pytest.importorskip("skimage")
    script = (
        "import keras_lrcn; from skimage import data\n"
        f"captioner = keras_lrcn.LRCNCaptioner.from_preset({CAPTIONER!r})\n"
        "print(captioner.generate(data.chelsea()))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert len(run.stdout.split()) >= 4


def test_photos_of_different_things_get_different_sentences(captioner):
    data = pytest.importorskip("skimage.data")
    photos = [data.chelsea(), data.coffee(), data.rocket(), data.astronaut()]
    captions = captioner.generate(photos, return_details=True)
    assert len({c[0].text for c in captions}) >= 3
    assert all(c[0].finished and 4 <= len(c[0].words) <= 20 for c in captions)
    assert not any("<unk>" in c[0].words for c in captions)


def test_a_photo_finds_its_own_sentence_more_likely_than_anothers(captioner):
    data = pytest.importorskip("skimage.data")
    photos = [data.chelsea(), data.astronaut()]
    own = captioner.generate(photos)
    swapped = captioner.score(photos, own[::-1])
    assert (captioner.score(photos, own) > swapped).all()


@pytest.mark.shared
@pytest.mark.slow
def test_the_card_tells_the_scores_on_the_dev_photos(captioner, shared_data):
    from keras_lrcn.data import read_flickr8k

    dev = read_flickr8k(shared_data / "flickr8k", "dev")
    captions = captioner.generate([e.path for e in dev])
    references = {e.image_id: list(e.captions) for e in dev}
    candidates = dict(zip(references, captions, strict=True))
    scores = keras_lrcn.metrics.evaluate_captions(references, candidates, meteor=False)
    stated = facts(CAPTIONER)["scores"]["dev, beam 5"]
    for name in ("Bleu_1", "Bleu_4", "ROUGE_L", "CIDEr"):
        # Two machines may round a beam apart on a photo or two of the thousand.
        assert scores[name] == pytest.approx(stated[name], abs=0.005), name
