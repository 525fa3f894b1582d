import json
import math
import pathlib
import random
import zipfile

import coco_caption
import numpy as np
import pytest
from awkward import make_awkward_set

from keras_lrcn import metrics
from keras_lrcn.metrics import evaluate_captions, rouge_l, sentence_bleu4

NAMES = ["Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "CIDEr"]
REFERENCES = {1: ["A dog runs.", "The dog is running."], 2: ["Two men talk."]}
CANDIDATES = {1: "a dog runs", 2: "two men"}
needs_coco_caption = pytest.mark.skipif(
    not coco_caption.is_installed(), reason="needs pycocoevalcap and Java"
)


def assert_equal_scores(scores, corpus, images):
    for name, expected in corpus.items():
        assert scores[name] == pytest.approx(expected, abs=1e-9), name
    assert list(scores["per_image"]) == list(images)
    for image_id, expected in images.items():
        assert scores["per_image"][image_id] == pytest.approx(expected, abs=1e-9)


def test_scores_equal_coco_caption_on_awkward_captions():
    # 240 images by pycocoevalcap 1.2; how it was made is in `golden/make.py`
    golden = pathlib.Path(__file__).with_name("golden") / "scores.json"
    corpus, *rows = json.loads(golden.read_text())
    corpus.pop("METEOR")
    references, candidates = make_awkward_set()
    assert len(references) == len(rows) == 240
    scores = evaluate_captions(references, candidates, per_image=True, meteor=False)
    images = {i: dict(zip(NAMES, row, strict=False)) for i, row in enumerate(rows)}
    assert_equal_scores(scores, corpus, images)


@needs_coco_caption
@pytest.mark.parametrize("seed", [101, 102])
def test_scores_equal_the_real_package_on_the_fly(seed):
    references, candidates = make_awkward_set(200, seed)
    scores = evaluate_captions(references, candidates, per_image=True, meteor=False)
    assert_equal_scores(scores, *coco_caption.evaluate(references, candidates))


def human_captions(shared_data):
    """COCO val2014: id -> four to six references, and id -> a caption by another person."""
    loaded = []
    for name in ("coco_val2014_refs4", "coco_val2014_heldout_human_caption"):
        with zipfile.ZipFile(shared_data / "coco_captions" / f"{name}.zip") as archive:
            loaded.append(json.loads(archive.read("answer.json")))
    references, candidates = loaded

    def flat(texts):
        return texts[0] if isinstance(texts[0], list) else texts

    references = {i: flat(texts) for i, texts in references.items()}
    return references, {i: t if isinstance(t, str) else flat(t)[0] for i, t in candidates.items()}


@pytest.mark.shared
@pytest.mark.slow
def test_score_of_people_on_coco_equals_coco_caption(shared_data):
    references, candidates = human_captions(shared_data)
    candidates = {i: candidates[i] for i in references}
    scores = evaluate_captions(references, candidates, meteor=False)
    expected = {  # pycocoevalcap 1.2 on all 40,504 images
        "Bleu_1": 0.6341694742504445,
        "Bleu_2": 0.4378707249510168,
        "Bleu_3": 0.293944177376005,
        "Bleu_4": 0.19541973880063193,
        "ROUGE_L": 0.47077825750623326,
        "CIDEr": 0.8663690563473034,
    }
    assert len(references) == 40504
    assert {name: scores[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@needs_coco_caption
@pytest.mark.shared
@pytest.mark.slow
def test_score_of_people_on_part_of_coco_equals_the_real_package(shared_data):
    references, candidates = human_captions(shared_data)
    references = {i: references[i] for i in list(references)[::40]}
    candidates = {i: candidates[i] for i in references}
    scores = evaluate_captions(references, candidates, per_image=True, meteor=False)
    assert_equal_scores(scores, *coco_caption.evaluate(references, candidates))


def test_order_of_candidates_does_not_matter():
    backwards = dict(reversed(CANDIDATES.items()))
    assert evaluate_captions(REFERENCES, backwards, meteor=False) == evaluate_captions(
        REFERENCES, CANDIDATES, meteor=False
    )


def test_perfect_captions_score_one_and_empty_ones_zero():
    references = {i: [f"a man rides horse number {i} over there"] for i in range(5)}
    perfect = evaluate_captions(references, {i: t[0] for i, t in references.items()}, meteor=False)
    empty = evaluate_captions(references, dict.fromkeys(references, ""), meteor=False)
    for name in NAMES[:5]:
        assert perfect[name] == pytest.approx(1, abs=1e-6)
        assert empty[name] == pytest.approx(0, abs=1e-4)
    assert perfect["CIDEr"] == pytest.approx(10)
    assert empty["CIDEr"] == 0


def test_without_a_matched_4gram_bleu4_is_almost_zero():
    score = evaluate_captions({1: ["a b c d e"]}, {1: "a b c x y"}, meteor=False)["Bleu_4"]
    assert 0 < score < 1e-3  # coco-caption's tiny constants, where sacreBLEU says 0


def test_without_brevity_penalty_only_bleu_rises():
    with_, without = (
        evaluate_captions(REFERENCES, CANDIDATES, meteor=False, brevity_penalty=penalty)
        for penalty in (True, False)
    )
    assert with_["Bleu_1"] == pytest.approx(math.exp(1 - 6 / 5))
    assert without["Bleu_1"] == pytest.approx(1)
    assert with_["CIDEr"] == without["CIDEr"]
    assert "no-brevity-penalty" in without["signature"]


@pytest.mark.parametrize(
    "candidates, message",
    [
        ({1: "a"}, r"Missing: 2\. Extra: none"),
        ({1: "a", 2: "b", "x": "c"}, r"Missing: none\. Extra: 'x'"),
        ({"1": "a", "2": "b"}, r"Missing: 1, 2\. Extra: '1', '2'"),
        ({1: "a", 2: ["b"]}, "must be strings.* for 2"),
        ({1: "a", 2: None}, "must be strings.* for 2"),
    ],
)
def test_wrong_ids_are_named(candidates, message):
    with pytest.raises(ValueError, match=message):
        evaluate_captions(REFERENCES, candidates, meteor=False)


@pytest.mark.parametrize("texts", [[], "a dog", [3]])
def test_wrong_references_are_named(texts):
    with pytest.raises(ValueError, match="for 'b'"):
        evaluate_captions({"a": ["x"], "b": texts}, {"a": "x", "b": "y"}, meteor=False)


def test_many_missing_ids_are_counted():
    with pytest.raises(ValueError, match="and 90 more"):
        evaluate_captions({i: ["a"] for i in range(100)}, {}, meteor=False)


def test_nothing_to_score_is_refused():
    with pytest.raises(ValueError, match="Received: 0 ids"):
        evaluate_captions({}, {}, meteor=False)


def test_signature_tells_references_and_frequencies():
    scores = evaluate_captions(REFERENCES, CANDIDATES, meteor=False)
    assert "images:2|references:1-2|" in scores["signature"]
    assert "df-references" in scores["signature"]
    assert "\n" not in scores["signature"]
    given = metrics.count_documents(REFERENCES)
    scores = evaluate_captions(REFERENCES, CANDIDATES, meteor=False, document_frequencies=given)
    assert "df-given(2)" in scores["signature"]


def test_scores_go_into_json():
    scores = evaluate_captions(
        REFERENCES, CANDIDATES, per_image=True, meteor=False, num_bootstrap=10
    )
    assert json.loads(json.dumps(scores))["per_image"]["1"] == scores["per_image"][1]


def test_intervals_hold_the_scores_and_repeat_with_the_seed():
    references, candidates = make_awkward_set(60, seed=3)
    first, second, other = (
        evaluate_captions(references, candidates, meteor=False, num_bootstrap=100, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first["intervals"] == second["intervals"] != other["intervals"]
    for name in NAMES:
        low, high = first["intervals"][name]
        assert low < first[name] < high


def test_bootstrap_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    low, high = metrics.bootstrap_interval(values, num_samples=2000)
    error = values.std() / np.sqrt(400)
    # two percentiles of 2,000 draws are sure to some 5 % of the width
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


@pytest.mark.parametrize("wrong", [{"rows": []}, {"num_samples": 0}, {"confidence": 95}])
def test_impossible_bootstrap_is_refused(wrong):
    with pytest.raises(ValueError, match="bootstrap"):
        metrics.bootstrap_interval(**{"rows": [1.0], **wrong})


def test_rouge_takes_best_precision_and_best_recall_apart():
    # precision 2/2 from the first, recall 2/3 from the second reference
    references = [["a", "b", "x", "y", "z"], ["b", "a", "q"]]
    candidate = ["a", "b"]
    precision, recall = 1.0, 2 / 5
    expected = 2.44 * precision * recall / (recall + 1.44 * precision)
    assert rouge_l(candidate, references) == pytest.approx(expected)


def test_common_subsequence_equals_the_table_of_dynamic_programming():
    generator = random.Random(0)
    for _ in range(200):
        a, b = ([generator.choice("abc") for _ in range(generator.randrange(1, 90))] for _ in "ab")
        table = np.zeros((len(a) + 1, len(b) + 1), int)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                best = max(table[i, j + 1], table[i + 1, j])
                table[i + 1, j + 1] = table[i, j] + 1 if x == y else best
        precision, recall = table[-1, -1] / len(a), table[-1, -1] / len(b)
        total = recall + 1.44 * precision
        expected = 2.44 * precision * recall / total if total else 0
        assert rouge_l(a, [b]) == pytest.approx(expected)


def test_sentence_bleu_is_a_smoothed_bleu():
    references = [["a", "dog", "runs", "fast"], ["the", "dog", "is", "running"]]
    assert sentence_bleu4(references[0], references) == pytest.approx(1)
    assert sentence_bleu4([], references) == 0
    assert sentence_bleu4(["cat"], references) == 0
    # matches of a, a dog; length 2 against 4: (2/2 * 2/2 * 1/1 * 1/1) * exp(1 - 4/2)
    assert sentence_bleu4(["a", "dog"], references) == pytest.approx(math.exp(-1))
    # unigrams 3/4, bigrams (2+1)/(3+1), trigrams (1+1)/(2+1), 4-grams (0+1)/(1+1)
    expected = (3 / 4 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert sentence_bleu4(["a", "dog", "runs", "x"], references) == pytest.approx(expected)


def test_sentence_bleu_clips_repeated_words():
    assert sentence_bleu4(["a"] * 6, [["a", "b", "c", "d", "e", "f"]]) < 0.35
