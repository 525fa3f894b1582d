"""Semantic tuples (activity, tool, object, location, or any roles) <-> vectors of probabilities."""

import numbers
import re
import warnings

import keras
import numpy as np

REMARK = re.compile(r"\([^()]*\)")  # "Basement (A room below the ground floor)"
NAMED = 10  # unknown words that a warning names


class UnknownWords(UserWarning):
    """Words and roles that vocabularies do not have: `unknown`, a dict from role to a set."""

    def __init__(self, unknown):
        super().__init__(unknown)
        self.unknown = unknown

    def __str__(self):
        parts = []
        for role, words in self.unknown.items():
            named = ", ".join(map(repr, sorted(words)[:NAMED]))
            more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
            parts.append(f"{role} {named}{more}")
        return f"Ignored what the role vocabularies do not have: {'; '.join(parts)}."


@keras.saving.register_keras_serializable(package="keras_lrcn")
class SemanticRoles:
    """The roles of a semantic tuple and the words that each of them may hold.

    A tuple is a dict from role to what is known of it: a word; a list of words; a dict from
    word to probability, or pairs `(word, probability)`, as a CRF gives them; or what
    `LRCNActivity.classify` returns. A string with semicolons is a list. A missing role is
    unknown, and so is one that is `None`. Case, underscores, outer blanks and remarks in brackets
    do not count, nor does an `s` at the end of a role; of an unknown word with slashes
    (`sofa/couch`) the known parts count.

    Args:
        roles: dict from the name of a role to the list of its words.
        multiple: names of roles that hold any number of words at once, each with a probability
            of its own. The others hold one: their probabilities are shares of 1, and a plain
            list of `n` words gives each `1 / n`. Defaults to none.
        aliases: dict from other names, of roles or words, to those in `roles`.

    Call arguments:
        tuples: list of such dicts.

    Returns:
        float32 array `(batch, num_words)`: the probabilities of all words, role after role.

    Raises:
        ValueError: for a role that is no such thing, or a probability out of 0..1. Words and
            roles that are not known are left out, with one warning that names them.

    Example:
    ```python
    roles = SemanticRoles({"activity": ["cut", "wash"], "object": ["carrot", "plum"]})
    roles([{"activity": "wash", "object": {"carrot": 0.7, "plum": 0.3}}])  # [[0, 1, 0.7, 0.3]]
    ```

    Reference: Donahue et al. 2015, Sec. 6 and Fig. 5.
    """

    def __init__(self, roles, multiple=(), aliases=None):
        self.roles = {role: list(words) for role, words in roles.items()}
        self.multiple = tuple(multiple)
        self.aliases = dict(aliases or {})
        strangers = sorted(set(self.multiple) - set(self.roles))
        if strangers:
            raise ValueError(f"`multiple` names no role of {list(self.roles)}: {strangers}.")
        self._role_of = {_key(role).removesuffix("s"): role for role in self.roles}
        self._columns, first = {}, 0
        for role, words in self.roles.items():
            self._columns[role] = {_key(word): first + i for i, word in enumerate(words)}
            if len(self._columns[role]) < len(words):
                raise ValueError(f"`roles` has a word twice in {role!r}: {words}.")
            first += len(words)
        self._alias_of = {_key(alias): name for alias, name in self.aliases.items()}

    @property
    def sizes(self):
        """Number of words of each role."""
        return tuple(map(len, self.roles.values()))

    @property
    def are_multiple(self):
        """For each role whether it holds any number of words."""
        return tuple(role in self.multiple for role in self.roles)

    @property
    def num_words(self):
        return sum(self.sizes)

    def __call__(self, tuples):
        vectors, unknown = np.zeros((len(tuples), self.num_words), "float32"), {}
        for vector, roles in zip(vectors, tuples, strict=True):
            self._fill(vector, roles, unknown)
        if unknown:
            warnings.warn(UnknownWords(unknown), stacklevel=2)
        return vectors

    def check(self, roles):
        """Raises `ValueError` for a tuple that is none; unknown words are no fault."""
        self._fill(np.zeros(self.num_words, "float32"), roles, {})

    def words(self, vector, threshold=0.5):
        """Returns what a vector says at its maximum: dict from role to words.

        Args:
            vector: float array `(num_words,)`.
            threshold: float, least probability of a word in a role of several.
        """
        found, first = {}, 0
        for role, words in self.roles.items():
            part = np.asarray(vector)[first : first + len(words)]
            first += len(words)
            if role in self.multiple:
                found[role] = [w for w, p in zip(words, part, strict=True) if p >= threshold]
            elif part.max() > 0:
                found[role] = [words[int(part.argmax())]]
        return {role: words for role, words in found.items() if words}

    def _fill(self, vector, roles, unknown):
        if not isinstance(roles, dict):
            raise ValueError(
                f"A tuple must be a dict from role to words. Received: {type(roles).__name__}."
            )
        for name, value in roles.items():
            role = self._role(name)
            if role is None:
                unknown.setdefault("role", set()).add(str(name))
                continue
            for word, probability in _pairs(name, value, role in self.multiple):
                columns = self._find(role, word)
                if not columns:
                    unknown.setdefault(role, set()).add(word)
                for column in columns:
                    vector[column] = max(vector[column], probability)

    def _role(self, name):
        key = _key(str(name))
        key = _key(self._alias_of.get(key) or self._alias_of.get(key.removesuffix("s")) or key)
        return self._role_of.get(key.removesuffix("s"))

    def _find(self, role, word):
        """Columns that a word stands for: one, none, or those of its known parts."""
        columns = self._columns[role]
        key = _key(word)
        key = key if key in columns else _key(self._alias_of.get(key, key))
        if key in columns:
            return [columns[key]]
        parts = word.split("/") if "/" in word else []
        return [column for part in parts for column in self._find(role, part)]

    def get_config(self):
        return {"roles": self.roles, "multiple": self.multiple, "aliases": self.aliases}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _key(word):
    return " ".join(REMARK.sub(" ", word).replace("_", " ").casefold().split())


def _pairs(role, value, multiple):
    """What a role holds, as pairs of word and probability."""
    if value is None:
        return []
    if isinstance(value, str):
        value = [word for word in value.split(";") if word.strip()]
    if hasattr(value, "class_names"):  # a `Classification`
        value = dict(zip(value.class_names, map(float, value.probabilities), strict=True))
    if isinstance(value, dict):
        value = list(value.items())
    elif not isinstance(value, (list, tuple)):
        raise ValueError(
            f"Role {role!r} must hold a word, a list of words, or a dict from word to probability. "
            f"Received: {value!r}."
        )
    elif all(isinstance(word, str) for word in value):
        value = [(word, 1.0 if multiple else 1 / len(value)) for word in value]
    return [_pair(role, pair) for pair in value]


def _pair(role, pair):
    word, probability = pair[:2] if isinstance(pair, (list, tuple)) and len(pair) > 1 else (0, 0)
    numeric = isinstance(probability, numbers.Real) and not isinstance(probability, bool)
    if not (isinstance(word, str) and numeric and 0 <= probability <= 1):
        raise ValueError(
            f"Role {role!r} must pair words with probabilities of 0 to 1. Received: {pair!r}."
        )
    return word, float(probability)
