"""(video or semantic tuple, words so far) -> hidden states: the graph of the describer."""

import keras
from keras import ops

from keras_lrcn.models.captioner_backbone import LRCNCaptionerBackbone


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNVideoDescriberBackbone(LRCNCaptionerBackbone):
    """Visual encoder, word embedding and LSTM stack, unfactored as in Sec. 6.

    The visual encoder gives the stack either a vector that it sees at every step
    (`SemanticEncoder`, `MeanPoolEncoder`), or a dict of

    - `state`: the stack's first states (`SemanticSequenceEncoder`, `S2VTEncoder`), and
    - `memory` `(batch, time, units)` with its `mask` `(batch, time)`, which every step of the
      sentence looks back at: its attention, by the product with the hidden state, averages the
      memory, and this mean is appended to the hidden state.

    Args:
        vocabulary_size: int, words with the special ones.
        visual_encoder: one of these encoders, or any `keras.Model` like them.
        visual_dim: int, width of the visual vector; needed only without a `visual_encoder`.
        embedding_dim: int, width of the word embedding. Defaults to `1000`.
        factored: bool, as in `LRCNCaptionerBackbone`, but by default `False`.
        units, num_layers, visual_layer, cell, dropout, visual_dropout, word_layer: see
            `LRCNCaptionerBackbone`.

    Call arguments:
        inputs: dict of `visual` (what the encoder takes), `token_ids` int `(batch, time)` and
            `padding_mask` `(batch, time)`.

    Returns:
        Float tensor `(batch, time, units)`, of twice the width with attention.

    Raises:
        ValueError: if the encoder's states do not fit the stack.

    Example:
    ```python
    encoder = keras_lrcn.SemanticEncoder((2, 3))
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(12, encoder, embedding_dim=8, units=8)
    ids = np.ones((2, 5), "int32")
    backbone({"visual": np.ones((2, 5)), "token_ids": ids, "padding_mask": ids})  # (2, 5, 8)
    ```

    Reference: Donahue et al. 2015, Sec. 6; Venugopalan et al. 2015; attention by the dot product
    of Luong et al. 2015.
    """

    def __init__(self, vocabulary_size, visual_encoder=None, factored=False, **kwargs):
        super().__init__(vocabulary_size, visual_encoder, factored=factored, **kwargs)

    def describe(self, features, token_ids, padding_mask=None):
        if not isinstance(features, dict):
            return super().describe(features, token_ids, padding_mask)
        self._check_state(features["state"])
        words = self.embedding_dropout(self.token_embedding(token_ids))
        hidden = self.lstm_stack(words, initial_state=features["state"], padding_mask=padding_mask)
        if "memory" not in features:
            return hidden
        return attend(hidden, features["memory"], features["mask"])

    def start(self, features, batch_size):
        return features if isinstance(features, dict) else super().start(features, batch_size)

    def step(self, token_ids, cache, weights=None):
        hidden, cache = super().step(token_ids, cache, weights)
        if "memory" in cache:
            hidden = attend(hidden[:, None], cache["memory"], cache["mask"])[:, 0]
        return hidden, cache

    def _check_state(self, state):
        stack = self.lstm_stack
        wanted = [stack.units] * (stack.num_layers * stack.states_per_layer)
        widths = [tensor.shape[-1] for tensor in state]
        if widths != wanted:
            raise ValueError(
                "The states of `visual_encoder` start the stack, so they must be as many and as "
                f"wide as its own: {wanted}. Received: {widths}. Give both the same `units` and "
                "`num_layers`."
            )


def attend(hidden, memory, mask):
    """Appends to each hidden state the mean of the memory that is like it.

    Args:
        hidden: float tensor `(batch, steps, units)`.
        memory: float tensor `(batch, time, units)`.
        mask: bool tensor `(batch, time)`, false where there is no memory.

    Returns:
        Float tensor `(batch, steps, 2 * units)`.
    """
    scores = ops.matmul(hidden, ops.swapaxes(memory, 1, 2))
    scores = ops.where(mask[:, None, :], scores, ops.full_like(scores, -1e4))
    mean = ops.matmul(ops.softmax(scores, axis=-1), memory)
    return ops.concatenate([hidden, mean], axis=-1)
