"""All pairs of images and captions, against one call of `score` a pair and against float64."""

import json

import numpy as np
import pytest

from keras_lrcn.retrieval import retrieval_scores, score_matrix
from tests.models.conftest import WORDS, make_captioner
from tests.reference.lstm_equations import run_stack

STACKS = {
    "2f": {},
    "2u": {"factored": False},
    "1u": {"factored": False, "num_layers": 1},
    "3f, image at the top": {"num_layers": 3, "visual_layer": 3},
    "3f, image in the middle": {"num_layers": 3, "visual_layer": 2},
    "RNN-2f": {"cell": "rnn"},
    "RNN-2u": {"cell": "rnn", "factored": False},
}


def make_captions(number=40, seed=0):
    """Random sentences with many shared beginnings, unknown words, none at all, and a twin."""
    rng = np.random.default_rng(seed)
    words = [*WORDS[4:], "zebra"]
    captions = [" ".join(rng.choice(words, rng.integers(0, 7))) for _ in range(number - 2)]
    return [*captions, "", captions[0]]


CAPTIONS = make_captions()


@pytest.fixture(scope="module")
def captioner():
    return make_captioner()


@pytest.fixture
def visual():
    return np.random.default_rng(5).normal(0, 1, (16, 3)).astype("float32")


def score_pairs(captioner, visual, captions, score_end):
    """The same matrix by teacher forcing every pair."""
    rows = [captioner.score([v] * len(captions), captions, per_word=True) for v in visual]
    return np.array([[s.sum() if score_end else s[:-1].sum() for s in row] for row in rows])


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("score_end", [False, True])
def test_a_matrix_equals_one_call_of_score_a_pair(stack, score_end, visual):
    captioner = make_captioner(1, **STACKS[stack])
    matrix = score_matrix(captioner, {"features": visual}, CAPTIONS, score_end=score_end)
    expected = score_pairs(captioner, visual, CAPTIONS, score_end)
    assert matrix.dtype == "float32" and np.ptp(matrix) > 5
    np.testing.assert_allclose(matrix, expected, atol=2e-5)  # sums of up to 50 nats in float32


@pytest.mark.parametrize("stack", ["2f", "2u", "RNN-2f"])
def test_a_slice_equals_the_papers_equations_in_float64(stack, visual):
    captioner = make_captioner(2, **STACKS[stack])
    matrix = score_matrix(captioner, {"features": visual}, CAPTIONS)
    backbone, tokenizer = captioner.backbone, captioner.preprocessor.tokenizer
    lstm = backbone.lstm_stack
    layers = [[np.array(w, "float64") for w in r.get_weights()] for r in lstm.recurrent_layers]
    for layer, output in zip(layers, lstm.output_layers, strict=False):
        layer += [np.array(w, "float64") for w in output.get_weights()]
    table = np.array(backbone.token_embedding.get_weights()[0], "float64")
    kernel, bias = (np.array(w, "float64") for w in captioner.predict_words.get_weights())
    for image, caption in [(0, 0), (3, 5), (15, 39), (7, 20)]:
        ids = [tokenizer.start_token_id, *tokenizer(CAPTIONS[caption])]
        hidden, _ = (
            run_stack(
                table[ids[:-1]][None],
                layers,
                visual[image : image + 1].astype("float64"),
                lstm.visual_layer,
                lstm.cell,
            )
            if len(ids) > 1
            else (np.zeros((1, 0, 8)), None)
        )
        logits = hidden[0] @ kernel + bias
        log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        expected = sum(row[word] for row, word in zip(log_p, ids[1:], strict=False))
        assert matrix[image, caption] == pytest.approx(expected, abs=2e-5)


def test_blocks_of_any_size_give_the_same(captioner, visual, monkeypatch):
    whole = score_matrix(captioner, {"features": visual}, CAPTIONS)
    monkeypatch.setattr("keras_lrcn.retrieval.ROWS", 5)
    for images, captions in [(1, 3), (5, 40), (16, 7)]:
        blocks = score_matrix(
            captioner,
            {"features": visual},
            CAPTIONS,
            images_at_once=images,
            captions_at_once=captions,
        )
        np.testing.assert_allclose(blocks, whole, atol=1e-5)


def test_images_may_be_photos(tiny_preset, tmp_path):
    from PIL import Image

    import keras_lrcn

    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    photos = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), "uint8")
    paths = [str(tmp_path / f"{i}.png") for i in range(3)]
    for path, photo in zip(paths, photos, strict=True):
        Image.fromarray(photo).save(path)
    captions = ["a dog runs", "the cat"]
    matrix = score_matrix(captioner, paths, captions, score_end=True)
    expected = [captioner.score([path] * 2, captions) for path in paths]
    np.testing.assert_allclose(matrix, expected, atol=1e-4)
    np.testing.assert_array_equal(matrix, score_matrix(captioner, photos, captions, score_end=True))


class Killed(Exception):
    pass


def killed_after(number):
    """A `progress` that ends the job after some blocks."""

    def progress(blocks):
        yield from blocks[:number]
        raise Killed

    return progress


@pytest.mark.parametrize("blocks", [0, 1, 5, 11])
def test_a_killed_run_goes_on_and_gives_the_same(captioner, visual, tmp_path, blocks, monkeypatch):
    options = {"folder": tmp_path, "images_at_once": 4, "captions_at_once": 16}
    expected = score_matrix(captioner, {"features": visual}, CAPTIONS, images_at_once=4)
    with pytest.raises(Killed):
        score_matrix(
            captioner, {"features": visual}, CAPTIONS, progress=killed_after(blocks), **options
        )
    done = []
    from keras_lrcn import retrieval

    score = retrieval._score_block
    monkeypatch.setattr(retrieval, "_score_block", lambda *a: done.append(1) or score(*a))
    matrix = score_matrix(captioner, {"features": visual}, CAPTIONS, **options)
    np.testing.assert_allclose(matrix, expected, atol=1e-5)
    assert len(done) == 12 - blocks
    again = score_matrix(captioner, {"features": visual}, CAPTIONS, **options)
    np.testing.assert_array_equal(again, matrix)
    assert len(done) == 12 - blocks
    assert json.loads((tmp_path / "progress.json").read_text())["blocks"] == 12


def test_a_folder_of_another_matrix_is_refused(captioner, visual, tmp_path):
    score_matrix(captioner, {"features": visual}, CAPTIONS, folder=tmp_path)
    for images, captions, model in [
        (visual[::-1], CAPTIONS, captioner),
        (visual, CAPTIONS[::-1], captioner),
        (visual, CAPTIONS, make_captioner(7)),
    ]:
        with pytest.raises(ValueError, match="Name another `folder`"):
            score_matrix(model, {"features": images}, captions, folder=tmp_path)


@pytest.mark.shared
@pytest.mark.slow
def test_the_shipped_model_finds_the_captions_of_photos(shared_data):
    import keras_lrcn
    from keras_lrcn.data import read_flickr8k

    captioner = keras_lrcn.LRCNCaptioner.from_preset("lrcn2f_efficientnet_lite0_flickr8k")
    examples = read_flickr8k(shared_data / "flickr8k", "dev")[:40]
    paths, captions = [e.path for e in examples], [e.captions[0] for e in examples]
    log_p = score_matrix(captioner, paths, captions, score_end=True)
    pairs = [(0, 0), (7, 30), (39, 2)]
    expected = captioner.score([paths[i] for i, _ in pairs], [captions[c] for _, c in pairs])
    np.testing.assert_allclose([log_p[pair] for pair in pairs], expected, atol=1e-3)
    scores = retrieval_scores(log_p, np.arange(40))
    assert scores["caption_to_image"]["R@5"] > 0.5  # chance is 0.125
    assert scores["image_to_caption"]["R@5"] > 0.5


@pytest.mark.backends
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, tmp_path):
    import os
    import subprocess
    import sys

    code = (
        "import numpy as np\n"
        "from keras_lrcn.retrieval import score_matrix\n"
        "from tests.models.conftest import make_captioner\n"
        "from tests.test_score_matrix import CAPTIONS\n"
        "visual = np.random.default_rng(5).normal(0, 1, (16, 3)).astype('float32')\n"
        "matrix = score_matrix(make_captioner(1), {'features': visual}, CAPTIONS)\n"
        f"np.save({str(tmp_path / 'log_p.npy')!r}, matrix)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "KERAS_BACKEND": backend}
    )
    visual = np.random.default_rng(5).normal(0, 1, (16, 3)).astype("float32")
    expected = score_matrix(make_captioner(1), {"features": visual}, CAPTIONS)
    np.testing.assert_allclose(np.load(tmp_path / "log_p.npy"), expected, atol=1e-4)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"score_end": True, "captions_at_once": 5000}])
def test_a_third_of_the_words_of_flickr8k_need_no_row(options, shared_data, monkeypatch):
    from keras_lrcn.data import read_flickr8k
    from keras_lrcn.preprocessing import build_vocabulary
    from keras_lrcn.retrieval import _UpperLayers

    read = {s: read_flickr8k(str(shared_data / "flickr8k"), s) for s in ("train", "dev")}
    captions = {s: [c for e in examples for c in e.captions] for s, examples in read.items()}
    captioner = make_captioner(words=build_vocabulary(captions["train"], min_count=5))
    rows, run = [], _UpperLayers._run

    def counted(self, gates, states):
        rows.append(len(gates))
        return run(self, gates, states)

    monkeypatch.setattr(_UpperLayers, "_run", counted)
    visual = np.zeros((1, 3), "float32")
    score_matrix(captioner, {"features": visual}, captions["dev"], **options)
    words = sum(map(len, captioner.preprocessor.tokenizer(captions["dev"])))
    words += 5000 * ("score_end" in options)
    assert len(captions["dev"]) == 5000 and words > 54_000
    assert 0.6 < sum(rows) / words <= 0.68
