"""Networks as `hub.convert` makes them, beside the layers that their Caffe files hold."""

import keras
import numpy as np
from reference import caffe_tasks, published_nets
from reference.caffe_file import write_caffemodel
from reference.caffe_net import Net, preprocess, visual_blobs
from reference.caffe_parity import from_keras, picture, to_keras, write_vocabulary

from hub.convert import convert

SCALE, WORDS, CLASSES = 1 / 32, 60, 7  # of quick tests
MEAN = caffe_tasks.BGR_MEAN["captions"]
# Where a blob of Caffe is in our image encoder.
BLOBS = {
    "caffenet": {name: name for name in ("conv1", "norm1", "conv2", "norm2", "conv5", "pool5")},
    "vgg": {
        "conv1_1": "block1_conv1",
        "pool1": "block1_pool",
        "conv3_3": "block3_conv3",
        "pool5": "block5_pool",
    },
}


def some_words(photos=2, time=9, words=WORDS):
    """Caffe's numbers `(time, photos)`, a start first; `<unk>` and the last word are among them."""
    ids = np.random.default_rng(5).integers(1, words, (time, photos))
    ids[0], ids[1, 0], ids[2, 0] = 0, 1, words - 1
    return ids


class ConvertedCaptioner:
    """A captioner, the layers of the file that it came from, and photos of the CNN's size."""

    def __init__(self, folder, name, options, words=WORDS, scale=SCALE, photos=2):
        self.variant, self.kind = options["variant"], options["net"]
        layers = published_nets.captioner(words=words, scale=scale, **options)
        self.cnn = Net(layers, keep=scale < 1)
        self.language = Net(layers, keep=True)
        self.side = 224 if self.kind == "vgg" else 227
        self.photos = np.stack([picture(seed, self.side, self.side) for seed in range(photos)])
        self.blobs = self.visual_blobs(self.photos)
        file = write_caffemodel(folder / "net.caffemodel", layers)
        self.vocabulary = write_vocabulary(folder / "vocabulary.txt", words)
        self.preset = folder / "preset"
        self.task = convert(name, file, self.preset, vocabulary=folder / "vocabulary.txt")
        file.unlink()
        self.pixels = np.asarray(self.task.preprocessor.convert_images(self.photos))

    def visual_blobs(self, photos):
        """Caffe's blobs for photos of the CNN's size."""
        return visual_blobs(self.kind, self.cnn, preprocess(photos, MEAN))

    def activations(self):
        """Our activations by Caffe's names, channels first."""
        encoder = self.task.backbone.visual_encoder
        cnn, places = encoder.backbone, BLOBS[self.kind]
        maps = keras.Model(cnn.input, [cnn.get_layer(place).output for place in places.values()])
        blobs = dict(zip(places, maps.predict(self.pixels, verbose=0), strict=True))
        blobs = {name: blob.transpose(0, 3, 1, 2) for name, blob in blobs.items()}
        dense = [layer.output for layer in encoder.dense_layers]
        vectors = keras.Model(encoder.input, dense).predict(self.pixels, verbose=0)
        return blobs | dict(zip(("fc6", "fc7", "fc8"), vectors, strict=True))

    def logits(self, words, task=None):
        """Ours after each of Caffe's words `(time, photos)`, in Caffe's order of both axes."""
        ids = to_keras(words).T
        inputs = {"visual": self.pixels, "token_ids": ids, "padding_mask": np.ones_like(ids)}
        return from_keras((task or self.task)(inputs)).swapaxes(0, 1)

    def expected_logits(self, words):
        return caffe_tasks.word_logits(self.language, self.variant, words, self.blobs["fc8"])

    def beams(self, fc8, width, length):
        """Beam search for the visual features of one photo, best first."""

        def logits_after(words):
            read = np.array([[0, *words]]).T
            return caffe_tasks.word_logits(self.language, self.variant, read, fc8[None])[-1, 0]

        return caffe_tasks.beam_search(logits_after, width, length)


def moving_window(count=20, height=240, width=320):
    """A window that moves over a picture."""
    large = picture(4, height + 4 * count, width + 3 * count)
    moves = [(4 * n, 3 * n) for n in range(count)]
    return np.stack([large[y : y + height, x : x + width] for y, x in moves])


class ConvertedActivity:
    """An activity network, and the layers of the file that it came from."""

    def __init__(self, folder, name, kind, cnn, mean, classes=CLASSES, scale=SCALE):
        self.kind, self.cnn = kind, cnn
        self.mean = caffe_tasks.BGR_MEAN[mean]
        layers = published_nets.activity(kind, cnn, classes, scale)
        self.net = Net(layers, keep=scale < 1)
        file = write_caffemodel(folder / "net.caffemodel", layers)
        names = folder / "classes.txt"
        names.write_text("".join(f"Class{number}\n" for number in range(classes)))
        self.preset = folder / "preset"
        self.task = convert(name, file, self.preset, vocabulary=names)
        file.unlink()

    def features(self, frames):
        """Caffe's, of frames of 227 pixels."""
        return caffe_tasks.features(self.net, self.kind, self.cnn, preprocess(frames, self.mean))


def frame_features(count, width, seed=0):
    """Like fc7: rectified, many zeros, the same half of them in all frames."""
    random = np.random.default_rng(seed)
    frames = random.normal(random.normal(0, 1.5, width), 1, (count, width))
    return np.maximum(frames, 0).astype("float32")


class ConvertedDescriber:
    """A describer, and the layers of the files that it came from."""

    def __init__(self, folder, kind, cnn=None, words=WORDS, scale=SCALE):
        self.kind, self.width = kind, published_nets.wide(4096, scale)
        recipe, self.variant = kind.split("_")
        options = {"words": words, "features": self.width, "scale": scale}
        if recipe == "s2vt":
            layers = published_nets.s2vt(self.variant == "factored", **options)
        else:
            layers = published_nets.mean_pool(self.variant, **options)
        self.net = Net(layers, keep=True)
        files = {"caffemodel": write_caffemodel(folder / "net.caffemodel", layers)}
        if cnn is not None:
            self.cnn_layers = published_nets.cnn(cnn, scale, seed=9)
            files["cnn"] = write_caffemodel(
                folder / "cnn.caffemodel",
                self.cnn_layers,
                version="v1",
                shape="legacy",
                clutter=True,
            )
        self.vocabulary = write_vocabulary(folder / "vocabulary.txt", words, "<en_unk>")
        name, self.preset = f"{recipe}_{cnn or 'vgg'}_msvd", folder / "preset"
        self.task = convert(name, output=self.preset, vocabulary=folder / "vocabulary.txt", **files)
        for file in files.values():
            file.unlink()

    def expected_logits(self, frames, words):
        """Caffe's after each word `(time,)` for the features of one video's frames."""
        if self.kind.startswith("s2vt"):
            return caffe_tasks.s2vt_logits(self.net, self.variant == "factored", frames, words)
        mean, words = frames.mean(axis=0, keepdims=True), np.asarray(words)[:, None]
        return caffe_tasks.word_logits(self.net, self.variant, words, mean)[:, 0]

    def logits(self, visual, words, task=None):
        ids = to_keras(words)[None]
        inputs = {"visual": visual, "token_ids": ids, "padding_mask": np.ones_like(ids)}
        return from_keras((task or self.task)(inputs))[0]

    def beams(self, frames, width=1, length=9):
        def logits_after(words):
            return self.expected_logits(frames, [0, *words])[-1]

        return caffe_tasks.beam_search(logits_after, width, length)
