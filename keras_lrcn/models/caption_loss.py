"""Cross-entropy over real words."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_lrcn")
class CaptionLoss(keras.losses.Loss):
    """Cross-entropy of word logits in nats, averaged over the words that count.

    With a `sample_weight` of 0 on padding the mean is over real words only, so it does not
    depend on how far a batch is padded (Caffe's `SoftmaxWithLoss` with `ignore_label`).

    Args:
        label_smoothing: float in 0..1, share of the target spread evenly over all words.
            Defaults to `0.0`.

    Example:
    ```python
    loss = keras_lrcn.CaptionLoss(label_smoothing=0.1)
    loss(np.array([[1, 0]]), np.zeros((1, 2, 4)), sample_weight=np.array([[1, 0]]))  # log 4
    ```
    """

    def __init__(
        self,
        label_smoothing=0.0,
        reduction="mean_with_sample_weight",
        name="caption_loss",
        **kwargs,
    ):
        super().__init__(reduction=reduction, name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        y_pred, backend = ops.cast(y_pred, "float32"), keras.backend.backend()
        # Libraries' own kernels, where they have one for value and gradient.
        if backend == "tensorflow" and not self.label_smoothing:
            return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        if backend == "torch":
            return _torch_cross_entropy(y_true, y_pred, self.label_smoothing)
        targets = ops.cast(y_true, "int32")[..., None]
        log_sum = ops.logsumexp(y_pred, axis=-1)
        loss = log_sum - ops.squeeze(ops.take_along_axis(y_pred, targets, axis=-1), -1)
        if self.label_smoothing:
            spread = log_sum - ops.mean(y_pred, axis=-1)
            loss = (1 - self.label_smoothing) * loss + self.label_smoothing * spread
        return loss

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def _torch_cross_entropy(y_true, y_pred, label_smoothing):
    import torch

    loss = torch.nn.functional.cross_entropy(
        y_pred.reshape(-1, y_pred.shape[-1]),
        y_true.reshape(-1).long(),
        reduction="none",
        label_smoothing=label_smoothing,
    )
    return loss.reshape(y_true.shape)
