"""Ids of references and candidates: the same, or an error that names them."""


def check_ids(references, candidates):
    """Checks that every id has references and a candidate, so that none is left out in silence.

    Args:
        references: dict from id to a list of at least one string.
        candidates: dict from the same ids to a string.

    Returns:
        List of the ids, in the order of `references`.

    Raises:
        ValueError: naming the ids that are missing, extra, or stand for something else.
    """
    missing = [i for i in references if i not in candidates]
    extra = [i for i in candidates if i not in references]
    if missing or extra:
        raise ValueError(
            "`candidates` must have exactly the ids of `references`. "
            f"Missing: {_few(missing)}. Extra: {_few(extra)}."
        )
    bare = [i for i, texts in references.items() if isinstance(texts, str) or not len(texts)]
    if bare or not references:
        raise ValueError(
            "`references` must have for every id a list of at least one string. "
            f"Received: {len(references)} ids, and another thing for {_few(bare)}."
        )
    odd = [i for i, text in candidates.items() if not isinstance(text, str)]
    odd += [i for i, texts in references.items() if not all(isinstance(t, str) for t in texts)]
    if odd:
        raise ValueError(f"Captions must be strings. Received another thing for {_few(odd)}.")
    return list(references)


def _few(ids):
    rest = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
    return (", ".join(map(repr, ids[:10])) or "none") + rest
