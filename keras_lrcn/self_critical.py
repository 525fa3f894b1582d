"""Self-critical training: sampled captions, rewarded by CIDEr-D."""

import keras
import numpy as np
from keras import ops

from keras_lrcn.models import CaptionLoss

NEVER = -1e9  # the logit of what is never drawn


class SelfCritical:
    """Policy-gradient epochs on cached features, the other samples being the baseline.

    For every photo `num_samples` captions are drawn. The advantage of a caption is its reward
    minus the mean reward of the photo's other captions; the loss is minus the advantage times
    the caption's log-probability, so captions that score better than their rivals become more
    likely. The reward is what is reported, CIDEr-D, plus a little BLEU-4 against repetition.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner` with a preprocessor.
        reward: callable `(rows, list of word lists) -> float array`; `rows` are the indices of
            the photos, one for each caption; the words end with `<eos>` if the caption does.
        optimizer: `keras.optimizers.Optimizer`.
        num_samples: int, captions drawn per photo, at least 2. Defaults to `5`.
        max_length: int, words of a sample at the most. Defaults to the preprocessor's.

    Raises:
        ValueError: for fewer than two samples.

    Example:
    ```python
    scorer = keras_lrcn.metrics.CiderD(references)
    stage = keras_lrcn.SelfCritical(captioner, lambda rows, words: scorer.scores(
        [names[r] for r in rows], words), keras.optimizers.Adam(5e-5))
    stage.train_epoch(features, batch_size=32, seed=0)  # {"reward": ..., "advantage": ...}
    ```

    Reference: Rennie et al. 2017 (self-critical training); Luo 2020 (mean of the others).
    """

    def __init__(self, captioner, reward, optimizer, num_samples=5, max_length=None):
        if num_samples < 2:
            raise ValueError(
                "`num_samples` must be at least 2: the other samples are the baseline. "
                f"Received: num_samples={num_samples}."
            )
        self.captioner = captioner
        self.reward = reward
        self.num_samples = num_samples
        self.max_length = max_length
        self.model = _policy(captioner)
        self.model.compile(
            optimizer,
            CaptionLoss(reduction="sum_over_batch_size"),
            jit_compile=keras.backend.backend() == "jax",
        )

    def train_epoch(self, features, batch_size=32, seed=0, progress=None):
        """Goes once over all photos in random order.

        Args:
            features: float array `(photos, width)`, as `captioner.on_features()` takes them.
            batch_size: int, photos per step. Defaults to `32`.
            seed: int, of the order and the draws.
            progress: callable that wraps the list of batches, such as `tqdm.tqdm`.

        Returns:
            Dict of mean `reward` and mean absolute `advantage`.
        """
        order = np.random.default_rng(seed).permutation(len(features))
        batches = [order[b : b + batch_size] for b in range(0, len(order), batch_size)]
        batches = [b for b in batches if len(b) == batch_size] or batches
        rewards, advantages = [], []
        for number, rows in enumerate((progress or list)(batches)):
            reward, advantage = self.train_step(rows, features[rows], seed * 100_003 + number)
            rewards.append(reward)
            advantages.append(np.abs(advantage).mean())
        return {"reward": float(np.mean(rewards)), "advantage": float(np.mean(advantages))}

    def train_step(self, rows, features, seed):
        """Draws, rewards and learns from one batch; returns rewards and advantages."""
        ids = self.captioner.sample_ids(features, self.num_samples, seed, self.max_length)
        tokenizer = self.captioner.preprocessor.tokenizer
        rows_of_ids = ids.reshape(-1, ids.shape[-1])
        words = [
            tokenizer.words(row) + ["<eos>"] * (tokenizer.end_token_id in row)
            for row in rows_of_ids.tolist()
        ]
        reward = np.asarray(self.reward(np.repeat(rows, self.num_samples), words))
        reward = reward.reshape(len(rows), self.num_samples)
        others = (reward.sum(1, keepdims=True) - reward) / (self.num_samples - 1)
        advantage = (reward - others).reshape(-1, 1)
        ids = rows_of_ids
        real = (ids[:, 1:] != tokenizer.pad_token_id).astype("float32")
        inputs = {
            "visual": np.repeat(features, self.num_samples, axis=0),
            "token_ids": ids[:, :-1],
            "padding_mask": (ids[:, :-1] != tokenizer.pad_token_id).astype("int32"),
        }
        self.model.train_on_batch(inputs, ids[:, 1:], sample_weight=real * advantage)
        return reward.mean(), advantage


def _policy(captioner):
    """`on_features()` without `<pad>` and `<bos>`, which are never drawn.

    Whatever a step takes from the words of bad captions would otherwise go to these two, and as
    they are never drawn, nothing would ever take it from them.
    """
    model, tokenizer = captioner.on_features(), captioner.preprocessor.tokenizer
    never = np.zeros(tokenizer.vocabulary_size(), "float32")
    never[[tokenizer.pad_token_id, tokenizer.start_token_id]] = NEVER
    return keras.Model(model.input, ops.add(model.output, never))
