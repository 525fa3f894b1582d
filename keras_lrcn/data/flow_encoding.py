"""Motion in pixels <-> the 8-bit images that the flow network is trained on."""

import dataclasses

import numpy as np

CHANNELS = ("x", "y", "magnitude")


@dataclasses.dataclass(frozen=True)
class FlowEncoding:
    """How optical flow becomes a three-channel image, in the authors' way by default.

    With motion `(u, v)` in pixels the channels are `16 u + 128`, `16 v + 128`, each clipped to
    0–255, and `16 |(u, v)| + 128`, at most 255: one level is 1/16 pixel, and motion saturates 8
    pixels to a side. A network trained on one encoding fails on another, so the encoding belongs
    into the preset: `to_config` gives it as plain JSON. The vectors are those of the frame size
    the flow was computed at; resizing flow images later does not change them.

    Args:
        scale: float, levels per pixel.
        offset: float, the level of no motion; a multiple of 1/2.
        channels: what the channels hold, an order of `"x"`, `"y"` and `"magnitude"`. (The authors'
            Caffe networks see them reversed.)
        method: str, the name of the flow method, see `optical_flow`.

    Example:
    ```python
    encoding = FlowEncoding()
    image = encoding.encode(optical_flow(previous, frame, encoding.method))  # uint8
    flow = encoding.decode(image)  # within 1/32 pixel, where no channel is saturated
    ```

    Reference: Donahue et al. 2015, Sec. 4.1, and `create_flow_images_LRCN.m` of the authors'
    code. Exact halves round to even here, so that mirroring and encoding commute.
    """

    scale: float = 16.0
    offset: float = 128.0
    channels: tuple = CHANNELS
    method: str = "brox_fast"

    def __post_init__(self):
        object.__setattr__(self, "channels", tuple(self.channels))
        if sorted(self.channels) != sorted(CHANNELS):
            raise ValueError(
                f"`channels` must be an order of {CHANNELS}. Received: {self.channels!r}."
            )
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"`scale` must be above 0. Received: {self.scale!r}.")
        if not (0 <= self.offset <= 255 and float(2 * self.offset).is_integer()):
            raise ValueError(
                "`offset` must be a multiple of 1/2 from 0 to 255, so that mirrored levels are "
                f"whole. Received: {self.offset!r}."
            )
        if not isinstance(self.method, str):
            raise ValueError(
                "`method` must be a name; hand a function to `flow_frames(..., method=function)`. "
                f"Received: {self.method!r}."
            )

    def encode(self, flow):
        """float `(..., height, width, 2)`, pixels, to uint8 `(..., height, width, 3)`."""
        x, y = np.moveaxis(np.asarray(flow, "float32"), -1, 0)
        values = {"x": x, "y": y, "magnitude": np.hypot(x, y)}
        values = np.stack([values[name] for name in self.channels], -1)
        return np.rint(np.clip(self.scale * values + self.offset, 0, 255)).astype("uint8")

    def decode(self, image):
        """uint8 `(..., height, width, 3)` to float32 `(..., height, width, 2)`, pixels."""
        planes = [image[..., self.channels.index(name)] for name in ("x", "y")]
        return (np.stack(planes, -1).astype("float32") - self.offset) / np.float32(self.scale)

    def mirror(self, image):
        """Flow images of the mirrored video: flipped left to right, x negated.

        A level negates to `2 offset - level`, by default `256 - level`, at most 255 (the authors'
        `255 - level` leaves a bias of 1/16 pixel). Mirroring twice gives the image back, but for
        x at level 0, motion out of range, which comes back as 1.

        Args:
            image: uint8 array `(..., height, width, 3)`.

        Returns:
            uint8 array of the same shape.
        """
        image = np.asarray(image)[..., ::-1, :].copy()
        x = image[..., self.channels.index("x")]
        x[...] = np.clip(int(2 * self.offset) - x.astype("int16"), 0, 255)
        return image

    def to_config(self):
        """dict of plain JSON values."""
        return {**dataclasses.asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_config(cls, config):
        """The encoding whose `to_config` this is."""
        return cls(**config)
