"""Reading some of the captions under way, where a compiler must know how many."""

import functools
import math
from typing import NamedTuple

import keras
from keras import ops


class Chosen(NamedTuple):
    """The rows that are read next: the first `count` of `order`; row r is the `slot[r]`-th."""

    order: object
    slot: object
    count: object


def take_rows(tensors, rows):
    """The same rows of every tensor of a nested structure."""
    return keras.tree.map_structure(lambda x: ops.take(x, rows, axis=0), tensors)


def sizes_to_compile(num_rows, model):
    """XLA must know how many rows are read: it gets a choice of sizes. Others take any number.

    Args:
        num_rows: int, how many there are.
        model: the task that samples, or `None`; its `jit_compile` tells whether XLA compiles.

    Returns:
        List of int, smallest first, or `None` for any number.
    """
    if keras.backend.backend() == "jax" or getattr(model, "jit_compile", False):
        return sorted({math.ceil(num_rows / 2**halvings) for halvings in range(12)})
    return None


def with_size(function, count, sizes):
    """`function(count)`, or of the next larger one of `sizes`."""
    if sizes is None:
        return function(count)
    smaller = ops.sum(ops.cast(ops.convert_to_tensor(sizes, "int32") < count, "int32"))
    return ops.switch(smaller, [functools.partial(function, size) for size in sizes])
