"""The HDF5 files of a preset: plain numbers, all in the file, all finite."""

import math

from keras_lrcn.loading.errors import PresetError

DEEPEST = 64  # groups
MOST_OBJECTS = 100_000
MOST_AXES = 8
MOST_BYTES = 2**34  # of numbers, unpacked
PACKING = 20  # times that numbers may be smaller in the file, beyond the first ...
UNPACKED = 2**26  # ... bytes
FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32"}
KINDS = "fiub"
SLICE = 2**22  # numbers that are looked at together


def check_weights(path):
    """Checks a weights file before Keras opens it.

    Args:
        path: `pathlib.Path`.

    Returns:
        Set of ints: the lengths of the axes of all weights.

    Raises:
        PresetError: for a file that is damaged, refers to another file, or says that it holds
            more than it does; for a type that is no number; for NaN or infinity.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            datasets = _datasets(path, file)
            _check_sizes(path, datasets)
            for dataset in datasets:
                _check_finite(path, dataset)
            return {length for dataset in datasets for length in dataset.shape}
    except PresetError:
        raise
    except Exception as error:  # whatever h5py makes of damaged bytes
        raise PresetError(
            f"{path} is no intact HDF5 file ({type(error).__name__}: {error}). Remove it, or the "
            "folder, so that it is fetched or made again."
        ) from error


def _datasets(path, file):
    """All datasets of a file that are stored in it, each of them once."""
    import h5py

    datasets, waiting, seen = [], [(file, 1)], set()
    while waiting:
        item, depth = waiting.pop()
        address = h5py.h5o.get_info(item.id).addr
        if address in seen or depth > DEEPEST or len(seen) >= MOST_OBJECTS:
            raise PresetError(
                f"{path}: `{item.name}` occurs twice, lies too deep, or is one of too many."
            )
        seen.add(address)
        _check_attributes(path, item)
        if isinstance(item, h5py.Dataset):
            _check_storage(path, item)
            datasets.append(item)
        elif isinstance(item, h5py.Group):
            waiting += [(child, depth + 1) for child in _children(path, item)]
        else:
            raise PresetError(f"{path}: `{item.name}` is neither a group nor a dataset.")
    return datasets


def _children(path, group):
    import h5py

    for name in group:
        if not isinstance(name, str):
            raise PresetError(f"{path}: a name in `{group.name}` is no text: {name!r}.")
        link = group.id.links.get_info(name.encode("utf-8", "surrogateescape"))
        if link.type != h5py.h5l.TYPE_HARD:
            raise PresetError(
                f"{path}: `{group.name}/{name}` is a link, maybe to another file. Weights must lie "
                "in the file itself."
            )
        yield group[name]


def _check_attributes(path, item):
    """Attributes must be short texts and numbers."""
    import h5py

    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        kind = attribute.dtype
        text = h5py.check_string_dtype(kind) is not None
        size = math.prod(attribute.shape) * kind.itemsize
        if size > 2**16 or not (text or kind.kind in KINDS):
            raise PresetError(f"{path}: `{item.name}` has the odd attribute {name!r}: {kind}.")


def _check_storage(path, dataset):
    import h5py

    layout = dataset.id.get_create_plist()
    filters = [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]
    if layout.get_layout() == h5py.h5d.VIRTUAL or layout.get_external_count():
        raise PresetError(f"{path}: the numbers of `{dataset.name}` lie in another file.")
    if set(filters) - FILTERS.keys():
        raise PresetError(
            f"{path}: `{dataset.name}` is packed by HDF5's filters {filters}; known are {FILTERS}."
        )
    if dataset.dtype.kind not in KINDS or dataset.dtype.itemsize > 8:
        raise PresetError(f"{path}: `{dataset.name}` holds {dataset.dtype}, not plain numbers.")
    if dataset.shape is None or len(dataset.shape) > MOST_AXES:
        raise PresetError(f"{path}: `{dataset.name}` has the odd shape {dataset.shape}.")


def _check_sizes(path, datasets):
    """What is said to be there must be there, or about there where it is packed."""
    declared = sum(math.prod(d.shape) * d.dtype.itemsize for d in datasets)
    stored = sum(d.id.get_storage_size() for d in datasets)
    if declared > min(MOST_BYTES, UNPACKED + PACKING * stored):
        largest = max(datasets, key=lambda d: math.prod(d.shape))
        raise PresetError(
            f"{path} holds {stored:,} bytes of numbers and says they unpack to {declared:,}; "
            f"the largest is `{largest.name}`, {largest.shape}."
        )


def _check_finite(path, dataset):
    import numpy as np

    if dataset.dtype.kind != "f":
        return
    rows = max(1, SLICE // max(1, math.prod(dataset.shape[1:])))
    for start in range(0, dataset.shape[0], rows) if dataset.shape else [None]:
        values = dataset[()] if start is None else dataset[start : start + rows]
        if not np.isfinite(values).all():
            raise PresetError(
                f"{path}: `{dataset.name}` holds NaN or infinity: training went wrong, or somebody "
                "altered it."
            )
