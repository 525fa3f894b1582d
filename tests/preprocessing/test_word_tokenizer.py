import pytest
import tensorflow as tf

from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary, split_words

SENTENCES = [
    "A man's T-shirt -- 'tis \"good\", isn't it?",
    "Two dogs , one brown .",
    "लड़का दौड़ता है।",
    "一只 狗 在 跑",
    "É uma criança; São Paulo!",
    "   ",
    "- 'quoted' -",
    "A child 's toy costs $5.00.",
    "Das Kind läuft",
]


def test_words_are_lower_case_without_punctuation():
    words = split_words("A man's T-shirt, isn't \"RED\"!")
    assert words == ["a", "man", "'s", "t-shirt", "isn't", "red"]


def test_the_authors_rule_keeps_punctuation_and_drops_the_final_stop():
    assert split_words("A man's hat.", "lrcn") == ["a", "man", "'", "s", "hat"]
    assert split_words('He says "go", now', "lrcn") == ["he", "says", '"', "go", '",', "now"]


def test_blanks_alone_may_part_words():
    assert split_words(" A man's  hat ,\tred. ", "blanks") == ["a", "man's", "hat", ",", "red."]


def test_marks_belong_to_the_word_they_stand_on():
    assert split_words("लड़का दौड़ता है।") == ["लड़का", "दौड़ता", "है"]


@pytest.mark.parametrize("splitter", ["words", "lrcn", "blanks"])
def test_tf_data_gives_the_same_ids_as_python(splitter):
    vocabulary = build_vocabulary(SENTENCES, min_count=1, splitter=splitter)
    tokenizer = WordTokenizer(vocabulary, splitter=splitter)
    single = tf.data.Dataset.from_tensor_slices(SENTENCES).map(tokenizer)
    assert [ids.numpy().tolist() for ids in single] == tokenizer(SENTENCES)
    batch = next(iter(tf.data.Dataset.from_tensor_slices(SENTENCES).batch(20).map(tokenizer)))
    assert batch.to_list() == tokenizer(SENTENCES)


def test_the_threshold_keeps_words_that_reach_it():
    captions = ["five"] * 5 + ["four"] * 4 + ["six"] * 6
    assert build_vocabulary(captions)[4:] == ["six", "five"]
    with pytest.raises(ValueError, match="min_count=7"):
        build_vocabulary(captions, min_count=7)


def test_vocabulary_is_sorted_by_count_then_word():
    assert build_vocabulary(["b a c c"], min_count=1)[4:] == ["c", "a", "b"]


def test_sentences_come_back_as_they_went_in():
    tokenizer = WordTokenizer(build_vocabulary(["a man's red ball"], min_count=1))
    assert tokenizer.detokenize(tokenizer("A man's red ball.")) == "a man's red ball"


def test_detokenize_stops_at_the_end_and_skips_padding():
    tokenizer = WordTokenizer(build_vocabulary(["a dog"], min_count=1))
    assert tokenizer.detokenize([[1, 4, 5, 2, 5], [1, 5, 0, 0, 0]]) == ["a dog", "dog"]


def test_unknown_words_are_unk():
    tokenizer = WordTokenizer(build_vocabulary(["a dog"], min_count=1))
    assert tokenizer("a zebra <pad>") == [4, 3, 3]


def test_vocabulary_file_round_trip(tmp_path):
    vocabulary = build_vocabulary(SENTENCES, min_count=1)
    tokenizer = WordTokenizer(vocabulary)
    tokenizer.save_assets(str(tmp_path))
    again = WordTokenizer.from_config(tokenizer.get_config())
    again.load_assets(str(tmp_path))
    assert again.get_vocabulary() == vocabulary
    assert (tmp_path / "vocabulary.txt").read_text(encoding="utf-8").startswith("<pad>\n<bos>\n")


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        (["a", "dog"], "must begin with"),
        (["<pad>", "<bos>", "<eos>", "<unk>", "a", "a"], "'a' twice"),
    ],
)
def test_bad_vocabularies_are_refused(vocabulary, message):
    with pytest.raises(ValueError, match=message):
        WordTokenizer(vocabulary)


def test_a_missing_vocabulary_says_so():
    with pytest.raises(ValueError, match="set_vocabulary"):
        WordTokenizer()("a dog")
