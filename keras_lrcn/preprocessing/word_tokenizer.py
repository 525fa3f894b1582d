"""Words <-> token ids."""

import json
import os

import keras
import keras_hub
import regex

from keras_lrcn.loading import local_preset

SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>", "<unk>")
VOCABULARY_FILE = "vocabulary.txt"
SEPARATOR = "\x1f"
WORD = r"\p{L}\p{N}\p{M}_"

# Substitutions on lower-cased text after which SEPARATOR stands between the words. They keep to
# what `regex` and TensorFlow's RE2 read alike, so both paths give the same words.
SPLITTERS = {
    # Runs of punctuation are words; a final full stop is dropped (the authors' `split_sentence`).
    "lrcn": (
        (rf"([^{WORD}]+)", rf"{SEPARATOR}\1{SEPARATOR}"),
        (rf"{SEPARATOR}\s*\.\s*{SEPARATOR}$", ""),
    ),
    # Punctuation is dropped, inner hyphens stay, and "'s" is a word of its own.
    "words": (
        (r"[’‘`´]", "'"),
        (rf"[^{WORD}'\-]+", SEPARATOR),
        (rf"'s({SEPARATOR}|$)", "\x1f\x1e\\1"),
        (rf"(^|{SEPARATOR})['\-]+", r"\1"),
        (rf"['\-]+({SEPARATOR}|$)", r"\1"),
        ("\x1e", "'s"),
    ),
    # Words stand between blanks, punctuation and all (the text files of Venugopalan et al.).
    "blanks": ((r"[ \t\r\n\f\v]+", SEPARATOR),),
}


def split_words(text, splitter="words"):
    """Splits one sentence into lower-case words.

    Args:
        text: str.
        splitter: `"words"` (letters, digits, inner hyphens; `'s` apart), `"lrcn"`, the rule
            of the authors' `coco_to_hdf5_data.py`, where punctuation is kept as words, or
            `"blanks"`: whatever stands between blanks.

    Returns:
        List of str.

    Example:
    ```python
    keras_lrcn.preprocessing.split_words("A man's T-shirt.")  # ["a", "man", "'s", "t-shirt"]
    keras_lrcn.preprocessing.split_words("A man's hat.", "lrcn")  # ["a", "man", "'", "s", "hat"]
    ```
    """
    text = text.lower().strip()
    for pattern, replacement in _splitter(splitter):
        text = regex.sub(pattern, replacement, text)
    return [word for word in (part.strip() for part in text.split(SEPARATOR)) if word]


def build_vocabulary(captions, min_count=5, max_words=None, splitter="words"):
    """Lists the frequent words of training captions.

    Count only the captions of the training split, or words of the test set leak in.

    Args:
        captions: iterable of str.
        min_count: int, words seen less often become `<unk>`. Defaults to `5`, as the authors'.
        max_words: int, how many words at the most, or `None`.
        splitter: see `split_words`.

    Returns:
        List of str, the four special tokens first, then words by falling count (ties by word).

    Raises:
        ValueError: if no word is frequent enough.

    Reference: vocabulary rule of the authors' `coco_to_hdf5_data.py`.
    """
    counts = {}
    for caption in captions:
        for word in split_words(caption, splitter):
            counts[word] = counts.get(word, 0) + 1
    words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w))
    if not words:
        raise ValueError(
            f"No word of the {len(counts)} different ones occurs min_count={min_count} times. "
            "Lower `min_count` or give more captions."
        )
    return [*SPECIAL_TOKENS, *words[:max_words]]


@keras.saving.register_keras_serializable(package="keras_lrcn")
class WordTokenizer(keras_hub.tokenizers.Tokenizer):
    """Turns sentences into word ids and back.

    Args:
        vocabulary: list of str or path of a text file with one word a line, `<pad>`, `<bos>`,
            `<eos>` and `<unk>` first; `build_vocabulary` makes one. `None` waits for
            `set_vocabulary` or a preset.
        splitter: `"words"`, `"lrcn"` or `"blanks"`, see `split_words`. Defaults to `"words"`.

    Raises:
        ValueError: for a vocabulary without the special tokens, with a repeated or empty word.

    Example:
    ```python
    vocabulary = keras_lrcn.preprocessing.build_vocabulary(["a dog runs", "a cat"], min_count=1)
    tokenizer = keras_lrcn.preprocessing.WordTokenizer(vocabulary)
    tokenizer("A dog flies")      # [4, 6, 3]: "flies" is unknown
    tokenizer.detokenize([4, 6])  # "a dog"
    ```
    """

    def __init__(self, vocabulary=None, splitter="words", **kwargs):
        super().__init__(dtype=kwargs.pop("dtype", "int32"), **kwargs)
        _splitter(splitter)
        self.splitter = splitter
        for name, token in zip(("pad", "start", "end", "unk"), SPECIAL_TOKENS, strict=True):
            self._add_special_token(token, f"{name}_token")
        self.file_assets = [VOCABULARY_FILE]
        self.vocabulary = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary)

    @classmethod
    def from_preset(cls, preset, revision=None, **kwargs):
        """Reads the words of a preset, whichever task it is of.

        Args:
            preset: name, local folder or handle, as for a task.
            revision: str, branch, tag or commit of a preset on the Hugging Face Hub.
            **kwargs: constructor arguments to override.

        Raises:
            PresetError: for a preset that a task would refuse.
            FileNotFoundError: for a preset without words.
        """
        folder = local_preset(preset, revision)
        with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
            config = json.load(file)["config"]
        tokenizer = cls(**{**config, **kwargs})
        tokenizer.load_preset_assets(folder)
        return tokenizer

    def set_vocabulary(self, vocabulary):
        """Sets the word list, from a list or a text file."""
        if isinstance(vocabulary, (str, os.PathLike)):
            with open(vocabulary, encoding="utf-8", newline="\n") as file:
                vocabulary = file.read().removesuffix("\n").split("\n")
        vocabulary = list(vocabulary)
        if tuple(vocabulary[:4]) != SPECIAL_TOKENS:
            raise ValueError(
                f"`vocabulary` must begin with {SPECIAL_TOKENS}. Received: {vocabulary[:4]}."
            )
        ids = {word: i for i, word in enumerate(vocabulary)}
        if len(ids) < len(vocabulary) or "" in ids:
            again = next(w for i, w in enumerate(vocabulary) if ids[w] != i or not w)
            raise ValueError(f"`vocabulary` holds the word {again!r} twice, or an empty line.")
        self.vocabulary = vocabulary
        self._ids = ids
        self._table = None
        self._update_special_token_ids()

    def tokenize(self, inputs):
        self._check_vocabulary()
        if self._use_tf_workflow():
            return self._tokenize_tf(inputs)
        return _map_strings(self._tokenize_one, inputs)

    def _tokenize_one(self, text):
        unknown = self.unk_token_id
        return [self._ids.get(word, unknown) for word in split_words(text, self.splitter)]

    def _tokenize_tf(self, inputs):
        import tensorflow as tf

        inputs = tf.convert_to_tensor(inputs)
        text = tf.strings.strip(tf.strings.lower(inputs, encoding="utf-8"))
        for pattern, replacement in SPLITTERS[self.splitter]:
            text = tf.strings.regex_replace(text, pattern, replacement)
        words = tf.strings.split(text, sep=SEPARATOR)
        if isinstance(words, tf.RaggedTensor):
            words = tf.ragged.map_flat_values(tf.strings.strip, words)
            words = tf.ragged.boolean_mask(words, words != "")
            return tf.ragged.map_flat_values(self._lookup, words)
        words = tf.strings.strip(words)
        return self._lookup(tf.boolean_mask(words, words != ""))

    def _lookup(self, words):
        import tensorflow as tf

        if self._table is None:
            with tf.init_scope():
                values = tf.range(len(self.vocabulary), dtype="int32")
                table = tf.lookup.KeyValueTensorInitializer(self.vocabulary, values)
                self._table = tf.lookup.StaticHashTable(table, self.unk_token_id)
        return self._table.lookup(words)

    def detokenize(self, inputs):
        """Joins words with blanks, stopping at `<eos>`; `'s` joins the word before it."""
        self._check_vocabulary()
        inputs = inputs.tolist() if hasattr(inputs, "tolist") else inputs
        if not isinstance(inputs, (list, tuple)):
            inputs = keras.ops.convert_to_numpy(inputs).tolist()
        if inputs and isinstance(inputs[0], (list, tuple)):
            return [self.detokenize(row) for row in inputs]
        return " ".join(self.words(inputs)).replace(" 's", "'s")

    def words(self, token_ids):
        """Returns the words of one row of ids, without special tokens but `<unk>`."""
        words = []
        for token_id in token_ids:
            if token_id == self.end_token_id:
                break
            if token_id not in (self.pad_token_id, self.start_token_id):
                words.append(self.vocabulary[token_id])
        return words

    def get_vocabulary(self):
        self._check_vocabulary()
        return list(self.vocabulary)

    def vocabulary_size(self):
        self._check_vocabulary()
        return len(self.vocabulary)

    def id_to_token(self, id):
        self._check_vocabulary()
        return self.vocabulary[id]

    def token_to_id(self, token):
        self._check_vocabulary()
        return self._ids.get(token, self.unk_token_id)

    def save_assets(self, dir_path):
        path = os.path.join(dir_path, VOCABULARY_FILE)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{word}\n" for word in self.get_vocabulary())

    def load_assets(self, dir_path):
        self.set_vocabulary(os.path.join(dir_path, VOCABULARY_FILE))

    def get_config(self):
        config = super().get_config()
        config.update(vocabulary=None, splitter=self.splitter)  # words travel as an asset
        return config

    def _check_vocabulary(self):
        if self.vocabulary is None:
            raise ValueError("No vocabulary yet: pass `vocabulary=`, or call `set_vocabulary`.")


def _splitter(name):
    if name not in SPLITTERS:
        raise ValueError(f"`splitter` must be one of {sorted(SPLITTERS)}. Received: {name!r}.")
    return SPLITTERS[name]


def _map_strings(function, inputs):
    if isinstance(inputs, bytes):
        inputs = inputs.decode("utf-8")
    if isinstance(inputs, str):
        return function(inputs)
    if hasattr(inputs, "numpy"):
        inputs = inputs.numpy()
    inputs = inputs.tolist() if hasattr(inputs, "tolist") else inputs
    if isinstance(inputs, (str, bytes)):
        return _map_strings(function, inputs)
    return [_map_strings(function, x) for x in inputs]
