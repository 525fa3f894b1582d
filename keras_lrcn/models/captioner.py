"""A photo -> a sentence."""

import keras
import keras_hub
import numpy as np
from keras import ops

from keras_lrcn.layers.products import lay_out, multiply
from keras_lrcn.layers.real_positions import PickPositions, PlacePositions
from keras_lrcn.models.caption_loss import CaptionLoss
from keras_lrcn.models.captioner_backbone import LRCNCaptionerBackbone
from keras_lrcn.models.captioner_preprocessor import LRCNCaptionerPreprocessor
from keras_lrcn.models.decoding_weights import DecodingWeights
from keras_lrcn.models.preset_task import PresetTask
from keras_lrcn.samplers import NEVER, BeamSearch, BestOfN, CaptionSampler, Sample
from keras_lrcn.serving import Caption
from keras_lrcn.serving.export import export_captioner

BATCH_SIZES = (1, 4, 16, 64)  # a compiled loop is made for these only
NAMED_SAMPLERS = {"beam": BeamSearch, "best_of_n": BestOfN, "sample": Sample}


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNCaptioner(PresetTask, keras_hub.models.CausalLM):
    """LRCN for still images: describes a photo in a sentence.

    Args:
        backbone: `keras_lrcn.LRCNCaptionerBackbone`.
        preprocessor: `keras_lrcn.LRCNCaptionerPreprocessor`, or `None` to feed tensors.
        sampler: default sampler of `generate`: `"greedy"`, `"beam"`, `"sample"`,
            `"best_of_n"`, any KerasHub sampler or name. Saved in the preset. Defaults to
            `"beam"` with five beams.

    Example:
    ```python
    captioner = keras_lrcn.LRCNCaptioner.from_preset("lrcn2f_efficientnet_lite0_flickr8k")
    captioner.generate("photo.jpg")                      # "A dog runs through the grass."
    captioner.score(["photo.jpg"], ["A dog is running"])   # log-probability in nats
    captioner.fit(keras_lrcn.data.captioned_images(examples, (224, 224), training=True))
    captioner.save_to_preset("my_captioner")
    ```

    Reference: Donahue et al. 2015, Sec. 5.
    """

    backbone_cls = LRCNCaptionerBackbone
    preprocessor_cls = LRCNCaptionerPreprocessor

    def __init__(self, backbone, preprocessor=None, sampler="beam", **kwargs):
        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.predict_words = keras.layers.Dense(
            backbone.vocabulary_size,
            kernel_initializer=keras.initializers.RandomUniform(-0.08, 0.08),
            dtype=backbone.dtype_policy,
            name="predict",
        )

        # === Functional model ===
        inputs = backbone.input
        outputs = self._predict_real_words(backbone(inputs), inputs["padding_mask"])
        # === Config ===
        self._default_sampler = sampler
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

    def compile(
        self,
        optimizer="auto",
        loss="auto",
        *,
        weighted_metrics="auto",
        sampler=None,
        jit_compile="auto",
        **kwargs,
    ):
        """Configures training and generation, see `keras_hub.models.CausalLM.compile`.

        Args:
            loss: `"auto"` is `CaptionLoss()`, the mean over real words.
            sampler: default sampler of `generate`; `None` keeps the present one.
            jit_compile: `"auto"` compiles on JAX only: XLA on a CPU is many times slower than
                TensorFlow's graph for depthwise convolutions.
        """
        if jit_compile == "auto":
            jit_compile = keras.backend.backend() == "jax"
        self._samplers_by_name = {}
        super().compile(
            optimizer=keras.optimizers.Adam(1e-4) if optimizer == "auto" else optimizer,
            loss=CaptionLoss() if loss == "auto" else loss,
            weighted_metrics=weighted_metrics,
            sampler=self._find_sampler(sampler or self._default_sampler),
            jit_compile=jit_compile,
            **kwargs,
        )
        self._default_sampler = sampler or self._default_sampler
        self._generate_functions, self._has_generated = {}, False

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
            images: one photo or a list: paths, or uint8 arrays `(height, width, 3)` of any
                size; a uint8 array `(batch, height, width, 3)`; a `tf.data.Dataset` of batches;
                or cached features, `{"features": array (batch, pooled_dim)}`.
            sampler: as for the constructor; `None` is the compiled one.
            num_captions: int, captions per image, best first. Defaults to `1`.
            max_length: int, words at the most, `<eos>` included. Defaults to the
                preprocessor's `sequence_length`.
            seed: int for samplers that draw; the same seed gives the same captions.
            return_details: bool, whether to return `Caption` tuples with log-probabilities.

        Returns:
            A str for one image, a list of str for several; with `num_captions` above 1 or
            `return_details` a list (of str or of `Caption`) in place of each str.

        Raises:
            ValueError: for an image that cannot be read, by name, or an unknown sampler.
        """
        if self.preprocessor is None:
            raise ValueError(
                "`generate` needs a preprocessor. Set `captioner.preprocessor`, or call "
                "`captioner.make_generate_function()` on tensors."
            )
        sampler = self._find_sampler(sampler or self.sampler, num_captions, seed)
        if isinstance(images, dict) and "features" in images:
            images, single, load = list(images["features"]), False, np.asarray
        else:
            (images, single), load = self.preprocessor.as_list(images), self.preprocessor.load
        captions, weights = [], self._kept_weights(len(images))
        for rows in self._batches(len(images)):
            visual = load(images[rows])
            captions += self._generate_batch(visual, sampler, max_length, return_details, weights)
        if not return_details:
            captions = [[c.text for c in image] for image in captions]
            captions = [image[0] if num_captions == 1 else image for image in captions]
        return captions[0] if single else captions

    def score(self, images, captions, per_word=False):
        """Returns how likely given captions are for given photos.

        Args:
            images: as for `generate`, one for each caption.
            captions: one sentence, or a list of them.
            per_word: bool, whether to return the terms of the sums.

        Returns:
            Float64 array `(captions,)`: sum of the log-probabilities (nats) of all words and
            `<eos>`; with `per_word` a list of arrays, the last entry being `<eos>`. Sentences
            are not cut; words out of the vocabulary are scored as `<unk>`.

        Raises:
            ValueError: if there are not as many images as captions.

        Reference: the authors' `score_caption` leaves `<eos>` out; drop the last entry of
        `per_word` for that.
        """
        images, _ = self.preprocessor.as_list(images)
        captions = [captions] if isinstance(captions, str) else list(captions)
        if len(images) != len(captions):
            raise ValueError(
                f"Give one image per caption. Received: {len(images)} images, "
                f"{len(captions)} captions."
            )
        scores = []
        for rows in self._batches(len(images)):
            visual = self.preprocessor.load(images[rows])
            scores += self._word_scores(visual, self.preprocessor.tokenizer(captions[rows]))
        return scores if per_word else np.array([s.sum() for s in scores])

    def on_features(self):
        """Returns the network behind the CNN, sharing every weight.

        Returns:
            `keras.Model` with the inputs of this task, but `visual` being the pooled features
            `(batch, pooled_dim)`, of videos `(batch, time, pooled_dim)`: train it on cached
            features while the CNN is frozen.
        """
        inputs = {
            "visual": keras.Input(self._feature_shape(), name="visual"),
            "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
            "padding_mask": keras.Input((None,), dtype="int32", name="padding_mask"),
        }
        visual = self.encode(inputs["visual"])
        hidden = self.backbone.describe(visual, inputs["token_ids"], inputs["padding_mask"])
        outputs = self._predict_real_words(hidden, inputs["padding_mask"])
        return keras.Model(inputs, outputs, name="captioner_on_features")

    def export(self, filepath, format="tf_saved_model", quantize=None, **kwargs):
        """Exports for serving, see `keras.Model.export`; `format="onnx"` is the whole captioner.

        That is a folder for `keras_lrcn.serving.load`: the graphs of the CNN and of one decoding
        step for ONNX Runtime, the words, how images are prepared, the sampler, and digests.

        Args:
            filepath: path of the folder, or what another format writes.
            format: `"onnx"`, or what Keras writes. Defaults to Keras' `"tf_saved_model"`.
            quantize: `"int8"` for weights of 8 bits (the CNN computes in float), or `None`.
                For `"onnx"` only.
            **kwargs: of `keras.Model.export`, for the other formats.

        Raises:
            ValueError: for a model that cannot be exported, or a folder that holds other things.
            ImportError: without the packages that this takes.

        Example:
        ```python
        captioner.export("captioner_int8", format="onnx", quantize="int8")
        keras_lrcn.serving.load("captioner_int8").generate("photo.jpg")
        ```
        """
        if format != "onnx":
            if quantize is not None:
                raise ValueError(f'`quantize` is for format="onnx". Received: format={format!r}.')
            return super().export(filepath, format=format, **kwargs)
        if kwargs.pop("verbose", None) or kwargs:
            raise ValueError(f'format="onnx" takes no {sorted(kwargs) or "verbose"}.')
        export_captioner(self, filepath, quantize)

    def sample_ids(self, features, num_samples, seed, max_length=None):
        """Draws captions of every photo, each photo with draws of its own.

        Args:
            features: float array `(batch, width)`, as `on_features` takes them.
            num_samples: int, captions per photo.
            seed: int; the same seed draws the same captions.
            max_length: as for `generate`.

        Returns:
            int32 array `(batch, num_samples, length + 1)`, `<bos>` first.
        """
        sampler = self._find_sampler(Sample(num_captions=num_samples))
        inputs = self.preprocessor.start_captions(np.asarray(features), max_length)
        shape = (inputs["token_ids"].shape[1], len(features) * num_samples)
        inputs["draws"] = np.random.default_rng(seed).random(shape, "float32")
        end = (self.preprocessor.tokenizer.end_token_id,)
        outputs = self._generate_function_for(sampler)(inputs, stop_token_ids=end)
        return ops.convert_to_numpy(outputs["token_ids"])

    def generate_step(self, inputs, stop_token_ids=None):
        """Generates for one batch of tensors; called through `make_generate_function`."""
        backbone = self.backbone
        visual = self.encode(ops.cast(inputs["visual"], backbone.compute_dtype))
        token_ids = inputs["token_ids"]
        batch = ops.shape(token_ids)[0]
        fixed = dict(backbone.start(visual, batch))
        cache = {"state": fixed.pop("state"), "image": ops.arange(batch)}
        weights = dict(inputs.get("weights") or backbone.step_weights())
        vocabulary = weights.pop("vocabulary", None)

        def next(prompt, cache, index):  # `index`: where the next word goes, one or one a row
            index = ops.broadcast_to(index, ops.shape(prompt)[:1])[:, None]
            words = ops.take_along_axis(prompt, index - 1, axis=1)[:, 0]
            seen = {k: ops.take(x, cache["image"], axis=0) for k, x in fixed.items()}
            hidden, new = backbone.step(words, {**seen, "state": cache["state"]}, weights)
            if vocabulary is None:
                logits = self.predict_words(hidden)
            else:
                logits = multiply(hidden, vocabulary)
                logits = logits + ops.cast(self.predict_words.bias, logits.dtype)
            return logits, hidden, {**cache, "state": new["state"]}

        draws = {"draws": inputs["draws"]} if "draws" in inputs else {}
        outputs = self.sampler(
            next=next,
            prompt=token_ids,
            cache=cache,
            index=1,
            mask=inputs["padding_mask"],
            stop_token_ids=stop_token_ids,
            model=self,
            **draws,
        )
        return outputs if isinstance(outputs, dict) else {"token_ids": outputs}

    def decoding_weights(self):
        """Returns what `generate_step` multiplies with, for many calls: its `inputs["weights"]`.

        They are to be made anew when a weight has changed, as `generate` does by itself.

        Returns:
            Dict: that of `backbone.step_weights`, on torch with kernels as its library reads them,
            and then with the `vocabulary`'s, too.
        """
        weights = self.backbone.step_weights(table=True)
        weights["kernels"] = [lay_out(kernel) for kernel in weights["kernels"]]
        if keras.backend.backend() == "torch" and self.predict_words.quantization_mode is None:
            kernel = ops.cast(self.predict_words.kernel, self.predict_words.compute_dtype)
            weights["vocabulary"] = lay_out(kernel)
        return weights

    def _kept_weights(self, num_images):
        """A first few captions take less time than these would save, unless JAX compiles."""
        first = not self._has_generated and keras.backend.backend() != "jax"
        if first and num_images <= 4:
            return {}
        return self.kept("decoding weights", lambda: DecodingWeights(self)).get()

    def _predict_real_words(self, hidden, padding_mask):
        """Logits; in training, of padding only zeros, as no loss counts them."""
        logits = self.predict_words(PickPositions(name="pick")(hidden, padding_mask))
        return PlacePositions(name="place")(logits, padding_mask)

    def _feature_shape(self):
        """Of pooled features; of an encoder without CNN, what it takes."""
        encoder = self.backbone.visual_encoder
        shape = () if encoder is None else encoder.input.shape[1:]
        if 0 < len(shape) < 3:
            return shape
        return (*shape[:-3], getattr(encoder, "pooled_dim", self.backbone.visual_dim))

    def encode(self, visual):
        """Turns visual inputs into what the LSTM stack is given.

        Args:
            visual: inputs in the model's range as `preprocessor.load` returns them, or pooled
                features `(batch, pooled_dim)`, which pass the CNN by.

        Returns:
            Float tensor `(batch, visual_dim)`; of a describer also a dict, see its backbone.
        """
        encoder = self.backbone.visual_encoder
        if encoder is None:
            return visual
        if len(visual.shape) == len(encoder.input.shape) - 2:
            return encoder.project(visual) if hasattr(encoder, "project") else visual
        return encoder(visual)

    def _find_sampler(self, sampler, num_captions=1, seed=None):
        if isinstance(sampler, str):
            sampler = self._sampler_named(sampler)
        sampler = keras_hub.samplers.get(sampler)
        if not isinstance(sampler, CaptionSampler):
            if num_captions > 1:
                raise ValueError(
                    f"{type(sampler).__name__} returns one caption per image. For "
                    f"num_captions={num_captions} take one of {sorted(NAMED_SAMPLERS)}."
                )
            return sampler
        config = sampler.get_config()
        changes = {"num_captions": num_captions} if num_captions > 1 else {}
        if isinstance(sampler, BeamSearch):
            changes["num_beams"] = max(num_captions, sampler.num_beams)
        elif seed is not None:
            changes["seed"] = seed
        return type(sampler).from_config({**config, **changes})

    def _sampler_named(self, name):
        """Always the same: TensorFlow never frees the random state of a KerasHub sampler."""
        if name not in self._samplers_by_name:
            ours = NAMED_SAMPLERS.get(name)
            self._samplers_by_name[name] = ours() if ours else keras_hub.samplers.get(name)
        return self._samplers_by_name[name]

    def _batches(self, count):
        """Slices of at most as many inputs as are loaded and described at once."""
        size = max(s for s in BATCH_SIZES if s <= self.preprocessor.most_at_once)
        return [slice(start, start + size) for start in range(0, count, size)]

    def _generate_batch(self, visual, sampler, max_length, with_scores, weights):
        tokenizer = self.preprocessor.tokenizer
        inputs = self.preprocessor.start_captions(visual, max_length)
        size = next(s for s in BATCH_SIZES if s >= len(visual))
        padded = {
            k: np.concatenate([v, np.repeat(v[-1:], size - len(v), 0)]) for k, v in inputs.items()
        }
        padded["padding_mask"][len(visual) :] = 0  # our samplers need not describe these
        if getattr(sampler, "needs_draws", False):
            shape = (inputs["token_ids"].shape[1], sampler.rows_per_image)
            padded["draws"] = np.random.default_rng(sampler.seed).random(shape, "float32")
        if weights:
            padded["weights"] = weights
        function = self._generate_function_for(sampler, once=self._is_first(size))
        outputs = function(padded, stop_token_ids=(tokenizer.end_token_id,))
        token_ids = ops.convert_to_numpy(outputs["token_ids"])[: len(visual)]
        token_ids = token_ids.reshape(len(visual), -1, token_ids.shape[-1])
        if "word_scores" in outputs:
            word_scores = ops.convert_to_numpy(outputs["word_scores"])[: len(visual)]
        elif with_scores:
            word_scores = self._scores_of_ids(inputs["visual"], token_ids)
        else:
            word_scores = np.zeros(token_ids.shape)
        return [
            [self._caption(*row) for row in zip(*image, strict=True) if row[1].sum() > NEVER / 2]
            for image in zip(token_ids, word_scores, strict=True)
        ]

    def _generate_function_for(self, sampler, once=False):
        """The loop of a sampler, compiled unless `once`, and kept by configuration."""
        if isinstance(sampler, CaptionSampler):
            sampler.prepare(self.preprocessor.tokenizer)
        config = {k: v for k, v in sampler.get_config().items() if k != "seed"}
        key = (type(sampler).__name__, repr(sorted(config.items())))
        function, sampler = self._generate_functions.get(key, (None, sampler))
        if function is None:
            function = self.generate_step if once else self._compiled_generate(sampler)
            self._generate_functions[key] = (None if once else function, sampler)

        def run(inputs, stop_token_ids):
            previous, self.sampler = self.sampler, sampler
            try:
                return function(inputs, stop_token_ids=stop_token_ids)
            finally:
                self.sampler = previous

        return run

    def _is_first(self, size):
        """Whether to run eagerly: TensorFlow compiles longer than a first few captions take."""
        first, self._has_generated = not self._has_generated, True
        return first and size <= 4 and keras.backend.backend() == "tensorflow"

    def _compiled_generate(self, sampler):
        previous, self.sampler, self.generate_function = self.sampler, sampler, None
        try:
            return self.make_generate_function()
        finally:
            self.sampler, self.generate_function = previous, None

    def _caption(self, token_ids, word_scores):
        token_ids = token_ids.tolist()[1:]
        end = self.preprocessor.tokenizer.end_token_id
        finished = end in token_ids
        length = token_ids.index(end) + 1 if finished else len(token_ids)
        scores = tuple(float(s) for s in word_scores[1 : length + 1])
        words = [self.preprocessor.tokenizer.id_to_token(i) for i in token_ids[:length]]
        text = self.preprocessor.sentence(token_ids[:length])
        return Caption(text, float(np.sum(scores)), tuple(words), scores, finished)

    def _scores_of_ids(self, visual, token_ids):
        rows = [row[0].tolist()[1:] for row in token_ids]
        end = self.preprocessor.tokenizer.end_token_id
        rows = [row[: row.index(end)] if end in row else row for row in rows]
        scores = np.zeros(token_ids.shape, "float32")
        for target, values in zip(scores, self._word_scores(visual, rows), strict=True):
            target[0, 1 : len(values) + 1] = values[: target.shape[1] - 1]
        return scores

    def _word_scores(self, visual, rows):
        """Log-probability of each word and of `<eos>`, teacher forced, in float64."""
        tokenizer = self.preprocessor.tokenizer
        length = max(len(row) for row in rows) + 1
        ids = np.full((len(rows), length + 1), tokenizer.pad_token_id, "int32")
        for target, row in zip(ids, rows, strict=True):
            target[: len(row) + 2] = [tokenizer.start_token_id, *row, tokenizer.end_token_id]
        inputs = {"visual": visual, "token_ids": ids[:, :-1]}
        inputs["padding_mask"] = (inputs["token_ids"] != tokenizer.pad_token_id).astype("int32")
        model = self if visual.ndim == len(self.input["visual"].shape) else self.on_features()
        logits = keras.Model.predict_on_batch(model, inputs).astype("float64")
        peak = logits.max(-1, keepdims=True)
        logits -= peak + np.log(np.exp(logits - peak).sum(-1, keepdims=True))
        scores = np.take_along_axis(logits, ids[:, 1:, None], axis=-1)[..., 0]
        return [s[: len(row) + 1] for s, row in zip(scores, rows, strict=True)]

    def get_config(self):
        config = super().get_config()
        sampler = self._default_sampler
        if isinstance(sampler, keras_hub.samplers.Sampler):
            sampler = keras.saving.serialize_keras_object(sampler)
        return {**config, "sampler": sampler}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        if isinstance(config.get("sampler"), dict):
            config["sampler"] = keras.saving.deserialize_keras_object(config["sampler"])
        return super().from_config(config)
