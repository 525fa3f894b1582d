"""Labelled videos -> training and held-out ones, every group on one side."""

import numpy as np


def split_videos(examples, held_out=0.2, seed=0):
    """Splits labelled videos class by class, keeping every group on one side.

    Args:
        examples: list of `LabelledVideo`.
        held_out: float in 0..1, the share of each class to hold out, as near as groups allow;
            a class of two groups or more has at least one on either side, unless groups that it
            shares with other classes leave no choice. Defaults to `0.2`.
        seed: int.

    Returns:
        `(train, held_out)`, two lists in the order of `examples`.

    Raises:
        ValueError: for a share outside 0..1.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"`held_out` must lie between 0 and 1. Received: {held_out}.")
    groups = {group: row for row, group in enumerate(sorted({_group_of(e) for e in examples}))}
    labels = {label: column for column, label in enumerate(sorted({e.label for e in examples}))}
    table = np.zeros((len(groups), len(labels)), "int64")  # videos of each group and class
    for example in examples:
        table[groups[_group_of(example)], labels[example.label]] += 1
    chosen = _choose_rows(table, held_out, np.random.default_rng(seed))
    sides = [[], []]
    for example in examples:
        sides[int(chosen[groups[_group_of(example)]])].append(example)
    return tuple(sides)


def _group_of(example):
    return example.group or f"alone {example.video_id}"


def _choose_rows(table, held_out, random):
    """Takes groups in random order while that brings the classes nearer their goals."""
    goals, counts = held_out * table.sum(0), np.zeros(table.shape[1], "int64")
    left = (table > 0).sum(0)  # groups of each class that are not chosen
    chosen = np.zeros(len(table), bool)

    def distance(row):
        return np.abs(counts + table[row] - goals).sum()

    def may_be_chosen(row):  # no class may lose its last group
        return not chosen[row] and (left[table[row] > 0] > 1).all()

    def choose(row):
        chosen[row] = True
        counts[:] += table[row]
        left[:] -= table[row] > 0

    order = random.permutation(len(table))
    for row in order:
        if distance(row) < np.abs(counts - goals).sum() and may_be_chosen(row):
            choose(row)
    for label in np.flatnonzero(counts == 0):
        holders = [row for row in order if table[row, label] and may_be_chosen(row)]
        if holders and not counts[label]:
            choose(min(holders, key=distance))
    return chosen
