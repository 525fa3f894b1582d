"""Activity recognition of an endless stream, one frame at a time."""

import keras
import numpy as np
from keras import ops

from keras_lrcn.data import Crop, FlowStream, cut, evaluation_crops, resize_pixels

POLICIES = ("clips", "carry")


class ActivityStream:
    """Frame in, probabilities out, with the state carried along.

    Time and memory of a step do not depend on how many came before. A stack that was trained on
    clips of 16 frames has never seen a state that is thousands of frames old, so the state is
    renewed by a stated policy:

    - `"clips"`: `clip_length / stride` stacks run side by side, each starts anew every
      `clip_length` frames, `stride` frames after the one before it. Their mean is what the
      timeline of `classify` has for a frame, whose clips have all begun before it.
    - `"carry"`: one stack that never starts anew, but by `reset()`.

    Args:
        task: `keras_lrcn.LRCNActivity`.
        policy: `"clips"` or `"carry"`. Defaults to `"clips"`.
        clip_length, stride: int, frames; `None` are those of the task's preprocessor.

    Raises:
        ValueError: for another policy, or a stride that does not divide the length.

    Example:
    ```python
    stream = activity.stream()
    for frame, second in keras_lrcn.data.iter_video("door.mp4"):
        probabilities = stream.step(frame)        # float32 (classes,)
    ```

    Reference: Donahue et al. 2015, Sec. 4; the state passes from clip to clip in the authors'
    nets by `cont`.
    """

    def __init__(self, task, policy="clips", clip_length=None, stride=None):
        length = clip_length or task.preprocessor.clip_length
        stride = stride or task.preprocessor.stride
        if policy not in POLICIES:
            raise ValueError(f"`policy` must be one of {POLICIES}. Received: policy={policy!r}.")
        if policy == "clips" and length % stride:
            raise ValueError(
                "`stride` must divide `clip_length`, so that clips start evenly. Received: "
                f"clip_length={length}, stride={stride}."
            )
        self.preprocessor = task.preprocessor
        self.class_names = task.class_names
        self.fps = self.preprocessor.fps
        self.num_stacks = length // stride if policy == "clips" else 1
        self.length = length if policy == "clips" else None
        self.stride = stride
        size = (self.preprocessor.frame_size, self.preprocessor.crop_size)
        self.crop = Crop(0, 0) if size[0] is None else evaluation_crops(*size)[0]
        self._model = task.kept(f"step {self.num_stacks}", lambda: _Step(task, self.num_stacks))
        self.reset()

    def reset(self):
        """Forgets all frames: the next one is the first."""
        self.num_frames = 0
        self._states = self._model.initial_states()
        self._flow = None
        if self.preprocessor.modality == "flow":
            self._flow = FlowStream(self.preprocessor.flow)

    def step(self, frame):
        """Takes the next frame.

        Args:
            frame: uint8 `(height, width, 3)` of any size, RGB; for a task on vectors float
                `(visual_dim,)`.

        Returns:
            float32 array `(classes,)`: probabilities. For flow the first frame, which has
            nothing to move from, gives equal ones.
        """
        seen = self._seen(frame)
        if seen is None:
            return np.full(len(self.class_names), 1 / len(self.class_names), "float32")
        pixels = self.preprocessor.convert_frames(seen[None])
        inputs = [np.asarray(pixels, "float32"), self._keep(), *self._states]
        probabilities, *self._states = self._model.predict_on_batch(inputs)
        self.num_frames += 1
        return probabilities[: self._num_begun()].mean(axis=0)

    def _seen(self, frame):
        if self.preprocessor.image_converter is None:
            return np.asarray(frame, "float32")
        frame = resize_pixels(np.asarray(frame), self.preprocessor.frame_size)
        if self._flow is not None:
            frame = self._flow.step(frame)
        return None if frame is None else cut(frame, self.crop, self.preprocessor.crop_size)

    def _keep(self):
        """1 for each stack that goes on, 0 for one that starts anew with this frame."""
        keep = np.ones((self.num_stacks, 1), "float32")
        if self.length is not None:
            ages = (self.num_frames - self.stride * np.arange(self.num_stacks)) % self.length
            keep[ages == 0] = 0.0
        return keep

    def _num_begun(self):
        """How many stacks have had their first frame."""
        if self.length is None:
            return 1
        return min(self.num_stacks, 1 + (self.num_frames - 1) // self.stride)


class FusedStream:
    """Streams of frames and of their flow side by side, fused late, as `TwoStream.classify` does.

    Args:
        rgb, flow: `ActivityStream`.
        weights: `(rgb, flow)`, which sum to 1.
    """

    def __init__(self, rgb, flow, weights):
        self.rgb, self.flow, self.weights = rgb, flow, weights
        self.class_names, self.fps = rgb.class_names, rgb.fps

    def reset(self):
        """Forgets all frames: the next one is the first."""
        self.rgb.reset()
        self.flow.reset()

    def step(self, frame):
        """Takes the next frame, as `ActivityStream.step`.

        Returns:
            float32 array `(classes,)`: probabilities; for the first frame, which has no flow,
            those of the RGB stream.
        """
        rgb, flow = self.rgb.step(frame), self.flow.step(frame)
        if not self.flow.num_frames:
            return rgb
        return self.weights[0] * rgb + self.weights[1] * flow


class _Step(keras.Model):
    """`[frame, keep, *states]` -> `[probabilities of each stack, *new states]`."""

    def __init__(self, task, num_stacks):
        super().__init__(name="stream_step")
        self.visual_encoder = task.backbone.visual_encoder
        self.lstm_stack = task.backbone.lstm_stack
        self.predict_classes = task.predict_classes
        self.num_stacks = num_stacks

    def initial_states(self):
        """float arrays of zeros `(stacks, units)`, one a state of the stack."""
        stack = self.lstm_stack
        count = stack.num_layers * stack.states_per_layer if stack is not None else 0
        return [np.zeros((self.num_stacks, stack.units), "float32") for _ in range(count)]

    def call(self, inputs):
        frame, keep, *states = inputs
        x = frame if self.visual_encoder is None else self.visual_encoder(frame, training=False)
        x = ops.repeat(x, self.num_stacks, axis=0)
        if self.lstm_stack is not None:
            kept = [ops.cast(s * keep, self.lstm_stack.compute_dtype) for s in states]
            x, states = self.lstm_stack.step(x, kept)
        probabilities = ops.softmax(ops.cast(self.predict_classes(x), "float32"), axis=-1)
        return [probabilities, *(ops.cast(s, "float32") for s in states)]
