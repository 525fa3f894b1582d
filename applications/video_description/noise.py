"""Ground truth -> probabilities as a CRF would give them.

A stated model of a recogniser in place of one: every word of every role is observed through
Gaussian noise, and what is handed on are the exact posterior probabilities of that observation.
So they are calibrated, often wrong at their maximum, and known to be so.

- A role of one word: `x_k = d [k is right] + n_k`, `p_k` proportional to `prior_k exp(d x_k)`.
- A role of several: `x_k = d [k is there] + n_k`,
  `p_k = sigmoid(logit(prior_k) + d x_k - d^2 / 2)`.

`n_k` is standard normal; `d`, the distance, says how well is seen; priors are the words' shares
in the training tuples.
"""

import numpy as np


def priors_of(vectors):
    """Share of the training tuples in which each word is; a word that never is counts half."""
    return (vectors.sum(axis=0) + 0.5) / (len(vectors) + 1)


def observe(vectors, roles, priors, distance, seed):
    """Draws probabilities for tuples that are known.

    Args:
        vectors: float array `(tuples, words)` of 0 and 1.
        roles: `keras_lrcn.preprocessing.SemanticRoles`.
        priors: float array `(words,)`.
        distance: float, or an array `(tuples, 1)`: one for each tuple.
        seed: int, or a sequence of ints.

    Returns:
        float32 array like `vectors`; a role of one word that is unknown stays unknown.
    """
    rng = np.random.default_rng(seed)
    evidence = distance * (distance * vectors + rng.standard_normal(vectors.shape))
    logits = np.log(priors / (1 - priors)) + evidence - np.square(distance) / 2
    probabilities, first = 1 / (1 + np.exp(-logits)), 0
    for size, several in zip(roles.sizes, roles.are_multiple, strict=True):
        part = slice(first, first + size)
        first += size
        if not several:
            scores = np.log(priors[part]) + evidence[:, part]
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            known = vectors[:, part].max(axis=1, keepdims=True) > 0
            probabilities[:, part] = known * scores / scores.sum(axis=1, keepdims=True)
    return probabilities.astype("float32")


def errors_at_maximum(probabilities, vectors, roles):
    """How wrong the maxima are: for each role, the share of tuples, or of words there are.

    Returns:
        Dict from role to a dict: of one word the share of `wrong` maxima; of several the `recall`
        and `precision` of the words of at least 0.5.
    """
    found, first = {}, 0
    for role, size, several in zip(roles.roles, roles.sizes, roles.are_multiple, strict=True):
        p, y = (x[:, first : first + size] for x in (probabilities, vectors))
        first += size
        if several:
            hits = ((p >= 0.5) * y).sum()
            found[role] = {
                "recall": float(hits / y.sum()),
                "precision": float(hits / max((p >= 0.5).sum(), 1)),
            }
        else:
            known = y.max(axis=1) > 0
            found[role] = {"wrong": float(np.mean(p.argmax(1)[known] != y.argmax(1)[known]))}
    return found
