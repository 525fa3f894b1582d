"""`LRCNVideoDescriber` has all that the captioner has, for every architecture."""

import keras
import keras_hub
import numpy as np
import pytest

import keras_lrcn
from applications.video_description import kitchen
from keras_lrcn.preprocessing import pad_frames
from keras_lrcn.samplers import BeamSearch, BestOfN, Sample
from tests.models.describers import KINDS, WORDS, inputs_of, make_describer
from tests.reference.captions_by_exhaustion import all_captions


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def details(describer, inputs, **options):
    return [c[0] for c in describer.generate(inputs, return_details=True, **options)]


def test_one_input_or_many(kind):
    describer, inputs = make_describer(kind), inputs_of(kind)
    sentences = describer.generate(inputs, sampler="greedy")
    assert len(set(sentences)) > 2
    assert describer.generate(inputs[1], sampler="greedy") == sentences[1]
    assert describer.generate(inputs[:1], sampler="greedy") == sentences[:1]


@pytest.mark.parametrize("sampler", [BeamSearch(3), BestOfN(10, seed=3)], ids=["beam", "best"])
def test_the_score_returned_is_what_score_says(kind, sampler):
    describer, inputs = make_describer(kind), inputs_of(kind, 5)
    found = details(describer, inputs, sampler=sampler)
    rows = [[WORDS.index(w) for w in c.words if w != "<eos>"] for c in found]
    terms = describer._word_scores(describer.preprocessor.load(inputs), rows)
    for caption, wanted in zip(found, terms, strict=True):
        scores = caption.word_scores
        np.testing.assert_allclose(scores, wanted[: len(scores)], atol=1e-4)
        assert len(scores) == len(wanted) - (not caption.finished)


@pytest.mark.parametrize("kind", ["encoder-decoder", "mean", "s2vt with attention"])
def test_one_beam_is_greedy_and_batches_are_singles(kind):
    describer, inputs = make_describer(kind), inputs_of(kind, 4)
    greedy = details(describer, inputs, sampler="greedy")
    beam = details(describer, inputs, sampler=BeamSearch(1))
    singles = [details(describer, [one], sampler=BeamSearch(1))[0] for one in inputs]
    for other in (beam, singles):
        assert [c.text for c in other] == [c.text for c in greedy]
        np.testing.assert_allclose([c.score for c in other], [c.score for c in greedy], atol=1e-4)


@pytest.mark.parametrize("kind", ["encoder-decoder", "s2vt with attention"])
def test_a_wide_beam_finds_exactly_the_best_sentences(kind):
    length = 3
    describer = make_describer(kind, length=length)
    inputs = inputs_of(kind, 2)
    found = describer.generate(
        inputs, sampler=BeamSearch(8**length), num_captions=4, return_details=True
    )
    for one, sentences in zip(inputs, found, strict=True):
        visual = describer.preprocessor.load([one])[0]
        expected = all_captions(describer, visual, length)[:4]
        assert [tuple(WORDS.index(w) for w in c.words) for c in sentences] == [
            ids for ids, _ in expected
        ]
        np.testing.assert_allclose(
            [c.score for c in sentences], [score for _, score in expected], atol=1e-4
        )


@pytest.mark.parametrize("kind", ["max", "s2vt with attention"])
def test_the_compiled_loop_says_what_the_eager_one_says(kind):
    sentences = [
        make_describer(kind, run_eagerly=eagerly).generate(inputs_of(kind, 5))
        for eagerly in (True, False)
    ]
    assert sentences[0] == sentences[1]


@pytest.mark.parametrize("kind", ["max", "s2vt"])
def test_draws_come_from_the_seed(kind):
    describer, inputs = make_describer(kind), inputs_of(kind)
    first, again, other = (
        describer.generate(inputs, sampler=Sample(), seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_preset_round_trip(kind, tmp_path):
    describer, inputs = make_describer(kind), inputs_of(kind)
    describer.save_to_preset(str(tmp_path))
    again = keras_lrcn.LRCNVideoDescriber.from_preset(str(tmp_path))
    base = keras_hub.models.CausalLM.from_preset(str(tmp_path))
    assert isinstance(base, keras_lrcn.LRCNVideoDescriber)
    sentences = ["a person cuts"] * len(inputs)
    expected = describer.score(inputs, sentences)
    np.testing.assert_array_equal(again.score(inputs, sentences), expected)
    np.testing.assert_array_equal(base.score(inputs, sentences), expected)
    assert again.generate(inputs) == describer.generate(inputs)


def test_it_learns_from_a_dict_of_arrays(kind):
    describer, inputs = make_describer(kind, scale=0.3), inputs_of(kind, 4)
    inputs = [x if isinstance(x, dict) else x[:4] for x in inputs]
    describer.compile(keras.optimizers.Adam(0.03), jit_compile=False)
    data = {
        "visual": describer.preprocessor.load(inputs),
        "captions": np.array(["a person cuts", "a person washes"] * 2),
    }
    before = describer.score(inputs, data["captions"]).sum()
    describer.fit(data, epochs=5, verbose=0)
    assert describer.score(inputs, data["captions"]).sum() > before + 2


@pytest.mark.parametrize("options", [{"num_layers": 1}, {"num_layers": 2, "factored": True}])
def test_the_stacks_of_section_5_describe_tuples_too(options):
    describer, tuples = make_describer("probabilities", **options), inputs_of("probabilities")
    assert len(set(describer.score(tuples, ["a person cuts"] * 6).round(3))) == 6
    assert describer.backbone.factored == options.get("factored", False)


def test_two_unfactored_layers_are_the_default():
    backbone = make_describer("max").backbone
    assert (backbone.num_layers, backbone.factored, backbone.visual_layer) == (2, False, 1)


def test_a_stack_that_the_states_do_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\[8, 8\]. Received: \[8, 8, 8, 8\]"):
        make_describer("s2vt", num_layers=1)


@pytest.mark.parametrize("kind", KINDS[3:])
def test_padding_does_not_change_a_sentence(kind):
    describer, videos = make_describer(kind), inputs_of(kind, 5, seed=4)
    long = np.zeros((300, 12, 10, 3), "uint8")
    with_long = details(describer, [*videos, long], sampler="greedy")[:5]
    alone = details(describer, videos, sampler="greedy")
    assert [c.text for c in with_long] == [c.text for c in alone]
    np.testing.assert_allclose([c.score for c in with_long], [c.score for c in alone], atol=1e-5)


def test_videos_of_any_length_are_compiled_for_few_lengths():
    describer = make_describer("s2vt", run_eagerly=False)
    traces, step = [], describer.generate_step

    def counted(*args, **kwargs):
        traces.append(args[0]["visual"].shape)
        return step(*args, **kwargs)

    describer.generate_step = counted
    describer._has_generated = True  # the first captions are not compiled
    for length in (17, 20, 25, 28, 30, 32):
        describer.generate(np.zeros((length, 12, 10, 3), "uint8"), sampler="greedy")
    assert len(traces) == 1


def test_frames_beyond_the_most_are_left_out_evenly():
    preprocessor = make_describer("s2vt").preprocessor
    preprocessor.max_frames = 5
    video = np.arange(9, dtype="uint8")[:, None, None, None] * np.ones((1, 12, 10, 3), "uint8")
    assert (preprocessor.load_video(video)[:, 0, 0, 0] * 64 + 128).tolist() == [0, 2, 4, 6, 8]


def test_streams_are_channels():
    from keras_lrcn.models.video_describer_preprocessor import GREY

    preprocessor = make_describer("s2vt").preprocessor
    video = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), "uint8")
    preprocessor.streams = ("rgb", "grey")
    both = preprocessor.load_video(video)
    assert both.shape == (3, 12, 10, 4)
    np.testing.assert_allclose(both[..., :3], video / 64 - 2, atol=1e-6)
    np.testing.assert_allclose(both[..., 3], video @ GREY / 64 - 2, atol=1e-5)


def test_flow_is_a_stream_as_long_as_the_frames():
    pytest.importorskip("cv2")
    from keras_lrcn.data import FlowEncoding, flow_frames

    preprocessor = make_describer("s2vt").preprocessor
    preprocessor.image_converter.image_size = (32, 40)
    preprocessor.flow_encoding = FlowEncoding(method="dis").to_config()
    preprocessor.streams = ("grey", "flow")
    video = np.random.default_rng(0).integers(0, 256, (4, 32, 40, 3), "uint8")
    loaded = preprocessor.load_video(video)
    flow = flow_frames(video, FlowEncoding(method="dis")) / 64 - 2
    assert loaded.shape == (4, 32, 40, 4)
    np.testing.assert_allclose(loaded[1:, ..., 1:], flow, atol=1e-6)
    np.testing.assert_array_equal(loaded[0, ..., 1:], loaded[1, ..., 1:])
    still = preprocessor.load_video(video[:1])[..., 1:]
    assert still.shape == (1, 32, 40, 3) and not still.any()  # no motion is 128, here 0


def test_few_large_videos_are_loaded_at_once():
    preprocessor = make_describer("s2vt").preprocessor
    assert preprocessor.most_at_once == 64
    preprocessor.image_converter.image_size = (224, 224)
    assert preprocessor.most_at_once == 2  # 181 MB each


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("max", "video.mp4"),
        ("max", np.zeros((3, 12, 10, 3), "uint8")),
        ("s2vt", {"roles": {"activity": "cut"}}),
        ("s2vt", np.zeros((3, 12, 10, 3), "float32")),
        ("s2vt", np.zeros((0, 12, 10, 3), "uint8")),
    ],
    ids=str,
)
def test_inputs_of_another_kind_are_refused(kind, wrong):
    with pytest.raises(ValueError, match="This model describes"):
        make_describer(kind).generate(wrong)


def test_features_of_frames_are_an_input_too():
    tokenizer = keras_lrcn.preprocessing.WordTokenizer(WORDS)
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(
        len(WORDS), keras_lrcn.MeanPoolEncoder(frame_shape=(7,)), embedding_dim=5, units=8
    )
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(tokenizer)
    describer = keras_lrcn.LRCNVideoDescriber(backbone, preprocessor, sampler="greedy")
    features = np.random.default_rng(0).normal(0, 1, (9, 7)).astype("float32")
    assert isinstance(describer.generate(features), str)
    assert len(describer.generate([features, features[:2]])) == 2
    with pytest.raises(ValueError, match="features of frames"):
        describer.generate("video.mp4")


def test_cached_features_say_what_the_videos_say():
    describer, videos = make_describer("s2vt"), inputs_of("s2vt", 4)
    cnn = describer.backbone.visual_encoder.frame_encoder
    loaded = [describer.preprocessor.load_video(video) for video in videos]
    features = pad_frames([np.asarray(cnn(video)) for video in loaded])
    assert describer.generate({"features": features}) == describer.generate(videos)
    inputs = describer.preprocessor.start_captions(features)
    logits = describer.on_features()(inputs)
    inputs["visual"] = pad_frames(loaded)
    np.testing.assert_allclose(logits, describer(inputs), atol=1e-4)


def kitchen_bleu(kind, wrong, epochs=30):
    """BLEU-4 on new tuples after training on 2,000; a share `wrong` of the maxima is wrong."""
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    tuples, sentences = kitchen.draw(2000, 0, wrong)
    words = keras_lrcn.preprocessing.build_vocabulary(sentences, min_count=1)
    tokenizer = keras_lrcn.preprocessing.WordTokenizer(words)
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(
        len(words),
        keras_lrcn.SemanticEncoder(kitchen.ROLES.sizes, kind=kind),
        embedding_dim=32,
        units=64,
    )
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
        tokenizer, roles=kitchen.ROLES, sequence_length=14
    )
    describer = keras_lrcn.LRCNVideoDescriber(backbone, preprocessor, sampler="greedy")
    rate = keras.optimizers.schedules.CosineDecay(0.01, 20 * epochs)
    describer.compile(keras.optimizers.Adam(rate, global_clipnorm=5.0), jit_compile=False)
    data = {"visual": preprocessor.load(tuples), "captions": np.array(sentences)}
    dataset = tf.data.Dataset.from_tensor_slices(data).shuffle(2000, seed=0).batch(100)
    describer.fit(dataset, epochs=epochs, verbose=0)
    tuples, sentences = kitchen.draw(300, 1, wrong)
    references = {i: [sentence] for i, sentence in enumerate(sentences)}
    candidates = dict(enumerate(describer.generate(tuples)))
    return keras_lrcn.metrics.evaluate_captions(references, candidates, meteor=False)["Bleu_4"]


@pytest.mark.slow
def test_the_kitchen_is_described_and_probabilities_help_where_maxima_err():
    assert kitchen_bleu("probabilities", wrong=0.0) >= 0.9
    by_maximum, by_probability = (kitchen_bleu(k, wrong=0.2) for k in ("max", "probabilities"))
    assert by_maximum < 0.9  # (b) does not see that a maximum is unsure
    assert by_probability > by_maximum + 0.05
