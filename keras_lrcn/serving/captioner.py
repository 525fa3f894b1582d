"""An exported captioner: a photo in, a sentence out."""

import numpy as np

from keras_lrcn.serving.caption import Caption
from keras_lrcn.serving.folder import VOCABULARY, read_folder
from keras_lrcn.serving.graphs import open_graph
from keras_lrcn.serving.images import ImagePreprocessor
from keras_lrcn.serving.samplers import NEVER, BeamSearch, BestOfN, CaptionSampler, Sample

PAD, START, END, UNKNOWN = range(4)  # every vocabulary begins with these
SAMPLERS = {kind.__name__: kind for kind in (BeamSearch, BestOfN, Sample)}
NAMED_SAMPLERS = {
    "greedy": BeamSearch(num_beams=1),
    "beam": BeamSearch(),
    "best_of_n": BestOfN(),
    "sample": Sample(),
}


def load(folder, num_threads=None):
    """Loads what `captioner.export(folder, format="onnx")` wrote.

    Args:
        folder: path of the folder.
        num_threads: int, threads of ONNX Runtime; `None` is as many as there are cores.

    Returns:
        `ServedCaptioner`.

    Raises:
        ServingError: for another folder, a changed or missing file, or a later version.
        ImportError: without ONNX Runtime.

    Example:
    ```python
    served = keras_lrcn.serving.load("captioner_int8")
    served.generate("photo.jpg")  # "A dog runs through the grass."
    ```
    """
    files, settings = read_folder(folder)
    graphs = {
        name.removesuffix(".onnx"): open_graph(data, num_threads)
        for name, data in files.items()
        if name.endswith(".onnx")
    }
    words = files[VOCABULARY].decode("utf-8").removesuffix("\n").split("\n")
    return ServedCaptioner(graphs, words, settings)


class ServedCaptioner:
    """Describes photos as the `LRCNCaptioner` that it was exported from; made by `load`.

    Args:
        graphs: dict of functions from arrays to a list of arrays: `encoder` (pixels to features),
            where there is one, `start` (features to gates) and `step` (words, gates and states to
            log-probabilities and states).
        vocabulary: list of str.
        settings: dict of `image_size`, `sequence_length`, `sampler`, `states` and `units`.
    """

    def __init__(self, graphs, vocabulary, settings):
        self.graphs, self.vocabulary, self.settings = graphs, vocabulary, settings
        self.preprocessor = ImagePreprocessor(settings["image_size"])
        self.sampler = self._find_sampler(settings["sampler"])

    def generate(
        self,
        images,
        sampler=None,
        num_captions=1,
        max_length=None,
        seed=None,
        return_details=False,
    ):
        """Describes photos.

        Args:
            images: one photo or a list: paths, or uint8 arrays `(height, width, 3)` of any size;
                or features, `{"features": array (batch, features)}`.
            sampler: `"greedy"`, `"beam"`, `"sample"`, `"best_of_n"`, or a sampler of
                `keras_lrcn.serving` or `keras_lrcn.samplers`. Defaults to the one that the
                captioner was exported with.
            num_captions, max_length, seed, return_details: as for `LRCNCaptioner.generate`.

        Returns:
            As `LRCNCaptioner.generate`: a str, a list of str, or lists of str or `Caption`.

        Raises:
            ValueError: for an image that cannot be read, by name, or an unknown sampler.
        """
        sampler = self._find_sampler(sampler or self.sampler, num_captions)
        if isinstance(images, dict):
            rows, single, encode = list(images["features"]), False, np.asarray
        else:
            (rows, single), encode = self.preprocessor.as_list(images), self.features
        captions = []
        for first in range(0, len(rows), self.preprocessor.most_at_once):
            features = encode(rows[first : first + self.preprocessor.most_at_once])
            captions += self._describe(features, sampler, max_length, seed)
        if not return_details:
            captions = [[c.text for c in image] for image in captions]
            captions = [image[0] if num_captions == 1 else image for image in captions]
        return captions[0] if single else captions

    def features(self, images):
        """Runs the CNN alone.

        Args:
            images: list of photos as for `generate`.

        Returns:
            float32 array `(images, features)`.
        """
        visual = self.preprocessor.load(images)
        return self.graphs["encoder"](visual)[0] if "encoder" in self.graphs else visual

    def _describe(self, features, sampler, max_length, seed):
        batch, units = len(features), self.settings["units"]
        names = self.settings["states"]
        [gates] = self.graphs["start"](np.asarray(features, "float32"))
        cache = {name: np.zeros((batch, units), "float32") for name in names}

        def next(words, cache):
            states = [cache[name] for name in names]
            scores, *states = self.graphs["step"](words, cache["gates"], *states)
            return scores, {"gates": cache["gates"], **dict(zip(names, states, strict=True))}

        prompt = np.full((batch, (max_length or self.settings["sequence_length"]) + 1), PAD)
        prompt[:, 0] = START
        seed = getattr(sampler, "seed", None) if seed is None else seed
        forbidden = (PAD, START, *self._ids(sampler.forbidden_words))
        cache["gates"] = gates
        found = sampler(next, prompt, cache, END, forbidden, seed)
        return [
            [self._caption(*row) for row in zip(*image, strict=True) if row[1].sum() > NEVER / 2]
            for image in zip(*found, strict=True)
        ]

    def _caption(self, token_ids, word_scores):
        token_ids = token_ids[1:].tolist()
        finished = END in token_ids
        length = token_ids.index(END) + 1 if finished else len(token_ids)
        scores = tuple(word_scores[1 : length + 1].tolist())
        words = tuple(self.vocabulary[i] for i in token_ids[:length])
        said = [word for word in words if word not in self.vocabulary[PAD:UNKNOWN]]
        text = " ".join(said).replace(" 's", "'s")
        text = text[:1].upper() + text[1:] + ("." if finished else "...")
        return Caption(text, float(np.sum(scores)), words, scores, finished)

    def _ids(self, words):
        known = {word: i for i, word in enumerate(self.vocabulary)}
        if unknown := [w for w in words if isinstance(w, str) and w not in known]:
            raise ValueError(f"`forbidden_words` are not in the vocabulary: {unknown}.")
        return [known[word] if isinstance(word, str) else word for word in words]

    def _find_sampler(self, sampler, num_captions=1):
        """A sampler from its name, its Keras twin or what `to_settings` made of that."""
        if isinstance(sampler, str):
            if sampler not in NAMED_SAMPLERS:
                raise ValueError(
                    f"`sampler` must be one of {sorted(NAMED_SAMPLERS)}. Received: {sampler!r}."
                )
            sampler = NAMED_SAMPLERS[sampler]
        if not isinstance(sampler, CaptionSampler):
            settings = sampler if isinstance(sampler, dict) else to_settings(sampler)
            sampler = from_settings(settings)
        if num_captions == 1:
            return sampler
        config = {**vars(sampler), "num_captions": num_captions}
        if isinstance(sampler, BeamSearch):
            config["num_beams"] = max(num_captions, sampler.num_beams)
        return type(sampler)(**config)


def to_settings(sampler):
    """The class name and configuration of a sampler of `keras_lrcn.samplers`, without Keras.

    Raises:
        ValueError: for a sampler that has no twin here.
    """
    name = {"GreedySampler": "BeamSearch"}.get(type(sampler).__name__, type(sampler).__name__)
    if name not in SAMPLERS:
        raise ValueError(
            f"An exported captioner cannot decode with {name}. It knows {sorted(NAMED_SAMPLERS)}: "
            'compile it with one of them first, as `captioner.compile(sampler="beam")`.'
        )
    if name != type(sampler).__name__:
        return {"class_name": name, "num_beams": 1}
    config = sampler.get_config()
    if isinstance(config.get("forbidden_words"), tuple):
        config["forbidden_words"] = list(config["forbidden_words"])
    return {"class_name": name, **config}


def from_settings(settings):
    """Makes the sampler that `to_settings` described."""
    settings = dict(settings)
    kind = SAMPLERS[settings.pop("class_name")]
    fields = kind.__dataclass_fields__
    if unknown := sorted(set(settings) - set(fields) - _never_read(kind)):
        raise ValueError(f"{kind.__name__} of an exported captioner has no option {unknown}.")
    settings = {name: value for name, value in settings.items() if name in fields}
    return kind(**{**settings, "forbidden_words": tuple(settings.get("forbidden_words", ()))})


def _never_read(kind):
    return {"temperature"} if kind is BeamSearch else set()
