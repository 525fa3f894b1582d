"""A semantic tuple, read as a sequence of words by an LSTM."""

import keras
import keras_hub
from keras import ops

from keras_lrcn.encoders.semantic_encoder import check_roles, split_roles
from keras_lrcn.layers import FactoredLSTM
from keras_lrcn.loading import CheckedPreset


@keras.saving.register_keras_serializable(package="keras_lrcn")
class SemanticSequenceEncoder(CheckedPreset, keras_hub.models.Backbone):
    """The encoder of Fig. 5 (a): the CRF's maximum, one word a step, ends as the decoder's start.

    The words come role after role, in one role the likeliest first. Roles that are unknown take
    no step. The final states of the encoder's stack are the first states of the decoder's; in
    the paper's picture both are one network that runs `T + T' - 1` steps.

    Args:
        sizes, are_multiple: see `SemanticEncoder`.
        max_words: int, words that are read of a role of several, at the most. Defaults to `8`.
        embedding_dim: int, width of the embedding of role words. Defaults to `1000`.
        units, num_layers: the stack, alike to the decoder's. Default to `1000` and `2`.
        dropout: float, rate on the embedding and after every layer. Defaults to `0.0`.

    Call arguments:
        probabilities: float tensor `(batch, sum(sizes))`, as `SemanticRoles` gives them.

    Returns:
        Dict of `state`, the list of `(batch, units)` tensors that starts the decoder.

    Example:
    ```python
    encoder = keras_lrcn.SemanticSequenceEncoder((2, 3), embedding_dim=4, units=8)
    encoder(np.array([[0.6, 0.4, 0.2, 0.5, 0.3]]))["state"]  # h, c of two layers
    ```

    Reference: Donahue et al. 2015, Sec. 6 and Fig. 5 (a).
    """

    def __init__(
        self,
        sizes,
        are_multiple=None,
        max_words=8,
        embedding_dim=1000,
        units=1000,
        num_layers=2,
        dropout=0.0,
        dtype=None,
        **kwargs,
    ):
        sizes, are_multiple = check_roles(sizes, are_multiple)

        # === Layers ===
        self.word_embedding = keras.layers.Embedding(
            sum(sizes),
            embedding_dim,
            embeddings_initializer=keras.initializers.RandomUniform(-0.08, 0.08),
            dtype=dtype,
            name="word_embedding",
        )
        self.embedding_dropout = keras.layers.Dropout(dropout, dtype=dtype)
        self.lstm_stack = FactoredLSTM(
            units, num_layers=num_layers, dropout=dropout, dtype=dtype, name="encoder_stack"
        )

        # === Functional model ===
        probabilities = keras.Input((sum(sizes),), name="probabilities")
        counts = [min(max_words, n) if s else 1 for n, s in zip(sizes, are_multiple, strict=True)]
        words, present = _read(split_roles(probabilities, sizes), sizes, are_multiple, counts)
        words = self.embedding_dropout(self.word_embedding(words))
        _, state = self.lstm_stack(words, mask=present, return_state=True)
        super().__init__(inputs=probabilities, outputs={"state": state}, dtype=dtype, **kwargs)

        # === Config ===
        self.sizes = sizes
        self.are_multiple = are_multiple
        self.max_words = max_words
        self.embedding_dim = embedding_dim
        self.units = units
        self.num_layers = num_layers
        self.dropout = dropout

    def get_config(self):
        config = super().get_config()
        config.update(
            sizes=self.sizes,
            are_multiple=self.are_multiple,
            max_words=self.max_words,
            embedding_dim=self.embedding_dim,
            units=self.units,
            num_layers=self.num_layers,
            dropout=self.dropout,
        )
        return config


def _read(parts, sizes, are_multiple, counts):
    """Word ids `(batch, steps)`, and which of the steps hold a word."""
    words, present, first = [], [], 0
    for part, size, several, count in zip(parts, sizes, are_multiple, counts, strict=True):
        likeliest, ids = ops.top_k(part, count)
        words.append(ops.cast(ids, "int32") + first)
        present.append(likeliest >= 0.5 if several else likeliest > 0)
        first += size
    return ops.concatenate(words, axis=-1), ops.concatenate(present, axis=-1)
