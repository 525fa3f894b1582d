"""What a preset computes for inputs that are always the same: equal weights give equal bits.

python -m hub.probe hf://owner/name --revision v1.0.0 --output outputs.npz
"""

import argparse
import json
import pathlib

import numpy as np

LENGTH = 6  # steps of every axis that may have any length
BATCH = 2


def load_task(preset, revision=None, pins=None):
    """Loads a preset with the class that it names.

    Args:
        preset: name, folder or handle.
        revision: str, of an `hf://` handle.
        pins: dict of commits and digests that go before those of `keras_lrcn/pins.json`.

    Returns:
        The task, such as a `keras_lrcn.LRCNCaptioner`.
    """
    import keras_lrcn
    from keras_lrcn.loading import PresetError, local_preset, pin
    from keras_lrcn.presets import preset_task, register, resolve

    register()
    pin(pins or {})
    folder = local_preset(resolve(str(preset)), revision)
    task = preset_task(folder)
    if task is None:
        raise PresetError(f"{folder} has no task.json that names the class of its task.")
    return getattr(keras_lrcn, task).from_preset(folder)


def probe(task):
    """Runs a task on seeded noise.

    Args:
        task: a KerasHub task with a functional model.

    Returns:
        dict of arrays: `outputs` (and more of them, where the model has several), and the words
        or classes that they stand for.
    """
    import keras

    inputs = noise_for(task)
    outputs = keras.tree.flatten(task(inputs, training=False))
    results = {
        f"outputs_{i}": np.asarray(keras.ops.convert_to_numpy(value))
        for i, value in enumerate(outputs)
    }
    preprocessor = task.preprocessor
    if getattr(preprocessor, "tokenizer", None) is not None:
        results["words"] = np.array(preprocessor.tokenizer.get_vocabulary())
    if getattr(preprocessor, "class_names", None) is not None:
        results["classes"] = np.array(preprocessor.class_names)
    return results


def noise_for(task):
    """Seeded inputs of a task: numbers for what is seen, word ids for what was said."""
    rng = np.random.default_rng(20141118)  # the day the paper appeared

    def one(name, tensor):
        shape = [BATCH, *[LENGTH if axis is None else axis for axis in tensor.shape[1:]]]
        if name == "padding_mask":
            return np.ones(shape, "int32")
        if name == "token_ids":
            return rng.integers(0, task.backbone.vocabulary_size, shape).astype("int32")
        return rng.normal(size=shape).astype("float32")

    if not isinstance(task.input, dict):
        return one("visual", task.input)
    return {name: one(name, task.input[name]) for name in sorted(task.input)}


def compare(one, other, what):
    """Raises `ValueError` unless two results of `probe` are equal bit for bit.

    Args:
        one, other: dicts of arrays.
        what: str, what is compared, for the message.
    """
    for name in sorted(one.keys() | other.keys()):
        if name not in one or name not in other:
            raise ValueError(f"{what}: only one of the two has {name}.")
        same = np.array_equal(one[name], other[name])
        if not same and one[name].shape == other[name].shape and one[name].dtype.kind == "f":
            apart = float(np.abs(one[name] - other[name]).max())
            raise ValueError(f"{what}: {name} differ by up to {apart:.3g}.")
        if not same:
            raise ValueError(f"{what}: {name} differ.")


def check_weights(task, folder):
    """Checks that every weight of a loaded task is one that lies in the folder's files.

    Raises:
        ValueError: for a weight that came from elsewhere, such as a head left at random.
    """
    stored = set()
    for path in sorted(pathlib.Path(folder).glob("*.weights.h5")):
        stored |= {_fingerprint(array) for array in _datasets(path)}
    for weight in task.weights:
        if _fingerprint(np.asarray(weight.numpy())) not in stored:
            raise ValueError(
                f"{folder}: {weight.path} of the loaded task is not in the weights files: it was "
                "not loaded."
            )


def _datasets(path):
    import h5py

    found = []
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return found


def _fingerprint(array):
    array = np.asarray(array)
    if array.dtype.kind == "f":
        array = array.astype("float32")
    return array.shape, array.tobytes()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", help="name, folder or handle")
    parser.add_argument("--revision", help="branch, tag or commit of an hf:// handle")
    parser.add_argument("--pins", metavar="FILE", help="digests that its files must have")
    parser.add_argument("--output", required=True, metavar="FILE", help="an .npz")
    args = parser.parse_args(arguments)
    pins = json.loads(pathlib.Path(args.pins).read_text("utf-8")) if args.pins else None
    np.savez(args.output, **probe(load_task(args.preset, args.revision, pins)))


if __name__ == "__main__":
    main()
