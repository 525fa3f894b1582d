"""(image, words so far) -> hidden states: the graph of the captioner."""

import copy

import keras
import keras_hub
from keras import ops

from keras_lrcn.layers import FactoredLSTM
from keras_lrcn.loading import CheckedPreset


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNCaptionerBackbone(CheckedPreset, keras_hub.models.Backbone):
    """Visual encoder, word embedding and LSTM stack.

    Args:
        vocabulary_size: int, words with the special ones.
        visual_encoder: `keras.Model` from one visual input to one vector, or `None`: the visual
            input is then the vector itself (cached features, CRF output).
        visual_dim: int, width of that vector; needed only without a `visual_encoder`.
        embedding_dim: int, width of the word embedding. Defaults to `1000`.
        units, num_layers, factored, visual_layer, cell: the stack, see
            `keras_lrcn.layers.FactoredLSTM`. Defaults are the authors' LRCN-2f.
        word_layer: int, the layer that the words join, the stack's `input_layer`. Defaults to `1`.
        dropout: float, rate on the embedding and after every layer of the stack. The authors
            use 0 for captions and 0.5 for the language model. Defaults to `0.0`.
        visual_dropout: float, rate on the visual vector. Defaults to `0.0`.

    Call arguments:
        inputs: dict of `visual` (`(batch, height, width, 3)` or `(batch, visual_dim)`),
            `token_ids` int `(batch, time)` and `padding_mask` `(batch, time)`. Words are
            padded on the right and each step sees only those before it, so the mask changes
            nothing but what training computes for padding.

    Returns:
        Float tensor `(batch, time, units)`.

    Raises:
        ValueError: if neither `visual_encoder` nor `visual_dim` is given.

    Example:
    ```python
    backbone = keras_lrcn.LRCNCaptionerBackbone(12, visual_dim=6, embedding_dim=8, units=8)
    ids = np.ones((2, 5), "int32")
    backbone({"visual": np.ones((2, 6)), "token_ids": ids, "padding_mask": ids})  # (2, 5, 8)
    ```

    Reference: Donahue et al. 2015, Sec. 5 and Fig. 4; widths from the authors' `lrcn.prototxt`.
    """

    def __init__(
        self,
        vocabulary_size,
        visual_encoder=None,
        visual_dim=None,
        embedding_dim=1000,
        units=1000,
        num_layers=2,
        factored=True,
        visual_layer=None,
        cell="lstm",
        dropout=0.0,
        visual_dropout=0.0,
        word_layer=1,
        dtype=None,
        **kwargs,
    ):
        if visual_encoder is None and visual_dim is None:
            raise ValueError(
                "Give a `visual_encoder`, or the width of the visual vector as `visual_dim`."
            )

        # === Layers ===
        self.visual_encoder = visual_encoder
        self.token_embedding = keras.layers.Embedding(
            vocabulary_size,
            embedding_dim,
            embeddings_initializer=keras.initializers.RandomUniform(-0.08, 0.08),
            dtype=dtype,
            name="token_embedding",
        )
        self.embedding_dropout = keras.layers.Dropout(dropout, dtype=dtype)
        self.visual_dropout_layer = keras.layers.Dropout(visual_dropout, dtype=dtype)
        self.lstm_stack = FactoredLSTM(
            units,
            num_layers=num_layers,
            factored=factored,
            visual_layer=visual_layer,
            cell=cell,
            dropout=dropout,
            input_layer=word_layer,
            dtype=dtype,
            name="lstm_stack",
        )

        # === Functional model ===
        visual_shape = (visual_dim,) if visual_encoder is None else visual_encoder.input.shape[1:]
        inputs = {
            "visual": keras.Input(visual_shape, name="visual"),
            "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
            "padding_mask": keras.Input((None,), dtype="int32", name="padding_mask"),
        }
        features = inputs["visual"]
        if visual_encoder is not None:
            features = visual_encoder(features)
        outputs = self.describe(features, inputs["token_ids"], inputs["padding_mask"])
        super().__init__(inputs=inputs, outputs=outputs, dtype=dtype, **kwargs)

        # === Config ===
        self.vocabulary_size = vocabulary_size
        self.visual_dim = getattr(features, "shape", (None,))[-1]  # None: no single vector
        self.embedding_dim = embedding_dim
        self.units = units
        self.num_layers = num_layers
        self.factored = factored
        self.visual_layer = self.lstm_stack.visual_layer
        self.cell = cell
        self.dropout = dropout
        self.visual_dropout = visual_dropout
        self.word_layer = word_layer

    def describe(self, features, token_ids, padding_mask=None):
        """Runs what lies behind the visual encoder.

        Args:
            features: float tensor `(batch, visual_dim)`.
            token_ids: int tensor `(batch, time)`.
            padding_mask: `(batch, time)`, or `None` for no padding.

        Returns:
            Float tensor `(batch, time, units)`.
        """
        words = self.embedding_dropout(self.token_embedding(token_ids))
        features = self.visual_dropout_layer(features)
        return self.lstm_stack(words, visual=features, padding_mask=padding_mask)

    def start(self, features, batch_size):
        """Starts sentences: what decoding carries from word to word.

        Args:
            features: what the visual encoder gives.
            batch_size: int, sentences.

        Returns:
            Dict of tensors, a row for each sentence: `state`, a list, changes with every word,
            the others do not.
        """
        return {
            "visual": self.lstm_stack.project_visual(features),
            "state": self.lstm_stack.initial_state(batch_size),
        }

    def step_weights(self, table=False):
        """Returns what `step` multiplies with, once for many steps.

        Args:
            table: bool, whether to multiply all words with their kernel, so that a step only
                looks them up. Only where no image joins the layer that words do. Defaults to
                `False`.

        Returns:
            Dict of `kernels`, a list, and with a table `word_gates` `(vocabulary, gates)`.
        """
        stack = self.lstm_stack
        if not table or stack.input_layer > 1 or stack.visual_layer == 1:
            return {"kernels": stack.step_kernels()}
        words = self.token_embedding(ops.arange(self.vocabulary_size))
        gates = stack.project_inputs(0, words)
        return {"kernels": stack.step_kernels(with_inputs=False), "word_gates": gates}

    def step(self, token_ids, cache, weights=None):
        """Reads one word of each sentence, for decoding.

        Args:
            token_ids: int tensor `(batch,)`.
            cache: what `start` or an earlier `step` returned.
            weights: what `step_weights` returned, once for many steps.

        Returns:
            `(hidden, cache)`: float tensor `(batch, units)`, and the new dict.
        """
        weights = weights or self.step_weights()
        if "word_gates" in weights:
            words, gates = None, ops.take(weights["word_gates"], token_ids, axis=0)
        else:
            words, gates = self.token_embedding(token_ids), None
        hidden, state = self.lstm_stack.step(
            words, cache["state"], cache.get("visual"), weights["kernels"], gates
        )
        return hidden, {**cache, "state": state}

    def get_config(self):
        config = super().get_config()
        config.update(
            vocabulary_size=self.vocabulary_size,
            visual_encoder=self.visual_encoder and keras.layers.serialize(self.visual_encoder),
            visual_dim=self.visual_dim,
            embedding_dim=self.embedding_dim,
            units=self.units,
            num_layers=self.num_layers,
            factored=self.factored,
            visual_layer=self.visual_layer,
            cell=self.cell,
            dropout=self.dropout,
            visual_dropout=self.visual_dropout,
            word_layer=self.word_layer,
        )
        return config

    @classmethod
    def from_config(cls, config):
        config = copy.deepcopy(config)  # Keras empties what it deserializes
        if isinstance(config.get("visual_encoder"), dict):
            config["visual_encoder"] = keras.layers.deserialize(config["visual_encoder"])
        return super().from_config(config)
