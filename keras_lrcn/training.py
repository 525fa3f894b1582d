"""Training that survives being killed."""

import json
import os

import keras


def fit_resumable(model, dataset_of_epoch, epochs, folder, after_epoch=None, **kwargs):
    """Calls `model.fit` epoch by epoch; a run that was killed goes on as if it had not been.

    After every epoch weights, optimizer and the random state of the dropout layers are written
    to `folder`, first under another name, so that a half-written file is never taken for a
    whole one. As each epoch's data depends on its number alone, 2 + 2 epochs equal 4.

    Args:
        model: a compiled `keras.Model`.
        dataset_of_epoch: callable, epoch (from 0) -> what the network takes, with targets; of a
            task what its preprocessor returns: `data.map(task.preprocessor)`.
        epochs: int, epochs in all.
        folder: path for the state and `history.json`.
        after_epoch: callable `(epoch, logs) -> dict` of more numbers for the history, such as
            the score of free-running captions; it runs before the state is written.
        **kwargs: passed to `keras.Model.fit`, such as `verbose`.

    Returns:
        List of dicts, one an epoch.

    Example:
    ```python
    history = keras_lrcn.fit_resumable(model, lambda epoch: data(seed=epoch), 10, "runs/frozen")
    ```
    """

    metrics_are_built = keras.backend.backend() == "tensorflow"

    def train_epoch(epoch):
        nonlocal metrics_are_built
        if not metrics_are_built:
            # On JAX and torch the first `fit` looks at a batch before it starts. That is an
            # iteration, which data that counts its epochs must not count: another dataset's.
            keras.Model.evaluate(model, dataset_of_epoch(epoch), steps=1, verbose=0)
            metrics_are_built = True
        data = dataset_of_epoch(epoch)
        fitted = keras.Model.fit(model, data, initial_epoch=epoch, epochs=epoch + 1, **kwargs)
        return {name: float(values[-1]) for name, values in fitted.history.items()}

    return run_resumable(model, train_epoch, epochs, folder, after_epoch)


def run_resumable(model, train_epoch, epochs, folder, after_epoch=None):
    """Runs epochs of any kind with the guarantees of `fit_resumable`.

    Args:
        train_epoch: callable, epoch (from 0) -> dict of numbers.
        model, epochs, folder, after_epoch: see `fit_resumable`.

    Returns:
        List of dicts, one an epoch.
    """
    os.makedirs(folder, exist_ok=True)
    history_path = os.path.join(folder, "history.json")
    history = []
    if os.path.exists(history_path):
        with open(history_path, encoding="utf-8") as file:
            history = json.load(file)
    if history:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        model.load_weights(_state_path(folder, len(history)))
        with open(_state_path(folder, len(history), ".random.json"), encoding="utf-8") as file:
            for variable, value in zip(_random_state(model), json.load(file), strict=True):
                variable.assign(value)
    for epoch in range(len(history), epochs):
        logs = train_epoch(epoch)
        if after_epoch is not None:
            logs |= after_epoch(epoch, logs) or {}
        history.append({"epoch": epoch, **logs})
        _save_state(model, folder, history, history_path)
    return history


def _state_path(folder, epochs, suffix=".weights.h5"):
    return os.path.join(folder, f"state_{epochs:04d}{suffix}")


def _random_state(model):
    """Seed variables, which Keras' weight files leave out."""
    return [v for v in model.variables if v.path.endswith("seed_generator_state")]


def _save_state(model, folder, history, history_path):
    """The history file names the state that counts: it is replaced last, in one step."""
    new = os.path.join(folder, "new.weights.h5")
    model.save_weights(new)
    os.replace(new, _state_path(folder, len(history)))
    seeds = [keras.ops.convert_to_numpy(v).tolist() for v in _random_state(model)]
    _write_json(seeds, _state_path(folder, len(history), ".random.json"))
    _write_json(history, history_path)
    for suffix in (".weights.h5", ".random.json"):
        old = _state_path(folder, len(history) - 1, suffix)
        if os.path.exists(old):
            os.remove(old)


def _write_json(content, path):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(path + ".new", path)
