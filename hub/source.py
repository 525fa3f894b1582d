"""The layers of a Caffe file as a converter takes them: by name, checked, and none forgotten."""

import numpy as np

from hub.caffemodel import drop_pages, read_caffemodel


class Source:
    """A trained Caffe network whose layers are taken one after another.

    Args:
        path: a `.caffemodel`.

    Example:
    ```python
    source = Source("lrcn_caffenet_iter_110000.caffemodel")
    weight, bias = source.take("fc8", 2, 1)
    source.finish()  # raises: what about the other layers?
    ```
    """

    def __init__(self, path):
        self.path = str(path)
        self.layers = {n: layer for n, layer in read_caffemodel(path).items() if layer.blobs}
        self._waiting = set(self.layers)

    def __contains__(self, name):
        return name in self.layers

    def count(self, name):
        """How many blobs a layer has."""
        return len(self._layer(name).blobs)

    def width(self, name):
        """How many outputs a convolution or fully connected layer has: those of its bias."""
        return self._layer(name).blobs[-1].size

    def take(self, name, *ranks):
        """Returns the blobs of a layer, with as many axes as `ranks` says.

        Old files give every blob four axes; leading axes of one are dropped.

        Raises:
            ValueError: for a layer that is not there, or has other blobs.
        """
        blobs = self._layer(name).blobs
        if len(blobs) != len(ranks):
            self.refuse(name, f"has {len(blobs)} blobs where {len(ranks)} are wanted")
        self._waiting.discard(name)
        return [self._ranked(name, *pair) for pair in zip(blobs, ranks, strict=True)]

    def _ranked(self, name, blob, rank):
        extra = blob.ndim - rank
        if extra < 0 or blob.shape[:extra] != (1,) * extra:
            self.refuse(name, f"has a blob of {blob.ndim} axes where {rank} are wanted")
        return blob.reshape(blob.shape[extra:])

    def assign(self, name, variables, arrays):
        """Puts arrays into Keras variables.

        Raises:
            ValueError: if a shape differs, by the name of the Caffe layer.
        """
        for variable, array in zip(variables, arrays, strict=True):
            if tuple(variable.shape) != array.shape:
                self.refuse(
                    name,
                    f"does not fit: {array.shape}, turned to Keras' order, where "
                    f"{tuple(variable.shape)} is wanted",
                )
            if not np.isfinite(array).all():
                self.refuse(name, "holds numbers that are not finite")
            variable.assign(array)
        self.drop_pages(name)

    def drop_pages(self, name):
        """Gives back the memory that a layer's part of the file takes."""
        drop_pages(self.layers[name].blobs)

    def refuse(self, name, why):
        """Raises a `ValueError` about one layer, with the shapes that it has."""
        shapes = [blob.shape for blob in self.layers[name].blobs] if name in self else "none"
        raise ValueError(f"{self.path}: layer {name!r} {why}. Its shapes: {shapes}.")

    def finish(self, ignored=()):
        """Checks that every layer with weights was taken, or is one of `ignored`."""
        left = sorted(self._waiting - set(ignored))
        if left:
            self.refuse(
                left[0],
                f"has no place in this network (one of {len(left)}: {left}), so the file is of "
                "another one",
            )

    def _layer(self, name):
        if name not in self.layers:
            raise ValueError(
                f"{self.path} has no layer {name!r} with weights. It has: {sorted(self.layers)}."
            )
        return self.layers[name]
