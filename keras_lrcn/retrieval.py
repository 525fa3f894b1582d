"""How probable every caption is for every image, and so which of them belong together."""

import contextlib
import hashlib
import json
import os
import pathlib

import keras
import numpy as np
from keras import ops

from keras_lrcn.metrics import normalize_log_p as normalize_log_p
from keras_lrcn.metrics import retrieval_scores as retrieval_scores
from keras_lrcn.preprocessing import prefix_levels

ROWS = 4096  # pairs of a beginning and an image that are advanced at once


def score_matrix(
    captioner,
    images,
    captions,
    folder=None,
    score_end=False,
    images_at_once=64,
    captions_at_once=512,
    progress=None,
):
    """Scores all pairs of images and captions, each beginning that captions share once.

    Exact, and much cheaper than a call of `score` for each pair: layers below the one that the
    image joins (of LRCN-2f, the lower LSTM) run once for each distinct beginning of a caption and
    not once for each pair, and so does the projection of their output; the image is projected
    once; of the vocabulary's logits only the next word's and the sum are used. Unfactored and RNN
    stacks are scored too; there every layer runs for every pair.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner` with a preprocessor.
        images: list of photos as for `captioner.generate`, or a dict of `features`, their
            array `(images, width)`.
        captions: list of sentences. They are not cut; words out of the vocabulary are scored as
            `<unk>`.
        folder: path to keep the matrix in while it grows: a run that was killed goes on there, and
            the matrix need not fit in memory. A folder serves one matrix.
        score_end: bool, whether `<eos>` is scored like a word. The authors leave it out.
        images_at_once, captions_at_once: int, sides of the block that is computed in memory.
        progress: callable that wraps the list of blocks, such as `tqdm.tqdm`.

    Returns:
        float32 array `(images, captions)` of log-probabilities in nats; with `folder` it is
        mapped from the disk.

    Raises:
        ValueError: for a folder that holds the matrix of other images, captions or weights.
        ImageError: for an image that cannot be read, by name. What was computed stays in `folder`.

    Example:
    ```python
    log_p = keras_lrcn.retrieval.score_matrix(captioner, photos, sentences, folder="scores")
    keras_lrcn.retrieval.retrieval_scores(log_p, caption_image)["caption_to_image"]["R@1"]
    ```

    Reference: Donahue et al. 2015, Sec. 5; the authors' `retrieval_experiment.py`.
    """
    images = list(images["features"] if (features := isinstance(images, dict)) else images)
    rows = [_ids(captioner, caption, score_end) for caption in captions]
    store = _Store(folder, captioner, images, rows, [images_at_once, captions_at_once])
    order = sorted(range(len(rows)), key=rows.__getitem__)  # neighbours share their beginnings
    blocks = [
        (slice(i, i + images_at_once), order[c : c + captions_at_once])
        for i in range(0, len(images), images_at_once)
        for c in range(0, len(rows), captions_at_once)
    ]
    shown, visual_gates = None, None
    for number, (pool, group) in enumerate((progress or list)(blocks)):
        if number < store.done:
            continue
        if shown != pool.start:
            shown, visual_gates = pool.start, _project(captioner, images[pool], features)
        levels = prefix_levels([rows[c] for c in group])
        store.write(pool, group, _score_block(captioner, levels, visual_gates, len(group)))
    return store.matrix


def _ids(captioner, caption, score_end):
    tokenizer = captioner.preprocessor.tokenizer
    return [*tokenizer(caption), *([tokenizer.end_token_id] if score_end else [])]


def _project(captioner, images, features):
    """Images, or their features, to the gates that they add to at every step."""
    visual = np.stack(images) if features else captioner.preprocessor.load_images(images)
    with _no_gradient():
        return captioner.backbone.lstm_stack.project_visual(captioner.encode(visual))


def _score_block(captioner, levels, visual_gates, num_captions):
    """Float64 `(images, captions)` of one tree of captions."""
    scores = np.zeros((num_captions, visual_gates.shape[0]))
    with _no_gradient():
        upper = _UpperLayers(captioner, visual_gates)
        for level, gates in zip(levels, _lower_layers(captioner, levels), strict=True):
            scores[level.captions] += upper.advance(level, gates)[level.caption_edges]
    return scores.T


def _lower_layers(captioner, levels):
    """Yields what the words add to the gates of the first layer that sees the image.

    Float tensors `(nodes, gates)`, one a level.
    """
    stack, embed = captioner.backbone.lstm_stack, captioner.backbone.token_embedding
    start = np.array([captioner.preprocessor.tokenizer.start_token_id])
    below = range(stack.visual_layer - 1)
    states = [stack.initial_state(1)[: stack.states_per_layer] for _ in below]
    for level in levels:
        x = embed(ops.convert_to_tensor(level.words if len(level.words) else start))
        for index in below:
            state = [ops.take(s, level.parents, axis=0) for s in states[index]]
            state = state if len(level.parents) else states[index]
            gates = stack.project_inputs(index, x)
            x, states[index] = stack.step_layer(index, gates, state)
        yield stack.project_inputs(len(below), x)


class _UpperLayers:
    """The layers from the one that sees the image up, for all images and one level after another.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner`.
        visual_gates: float tensor `(images, gates)`.
    """

    def __init__(self, captioner, visual_gates):
        self.stack, self.predict_words = captioner.backbone.lstm_stack, captioner.predict_words
        self.visual_gates, self.num_images = visual_gates, visual_gates.shape[0]
        self.states = None  # flat, `(nodes * images, units)` each, of the level before

    def advance(self, level, gates):
        """Advances to a level; returns log p of its edges, float `(edges, images)`."""
        num_nodes = gates.shape[0]
        step = max(1, ROWS // self.num_images)
        log_p, states = [], []
        for start in range(0, num_nodes, step):
            nodes = slice(start, min(start + step, num_nodes))
            hidden, state = self._run(gates[nodes], self._states_of(level, nodes))
            states.append(state)
            inside = (level.edge_nodes >= nodes.start) & (level.edge_nodes < nodes.stop)
            places = level.edge_nodes[inside] - nodes.start  # edges are in the order of nodes
            log_p.append(self._log_p(hidden, places, level.edge_words[inside]))
        self.states = [ops.concatenate(parts, axis=0) for parts in zip(*states, strict=True)]
        return np.concatenate(log_p)

    def _states_of(self, level, nodes):
        """The states of the parents of some nodes, a row for each node and image."""
        if self.states is None:
            initial = self.stack.initial_state(self.num_images)
            return initial[(self.stack.visual_layer - 1) * self.stack.states_per_layer :]
        rows = self._rows(level.parents[nodes])
        return [ops.take(state, rows, axis=0) for state in self.states]

    def _run(self, gates, states):
        stack, per_layer, new_states = self.stack, self.stack.states_per_layer, []
        gates = ops.reshape(gates[:, None] + self.visual_gates[None], (-1, gates.shape[-1]))
        for index in range(stack.visual_layer - 1, stack.num_layers):
            x, state = stack.step_layer(index, gates, states[:per_layer])
            states, new_states = states[per_layer:], new_states + state
            if index + 1 < stack.num_layers:
                gates = stack.project_inputs(index + 1, x)
        return x, new_states

    def _log_p(self, hidden, nodes, words):
        """Logit minus logsumexp of the words that follow some nodes."""
        logits = ops.cast(self.predict_words(hidden), "float32")
        rows = self._rows(nodes)
        places = rows * logits.shape[-1] + np.repeat(words, self.num_images)
        log_p = ops.take(ops.reshape(logits, (-1,)), places)
        log_p = log_p - ops.take(ops.logsumexp(logits, axis=-1), rows)
        return ops.convert_to_numpy(log_p).reshape(-1, self.num_images)

    def _rows(self, nodes):
        return (nodes[:, None] * self.num_images + np.arange(self.num_images)).reshape(-1)


class _Store:
    """The matrix, in memory or in a folder with a note of what it is of and how far it is."""

    def __init__(self, folder, captioner, images, rows, sizes):
        self.done, self.note, shape = 0, None, (len(images), len(rows))
        if folder is None:
            self.matrix = np.zeros(shape, "float32")
            return
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        path, self.note = folder / "log_p.npy", folder / "progress.json"
        self.digest = _digest(captioner, images, rows, sizes)
        if self.note.exists():
            held = json.loads(self.note.read_text("utf-8"))
            if held["digest"] != self.digest:
                raise ValueError(
                    f"{folder} holds the scores of other images, captions, weights or block sizes. "
                    "Name another `folder`, or remove this one."
                )
            self.done = held["blocks"]
        mode = "r+" if self.done else "w+"
        self.matrix = np.lib.format.open_memmap(path, mode, "float32", shape)

    def write(self, images, captions, scores):
        """Adds one block; only then is it noted as done."""
        self.matrix[images, captions] = scores
        self.done += 1
        if self.note:
            self.matrix.flush()
            part = self.note.with_suffix(".part")
            part.write_text(json.dumps({"digest": self.digest, "blocks": self.done}), "utf-8")
            os.replace(part, self.note)


def _digest(captioner, images, rows, sizes):
    state = hashlib.sha256(json.dumps([rows, sizes]).encode())
    for weights in captioner.get_weights():
        state.update(np.ascontiguousarray(weights).tobytes())
    for image in images:
        named = isinstance(image, (str, os.PathLike))
        state.update(os.fsencode(image) if named else np.ascontiguousarray(image).tobytes())
    return state.hexdigest()


def _no_gradient():
    """Keeps torch from recording what is only scored."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()
