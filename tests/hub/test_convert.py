"""Converted networks give what Caffe's rules give, and other files are refused by name."""

import json
import os

import networks
import numpy as np
import pytest
from reference import caffe_layers
from reference.caffe_file import blob_parts

import keras_lrcn
from hub.convert import convert, main
from hub.recipes import RECIPES, find_recipe
from keras_lrcn.preprocessing import sample_middle

SIDES = {"caffenet": 227, "hybrid": 227}
SENTENCE, IDS = "a man 'dog , \"runs", [2, 5, 6, 7, 4, 8]


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(["<unk>", *networks.WORDS]) + "\n")
    return str(path)


@pytest.fixture
def convert_layers(tmp_path, words):
    """Writes layers to a file, converts it, and loads the preset again."""

    def run(name, layers, cnn=None, vocabulary=words, **options):
        recipe, _ = find_recipe(name)
        file = networks.write(tmp_path / "net.caffemodel", layers)
        cnn = cnn and networks.write(tmp_path / "cnn.caffemodel", cnn, version="v1", shape="legacy")
        task = convert(name, file, tmp_path / name, vocabulary, cnn, **options)
        assert recipe.family in type(task).__name__.lower() or "Describer" in type(task).__name__
        return type(task).from_preset(str(tmp_path / name))

    return run


def photo(seed=0, size=(227, 227)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype("uint8")


def by_caffe(layers, image, mean, kind="caffenet", dense=("fc6", "fc7", "fc8"), linear="fc8"):
    """Runs Caffe's rules on RGB pixels: B, G, R less the mean, channels first."""
    x = image[..., ::-1].astype("float64") - mean
    weights = {name: layers[name][1] for name in layers if name.startswith("conv")}
    x = getattr(caffe_layers, kind)(x.transpose(2, 0, 1)[None], weights).ravel()
    for name in dense:
        weight, bias = layers[name][1]
        x = weight @ x + bias
        x = x if name == linear else np.maximum(x, 0)
    return x


def token_ids(ids):
    """Caffe's ids -> ours."""
    return [i + 2 for i in ids]


@pytest.mark.parametrize("name", ["lrcn1u", "lrcn2u", "lrcn2f", "rnn1u", "rnn2f"])
def test_a_captioner_scores_a_sentence_as_caffe_does(name, convert_layers):
    net = networks.captioner(name[-2:], cell=name[:-2].replace("lrcn", "lstm"))
    captioner = convert_layers(f"{name}_caffenet_coco", net)
    features = by_caffe(net, photo(), [104, 117, 123])
    expected = networks.said(networks.caption_log_probabilities(net, features, IDS), IDS)
    assert captioner.preprocessor.tokenizer(SENTENCE) == token_ids(IDS)
    (scores,) = captioner.score([photo()], [SENTENCE], per_word=True)
    np.testing.assert_allclose(scores, expected, rtol=1e-4)  # a float32 CNN below


def test_a_photo_of_any_size_is_seen_as_the_authors_see_it(convert_layers):
    captioner = convert_layers("lrcn2f_caffenet_coco", networks.captioner())
    image = photo(size=(300, 400))
    middle = sample_middle(image, (227, 227))
    np.testing.assert_array_equal(
        captioner.preprocessor.load([image])[0], middle - np.array([123.0, 117, 104], "float32")
    )


def test_padding_and_bos_are_never_predicted(convert_layers):
    captioner = convert_layers("lrcn2f_caffenet_coco", networks.captioner())
    for sampler in ("greedy", "beam"):
        (caption,) = captioner.generate([photo()], sampler=sampler, return_details=True)[:1]
        caption = caption[0] if isinstance(caption, list) else caption
        assert not {"<pad>", "<bos>"} & set(caption.words)
    logits = captioner.predict_words.bias.numpy()
    assert (logits[:2] == -1e4).all() and (np.abs(logits[2:]) < 10).all()


def test_the_cnn_may_come_from_a_file_of_its_own(convert_layers):
    net = networks.captioner()
    cnn = {name: net.pop(name) for name in list(net) if name.startswith(("conv", "fc"))}
    captioner = convert_layers("lrcn2f_caffenet_coco", net, cnn=cnn)
    features = by_caffe(cnn, photo(), [104, 117, 123])
    (scores,) = captioner.score([photo()], [SENTENCE], per_word=True)
    expected = networks.said(networks.caption_log_probabilities(net, features, IDS), IDS)
    np.testing.assert_allclose(scores, expected, rtol=1e-4)  # a float32 CNN below


def vgg_by_caffe(layers, image, mean):
    x = (image[..., ::-1].astype("float64") - mean).transpose(2, 0, 1)[None]
    for block, repeats in enumerate((2, 2, 3, 3, 3), 1):
        for i in range(1, repeats + 1):
            x = np.maximum(caffe_layers.convolve(x, *layers[f"conv{block}_{i}"][1], pad=1), 0)
        x = caffe_layers.max_pool(x, 2, 2)
    x = x.ravel()
    for name in ("fc6", "fc7", "fc8"):
        weight, bias = layers[name][1]
        x = weight @ x + bias
        x = x if name == "fc8" else np.maximum(x, 0)
    return x


def test_vgg_sees_a_photo_as_caffe_does(convert_layers):
    net = networks.captioner(kind="vgg")
    captioner = convert_layers("lrcn2f_vgg_coco", net, mean=(10, 20, 30))
    image = photo(size=(224, 224))
    features = vgg_by_caffe(net, image, [10, 20, 30])
    (scores,) = captioner.score([image], [SENTENCE], per_word=True)
    expected = networks.said(networks.caption_log_probabilities(net, features, IDS), IDS)
    np.testing.assert_allclose(scores, expected, rtol=1e-3)  # thirteen float32 convolutions


@pytest.mark.parametrize("modality, red", [("rgb", 128.68), ("flow", 128.0)])
def test_an_lstm_over_frames_gives_caffes_probabilities(modality, red, convert_layers):
    net = networks.activity()
    activity = convert_layers(f"lrcn_{modality}_hybrid_ucf101", net, vocabulary=None)
    mean = [103.939, 116.779, red] if modality == "rgb" else [128.0] * 3
    frames = np.stack([photo(seed) for seed in range(3)])
    state, expected = (np.zeros(4), np.zeros(4)), []
    weight, bias = net["fc8-final"][1]
    for frame in frames:
        x = by_caffe(net, frame, mean, "hybrid", ("fc6",))
        h, state = networks.caffe_step(net["lstm1"], x, state)
        expected.append(weight @ h + bias)
    x = activity.preprocessor(frames[None])
    np.testing.assert_allclose(activity(x)[0], expected, rtol=1e-3, atol=1e-4)  # a CNN below
    assert activity.class_names[:2] == ("ApplyEyeMakeup", "ApplyLipstick")
    assert activity.preprocessor.modality == modality
    assert activity.preprocessor.frame_size == (240, 320)


@pytest.mark.parametrize("classifier", ["fc8-ucf", "fc8"])  # of UCF101; of ImageNet
def test_a_single_frame_net_gives_caffes_logits(classifier, convert_layers, tmp_path):
    net = networks.activity("single", "caffenet", classes=3)
    net[classifier] = net.pop("fc8-ucf")
    (tmp_path / "classInd.txt").write_text("1 Run\n2 Pole vault\n3 Jump\n")
    classes = str(tmp_path / "classInd.txt")
    activity = convert_layers("single_rgb_caffenet_mine", net, vocabulary=classes)
    x = by_caffe(net, photo(), [103.939, 116.779, 123.68], "caffenet", ("fc6", "fc7"))
    weight, bias = net[classifier][1]
    logits = activity(activity.preprocessor(photo()[None, None]))[0, 0]
    np.testing.assert_allclose(logits, weight @ x + bias, rtol=1e-3, atol=1e-4)  # a CNN below
    assert activity.class_names == ("Run", "Pole vault", "Jump")


@pytest.mark.parametrize("factored", [True, False])
def test_s2vt_scores_a_sentence_as_caffe_does(factored, convert_layers):
    net = networks.s2vt(factored)
    describer = convert_layers("s2vt_vgg_msvd", net)
    frames = np.random.default_rng(1).random((5, 9)).astype("float32")  # padded to eight
    sentence, ids = "man dog runs a", [5, 7, 8, 2]
    (scores,) = describer.score([frames], [sentence], per_word=True)
    expected = networks.said(networks.s2vt_log_probabilities(net, frames, ids), ids)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    caption = describer.generate([frames], max_length=6, return_details=True)[0][0]
    chosen = describer.preprocessor.tokenizer(" ".join(w for w in caption.words if w != "<eos>"))
    by_rule = networks.s2vt_log_probabilities(net, frames, [i - 2 for i in chosen]).argmax(-1)
    assert [i + 2 for i in by_rule][: len(caption.words)] == [*chosen, 2][: len(caption.words)]


def test_s2vt_with_a_cnn_takes_frames(convert_layers):
    cnn, net = networks.cnn(networks.Random(2)), networks.s2vt()
    describer = convert_layers("s2vt_caffenet_msvd", net, cnn=cnn)
    video = np.stack([photo(seed, (256, 256)) for seed in range(3)])
    windows = video[:, 14:241, 14:241]
    features = [by_caffe(cnn, f, [104, 117, 123], dense=("fc6", "fc7")) for f in windows]
    (scores,) = describer.score([video], ["man runs"], per_word=True)
    expected = networks.said(
        networks.s2vt_log_probabilities(net, np.array(features), [5, 8]), [5, 8]
    )
    np.testing.assert_allclose(scores, expected, rtol=1e-4)  # a float32 CNN below


def test_a_mean_pool_net_scores_a_sentence_as_caffe_does(convert_layers):
    net = networks.mean_pool()
    describer = convert_layers("meanpool_vgg_msvd", net)
    frames = np.random.default_rng(1).random((5, 9)).astype("float32")
    (scores,) = describer.score([frames], ["man dog runs a"], per_word=True)
    expected = networks.said(
        networks.caption_log_probabilities(net, frames.mean(0), [5, 7, 8, 2]), [5, 7, 8, 2]
    )
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_a_mean_image_counts_by_its_channels(convert_layers, tmp_path):
    image = np.random.default_rng(0).random((1, 3, 4, 4)) * 255
    (tmp_path / "mean.binaryproto").write_bytes(b"".join(blob_parts(image, "legacy")))
    captioner = convert_layers(
        "lrcn2f_caffenet_coco", networks.captioner(), mean=tmp_path / "mean.binaryproto"
    )
    offset = captioner.preprocessor.image_converter.offset
    np.testing.assert_allclose(offset, -image.mean(axis=(0, 2, 3))[::-1], rtol=1e-6)


def test_the_preset_says_where_it_is_from(convert_layers, tmp_path):
    convert_layers("lrcn2f_caffenet_coco", networks.captioner())
    folder = tmp_path / "lrcn2f_caffenet_coco"
    entry = json.loads((folder / "preset.json").read_text())
    assert entry["task"] == "LRCNCaptioner" and len(entry["sources"]["net.caffemodel"]) == 64
    assert "stored in single precision" in (folder / "README.md").read_text()
    assert "those of the Caffe files" in (folder / "LICENSE").read_text()  # that the card links to


def without(layers, name):
    return {key: layer for key, layer in layers.items() if key != name}


@pytest.mark.parametrize(
    "name, layers, message",
    [
        ("lrcn2f_caffenet_coco", networks.captioner("2u"), r"'lstm2' shows .*2u.*2f"),
        ("lrcn2u_caffenet_coco", networks.captioner("1u"), r"'lstm1' shows .*1u.*2u"),
        ("rnn2f_caffenet_coco", networks.captioner("2f"), r"lstm 2f.*rnn 2f"),
        ("lrcn2f_caffenet_coco", networks.captioner(static=3), r"'lstm2' takes 3 .*fc8.* 7"),
        ("lrcn2f_vgg_coco", networks.captioner(), r"no vgg CNN: .*'conv1_1'"),
        (
            "lrcn2f_caffenet_coco",
            {**networks.captioner(), **networks.cnn(networks.Random(), "hybrid")},
            r"'conv1' is not that of a caffenet CNN but a hybrid.*\(6, 3, 7, 7\)",
        ),
        (
            "lrcn2f_caffenet_coco",
            {**networks.captioner(), "extra": networks.activity()["lstm1"]},
            r"'extra' has no place",
        ),
        (
            "lrcn2f_caffenet_coco",
            without(networks.captioner(), "predict"),
            r"no layer 'predict' with weights. It has: \['conv1'",
        ),
        (
            "lrcn2f_caffenet_coco",
            {**networks.captioner(), "conv2": networks.captioner()["conv3"]},
            r"'conv2' does not fit: \(3, 3, 8, 8\).*\(5, 5, 3, 8\)",
        ),
        (
            "lrcn2f_caffenet_coco",
            {**networks.captioner(), "lstm1": ("LSTM", [np.ones((7, 5)), np.ones(7)])},
            r"'lstm1' has 2 blobs: neither",
        ),
        (
            "lrcn2f_caffenet_coco",
            {**networks.captioner(), "predict": ("IP", [np.full((10, 4), np.nan), np.ones(10)])},
            r"'predict' holds numbers that are not finite",
        ),
        ("s2vt_vgg_msvd", networks.mean_pool(), "no layer 'embed_encoder'"),
        ("meanpool_vgg_msvd", without(networks.s2vt(False), "embed_encoder"), "no static input"),
        ("lrcn_rgb_hybrid_ucf101", networks.activity(classes=5), "tells 5 classes .*has 101"),
    ],
)
def test_what_cannot_be_mapped_is_refused_by_name(name, layers, message, convert_layers, tmp_path):
    options = {"vocabulary": None} if "hybrid" in name else {}
    with pytest.raises(ValueError, match=message) as caught:
        convert_layers(name, layers, **options)
    assert "net.caffemodel" in str(caught.value)
    assert not [f for f in os.listdir(tmp_path) if f.startswith(name)]


@pytest.mark.parametrize(
    "lines, message",
    [
        (["a", "b"], "must begin with"),
        (["<unk>", "a"], "has 2 words, .* has 10 rows"),
        (["<unk>", *networks.WORDS[:-1], "a"], "words.txt: .*'a' twice"),
    ],
)
def test_the_words_of_another_network_are_refused(lines, message, convert_layers, tmp_path):
    (tmp_path / "words.txt").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=message):
        convert_layers("lrcn2f_caffenet_coco", networks.captioner())


def test_an_old_preset_stays_when_the_file_is_refused(convert_layers, tmp_path):
    convert_layers("lrcn2f_caffenet_coco", networks.captioner())
    before = sorted(os.listdir(tmp_path / "lrcn2f_caffenet_coco"))
    with pytest.raises(ValueError, match="shows"):
        convert_layers("lrcn2f_caffenet_coco", networks.captioner("2u"))
    assert sorted(os.listdir(tmp_path / "lrcn2f_caffenet_coco")) == before
    keras_lrcn.LRCNCaptioner.from_preset(str(tmp_path / "lrcn2f_caffenet_coco"))


@pytest.mark.parametrize("name", ["lrcn2f_caffenet", "lrcn2f_caffenet_", "lrcn3f_vgg_coco", ""])
def test_names_of_no_network_are_refused(name):
    with pytest.raises(ValueError, match="No network is called"):
        find_recipe(name)


def test_every_recipe_is_found_by_its_name():
    for key, recipe in RECIPES.items():
        assert find_recipe(f"{key}_some_data") == (recipe, "some_data")


def test_the_command_converts_and_tells_what_it_does(tmp_path, words, capsys):
    file = networks.write(tmp_path / "net.caffemodel", networks.captioner())
    arguments = ["--caffemodel", file, "--vocabulary", words, "--output", str(tmp_path / "new")]
    main(["lrcn2f_caffenet_coco", *arguments])
    assert "12 layers with weights" in capsys.readouterr().out
    assert (tmp_path / "new" / "model.weights.h5").exists()
    with pytest.raises(SystemExit) as end:
        main(["lrcn2u_caffenet_coco", *arguments])
    assert end.value.code == 1 and "'lstm2' shows" in capsys.readouterr().err


def test_layers_begin_with_zeros_only_while_a_network_is_built():
    import keras

    from hub.convert import zeros_at_first

    with zeros_at_first():
        blank = keras.layers.Dense(3)
        blank.build((None, 4))
    drawn = keras.layers.Dense(3)
    drawn.build((None, 4))
    assert not np.any(blank.kernel) and np.all(drawn.kernel)
