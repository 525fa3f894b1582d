"""The NumPy model of Caffe by hand, by the paper's equations, and by Keras where rules agree."""

import keras
import numpy as np
import pytest
from reference import caffe_net, caffe_tasks, lstm_equations, published_nets
from reference.caffe_net import Net

TO_KERAS = [0, 1, 3, 2]  # gates i, f, o, g -> i, f, g, o


def keras_gates(weight, units):
    """Rows of Caffe's gates -> columns of Keras'."""
    return np.concatenate([weight.reshape(4, units, -1)[k] for k in TO_KERAS]).T


def random_lstm(inputs, units, static=0):
    layer = published_nets.recurrent("lstm1", inputs, units, seed=3, static=static)
    return Net([layer]).arrays("lstm1")


def test_a_convolution_by_hand():
    # Two groups of one channel: the first sums a window, the second takes its lower right pixel.
    image = np.arange(18.0).reshape(1, 2, 3, 3)
    weight = np.array([[[[1, 1], [1, 1]]], [[[0, 0], [0, 1]]]], "float64")
    y = caffe_net.convolve(image, weight, np.array([0.5, 0]), groups=2)
    assert y.tolist() == [[[[8.5, 12.5], [20.5, 24.5]], [[13, 14], [16, 17]]]]


def test_pooling_takes_the_clipped_last_window():
    image = np.array([[[[1, 5, 2, 0], [4, 3, 9, 1], [0, 0, 0, 2], [8, 0, 1, 7.0]]]])
    assert caffe_net.max_pool(image).tolist() == [[[[9, 9], [8, 7]]]]  # 4 -> 2, by ceil


def test_responses_are_normalized_over_five_channels():
    x = np.zeros((1, 6, 1, 1))
    x[0, :, 0, 0] = [100, 0, 200, 0, 0, 300]
    y = caffe_net.normalize_responses(x)[0, :, 0, 0]
    near = [1 + 2e-5 * s for s in (100**2 + 200**2, 0, 100**2 + 200**2, 0, 0, 300**2)]
    np.testing.assert_allclose(y[[0, 5]], [100 / near[0] ** 0.75, 300 / near[5] ** 0.75])
    assert y[2] == 200 / (1 + 2e-5 * (100**2 + 200**2)) ** 0.75


def test_inner_products_read_channels_before_rows_before_columns():
    image = np.arange(12.0).reshape(1, 3, 2, 2)
    weight = np.eye(12)[[0, 1, 2, 4, 8]]
    y = caffe_net.inner_product(image, weight, np.zeros(5))
    assert y.tolist() == [[image[0, 0, 0, 0], image[0, 0, 0, 1], image[0, 0, 1, 0],
                           image[0, 1, 0, 0], image[0, 2, 0, 0]]]  # fmt: skip


def test_pixels_become_blue_green_red_less_the_mean():
    red = np.zeros((1, 1, 1, 3), "uint8")
    red[..., 0] = 255
    x = caffe_net.preprocess(red, caffe_tasks.BGR_MEAN["captions"])
    assert x[0, :, 0, 0].tolist() == [-104, -117, 132]


@pytest.mark.parametrize("static", [0, 5])
def test_lstm_follows_the_papers_equations(static):
    arrays, random = random_lstm(4, 6, static), np.random.default_rng(0)
    x, visual = random.normal(size=(7, 3, 4)), random.normal(size=(3, static))
    cont = (random.random((7, 3)) > 0.3).astype("float64")
    w_xc, b_c, *w_static, w_hc = arrays
    kernel = np.concatenate([keras_gates(w, 6) for w in (w_xc, *w_static)])
    layers = [(kernel, keras_gates(w_hc, 6), keras_gates(b_c, 6)[0])]
    expected, _ = lstm_equations.run_stack(
        x.swapaxes(0, 1), layers, visual if static else None, reset=1 - cont.T
    )
    h = caffe_net.lstm(x, cont, arrays, visual if static else None)
    np.testing.assert_allclose(h.swapaxes(0, 1), expected, rtol=1e-12, atol=1e-14)


def test_one_step_of_an_lstm_by_hand():
    # One unit, one input; a = (i, f, o, g) of 1, 2, 3, 4 times the input of 0.5.
    arrays = [np.array([[1.0], [2], [3], [4]]), np.zeros(4), np.zeros((4, 1))]
    h = caffe_net.lstm(np.full((2, 1, 1), 0.5), np.array([[0.0], [1]]), arrays)
    gate = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    c_1 = gate(0.5) * np.tanh(2)
    c_2 = gate(1) * c_1 + gate(0.5) * np.tanh(2)
    expected = [gate(1.5) * np.tanh(c_1), gate(1.5) * np.tanh(c_2)]
    np.testing.assert_allclose(h[:, 0, 0], expected, rtol=1e-14)


def test_lstm_equals_keras():
    arrays, x = random_lstm(4, 6), np.random.normal(size=(7, 3, 4)).astype("float32")
    layer = keras.layers.LSTM(6, return_sequences=True)
    layer.build((None, 7, 4))
    w_xc, b_c, w_hc = arrays
    layer.set_weights([keras_gates(w_xc, 6), keras_gates(w_hc, 6), keras_gates(b_c, 6)[0]])
    h = caffe_net.lstm(x.astype("float64"), np.ones((7, 3)), arrays)
    np.testing.assert_allclose(layer(x.swapaxes(0, 1)), h.swapaxes(0, 1), atol=1e-6)


def test_rnn_by_hand_and_by_the_papers_equations():
    layer = published_nets.recurrent("rnn1", 4, 6, seed=1, static=5, cell="RNN")
    w_xh, b_h, w_static, w_hh, w_ho, b_o = arrays = Net([layer]).arrays("rnn1")
    random = np.random.default_rng(0)
    x, visual = random.normal(size=(5, 2, 4)), random.normal(size=(2, 5))
    layers = [(np.concatenate([w_xh.T, w_static.T]), w_hh.T, b_h, w_ho.T, b_o)]
    expected, _ = lstm_equations.run_stack(x.swapaxes(0, 1), layers, visual, cell="rnn")
    z = caffe_net.rnn(x, np.ones((5, 2)), arrays, visual)
    np.testing.assert_allclose(z.swapaxes(0, 1), expected, rtol=1e-12, atol=1e-14)
    first = np.tanh(x[0, 0] @ w_xh.T + b_h + visual[0] @ w_static.T)
    np.testing.assert_allclose(z[0, 0], np.tanh(w_ho @ first + b_o), rtol=1e-12)


def test_a_static_input_is_an_input_of_every_step():
    w_xc, b_c, w_static, w_hc = random_lstm(4, 6, static=5)
    x, visual = np.random.normal(size=(7, 3, 4)), np.random.normal(size=(3, 5))
    joined = np.concatenate([x, np.repeat(visual[None], 7, 0)], axis=-1)
    one = caffe_net.lstm(x, np.ones((7, 3)), [w_xc, b_c, w_static, w_hc], visual)
    other = caffe_net.lstm(joined, np.ones((7, 3)), [np.hstack([w_xc, w_static]), b_c, w_hc])
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def keras_vgg16(net):
    x = image = keras.Input((64, 64, 3))
    for block, number_of in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, number_of + 1):
            weight, bias = net.arrays(f"conv{block}_{number}")
            layer = keras.layers.Conv2D(len(bias), 3, padding="same", activation="relu")
            x = layer(x)
            layer.set_weights([weight.transpose(2, 3, 1, 0), bias])
        x = keras.layers.MaxPooling2D(2)(x)
    return keras.Model(image, x)


def test_vgg16_equals_keras_layers():
    net = Net(published_nets.cnn("vgg", scale=1 / 32))
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype("uint8")
    x = caffe_net.preprocess(images, caffe_tasks.BGR_MEAN["captions"])
    rows = caffe_net.ROWS["vgg"]("fc6")[:-2]
    blobs = caffe_net.run_rows(rows, net, x)
    assert len(blobs) == 18
    features = keras_vgg16(net)(x.transpose(0, 2, 3, 1))
    expected = blobs["pool5"].transpose(0, 2, 3, 1)
    assert expected.max() > 10
    np.testing.assert_allclose(features, expected, atol=1e-5 * expected.max())


SHAPES = {
    "caffenet": {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv5": 13, "pool5": 6},
    "hybrid": {"conv1": 111, "pool1": 55, "conv2": 26, "pool2": 13, "conv5": 13, "pool5": 6},
    "vgg": {"conv1_2": 224, "pool1": 112, "pool4": 14, "conv5_3": 14, "pool5": 7},
}


@pytest.mark.parametrize("kind", SHAPES)
def test_blobs_have_the_published_sizes_and_useful_values(kind):
    side = 224 if kind == "vgg" else 227
    images = np.random.default_rng(0).integers(0, 256, (1, side, side, 3)).astype("uint8")
    x = caffe_net.preprocess(images, caffe_tasks.BGR_MEAN["captions"])
    blobs = caffe_net.visual_blobs(kind, Net(published_nets.cnn(kind, scale=1 / 16)), x)
    assert {name: blobs[name].shape[-1] for name in SHAPES[kind]} == SHAPES[kind]
    assert 20 < blobs["fc7"].std() < 500 and 0.3 < blobs["fc8"].std() < 20
    if kind != "vgg":  # the normalization works
        assert blobs["pool1"].max() / blobs["norm1"].max() > 1.3


@pytest.mark.parametrize("height, width", [(480, 640), (256, 256), (91, 333)])
def test_photos_lose_their_margins_and_are_resized_like_tensorflow(height, width):
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype("uint8")
    top, left = {480: 27, 256: 15, 91: 5}[height], {640: 36, 256: 15, 333: 19}[width]
    part = photo[top : height - top, left : width - left].astype("float32")
    expected = keras.ops.image.resize(part, (227, 227), "bilinear", antialias=False)
    photo = caffe_tasks.prepare_photo(photo, 227)
    assert photo.shape == (227, 227, 3)
    np.testing.assert_allclose(photo, expected, atol=0.03)  # float32 places times steps of 255


def test_beam_search_finds_what_greedy_search_misses():
    # After nothing: 0.6 for word 1, 0.4 for word 2; then word 1 goes on by halves, 2 surely ends.
    p = {(): [0.0, 0.6, 0.4], (1,): [0.34, 0.33, 0.33], (2,): [0.98, 0.01, 0.01]}

    def logits_after(words):
        return np.log(np.array(p.get(tuple(words), [0.98, 0.01, 0.01])) + 1e-30)

    assert caffe_tasks.beam_search(logits_after, 1, 5)[0][0] == [1, 0]
    words, scores = caffe_tasks.beam_search(logits_after, 2, 5)[0]
    assert words == [2, 0]
    np.testing.assert_allclose(scores, np.log([0.4, 0.98]))
    assert caffe_tasks.sentence([2, 1, 0], ["dog", "a"]) == "A dog."
    assert caffe_tasks.sentence([2, 1], ["dog", "a"]) == "A dog..."


def test_words_before_a_start_do_not_count():
    net = Net(published_nets.captioner("2u", words=12, scale=1 / 64))
    visual = np.random.normal(size=(1, published_nets.wide(1000, 1 / 64)))
    once = caffe_tasks.word_logits(net, "2u", [[0], [3], [5]], visual)
    again = caffe_tasks.word_logits(net, "2u", [[0], [7], [0], [3], [5]], visual)
    np.testing.assert_allclose(again[2:], once, rtol=1e-12)
    assert np.abs(again[1] - once[1]).max() > 1e-2


def test_windows_of_a_video_are_the_authors():
    net = Net(published_nets.activity("single", scale=1 / 64, classes=3))
    logits = np.arange(60.0).reshape(20, 3) ** 2 % 7
    expected = [caffe_tasks.softmax(logits[start : start + 16]) for start in (0, 4, 4)]
    seen = caffe_tasks.video_probabilities(net, "single", logits)
    np.testing.assert_allclose(seen, np.mean(expected, axis=(0, 1)))


def test_s2vt_hears_the_stage_and_the_bias_of_absent_frames():
    net = Net(published_nets.s2vt(words=12, features=10, scale=1 / 64), keep=True)
    frames = np.random.default_rng(0).normal(size=(3, 10))
    logits = caffe_tasks.s2vt_logits(net, True, frames, [0, 4, 5])
    prefix = caffe_tasks.s2vt_logits(net, True, frames, [0, 4])
    assert logits.shape == (3, 12)
    np.testing.assert_allclose(logits[:2], prefix, rtol=1e-12)
    net.arrays("lstm2")[0][:, -1] = 0  # the stage
    changed = caffe_tasks.s2vt_logits(net, True, frames, [0, 4])
    assert np.abs(changed - prefix).max() > 1e-3
    net.arrays("embed_encoder")[1][:] = 0
    assert np.abs(caffe_tasks.s2vt_logits(net, True, frames, [0, 4]) - changed).max() > 1e-3
