"""What the authors' programs compute with their nets, in NumPy: captions, labels, descriptions.

Words have the numbers of Caffe's vocabulary: 0 is `<EOS>`, which also starts a sentence, k is
line k of the file. Time comes first: `(time, streams)`.

Reference: `captioner.py` (jeffdonahue/caffe), `classify_video.py` and `LRCN_evaluate`
(LisaAnne/lisa-caffe-public), `s2vt_captioner.py` (vsubhashini/caffe).
"""

import numpy as np
from reference.caffe_net import inner_product, lstm, rnn, softmax, visual_blobs

BGR_MEAN = {
    "captions": (104.0, 117.0, 123.0),
    "lrcn_rgb": (103.939, 116.779, 128.68),
    "single_rgb": (103.939, 116.779, 123.68),
    "flow": (128.0, 128.0, 128.0),
}
END = 0
CELLS = {"LSTM": lstm, "RNN": rnn}


# === Captions ===


def prepare_photo(photo, side):
    """The part of a photo that the captioner sees, `side` pixels square: uint8 to float64.

    The margins are those of a window of 227 in 256, also for a side of 224; a new pixel is the
    mean, linear in the distance, of the four old ones around its middle.
    """
    ratio = (256 - 227) / 256 / 2
    top, left = (int(size * ratio + 0.5) for size in photo.shape[:2])
    part = photo[top : len(photo) - top, left : photo.shape[1] - left].astype("float64")
    for axis in (0, 1):
        places = (np.arange(side) + 0.5) * part.shape[axis] / side - 0.5
        places = places.clip(0, part.shape[axis] - 1)
        below = np.minimum(places.astype(int), part.shape[axis] - 2)
        share = (places - below).reshape([-1, 1, 1] if axis == 0 else [1, -1, 1])
        part = (1 - share) * part.take(below, axis) + share * part.take(below + 1, axis)
    return part


def word_logits(net, variant, words, visual):
    """Logits of the word after each one that is read.

    Args:
        net: `Net` with `keep=True`, or the like.
        variant: `"1u"`, `"2u"` or `"2f"`.
        words: int `(time, streams)`, each beginning with `END`.
        visual: `(streams, features)`.
    """
    words = np.asarray(words)
    cont = (words != END).astype("float64")
    x = net.arrays("embedding")[0][words]
    names = [name for name in net if net[name].type in CELLS]
    for index, name in enumerate(names):
        static = visual if index == (1 if variant == "2f" else 0) else None
        x = CELLS[net[name].type](x, cont, net.arrays(name), static)
    weight, bias = net.arrays("predict")
    return x @ weight.T + bias


def beam_search(logits_after, width, max_length):
    """Keeps the `width` likeliest beginnings, as `captioner.py` does: no length normalization.

    Args:
        logits_after: function from a list of words (without the first `END`) to the logits of
            the next one.
        width: int, beams.
        max_length: int, words with `END`.

    Returns:
        List of `(words, log-probability of each)`, best first.
    """
    beams = [([], [])]
    while not all(_is_complete(words, max_length) for words, _ in beams):
        candidates = []
        for words, scores in beams:
            if _is_complete(words, max_length):
                candidates.append((words, scores))
                continue
            log_p = np.log(softmax(logits_after(words)))
            for word in np.argsort(-log_p, kind="stable")[:width]:
                candidates.append(([*words, int(word)], [*scores, float(log_p[word])]))
        beams = sorted(candidates, key=lambda beam: -sum(beam[1]))[:width]
    return beams


def _is_complete(words, max_length):
    return len(words) >= max_length or words[-1:] == [END]


def sentence(words, vocabulary):
    """Words by number -> `A dog runs.`; `...` where none ended it.

    Args:
        vocabulary: list of str, the lines of the file.
    """
    text = " ".join(vocabulary[word - 1] for word in words if word != END)
    return text[:1].upper() + text[1:] + ("." if END in words else "...")


# === Activity ===


def frame_probabilities(net, kind, cnn, frames):
    """Probabilities of every frame of one clip: `frames` `(time, 3, height, width)`."""
    return softmax(frame_logits(net, kind, features(net, kind, cnn, frames)))


def features(net, kind, cnn, frames):
    """fc6 of the LSTM net, the logits of the single frame net: `(time, ...)`."""
    last = "fc6" if kind == "lrcn" else "fc8-ucf"
    return visual_blobs(cnn, net, frames, last)[last]


def frame_logits(net, kind, features):
    """Logits `(time, classes)` of one clip from what `features` returned."""
    if kind == "single":
        return features
    cont = np.ones((len(features), 1))
    cont[0] = 0
    h = lstm(features[:, None], cont, net.arrays("lstm1"))
    return inner_product(h[:, 0], *net.arrays("fc8-final"))


def video_probabilities(net, kind, features, length=16, stride=8):
    """Mean over the frames of all windows; a window over the end is that of the last frames."""
    windows = []
    for start in range(0, len(features), stride):
        if start + length >= len(features):
            start = len(features) - length
        windows.append(softmax(frame_logits(net, kind, features[start : start + length])))
    return np.mean(windows, axis=(0, 1))


# === Video description ===


def s2vt_logits(net, factored, frames, words):
    """Reads all frames, then words; the logits of the word after each of them.

    Args:
        frames: `(frames, features)`.
        words: ints, beginning with `END`.

    Returns:
        `(words, vocabulary)`.
    """
    count, steps = len(frames), len(frames) + len(words)
    images = np.concatenate([frames, np.zeros((len(words), frames.shape[1]))])
    images = inner_product(images, *net.arrays("embed_encoder"))
    ids = np.concatenate([np.zeros(count, int), words])  # word 0 is read with every frame
    spoken = net.arrays("embedding")[0][ids]
    stage = (np.arange(steps) >= count).astype("float64")[:, None]
    cont = (np.arange(steps) > 0).astype("float64")[:, None]
    below = images if factored else np.concatenate([images, spoken, stage], axis=1)
    h = lstm(below[:, None], cont, net.arrays("lstm1"))[:, 0]
    above = np.concatenate([h, spoken, stage], axis=1) if factored else h
    h = lstm(above[:, None], cont, net.arrays("lstm2"))[count:, 0]
    return inner_product(h, *net.arrays("predict"))
