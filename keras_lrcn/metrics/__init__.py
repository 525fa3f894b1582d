"""Scores of captions, labels and rankings: strings and NumPy in, numbers out."""

from keras_lrcn.metrics.activity import (
    activity_scores,
    class_gains,
    confusion_matrix,
    video_probabilities,
)
from keras_lrcn.metrics.auroc import auroc
from keras_lrcn.metrics.bleu import bleu_from_statistics, bleu_statistics, sentence_bleu4
from keras_lrcn.metrics.bootstrap import bootstrap_interval
from keras_lrcn.metrics.captions import evaluate_captions
from keras_lrcn.metrics.cider import CiderD, DocumentFrequencies, count_documents
from keras_lrcn.metrics.meteor import meteor_obstacle, meteor_scores
from keras_lrcn.metrics.retrieval import first_right_ranks, normalize_log_p, retrieval_scores
from keras_lrcn.metrics.rouge import rouge_l
from keras_lrcn.metrics.word_error_rate import word_error_rate, word_errors
from keras_lrcn.metrics.words import tokenize_captions, tokenize_ptb

__all__ = [
    "CiderD",
    "DocumentFrequencies",
    "activity_scores",
    "auroc",
    "bleu_from_statistics",
    "bleu_statistics",
    "bootstrap_interval",
    "class_gains",
    "confusion_matrix",
    "count_documents",
    "evaluate_captions",
    "first_right_ranks",
    "meteor_obstacle",
    "meteor_scores",
    "normalize_log_p",
    "retrieval_scores",
    "rouge_l",
    "sentence_bleu4",
    "tokenize_captions",
    "tokenize_ptb",
    "video_probabilities",
    "word_error_rate",
    "word_errors",
]
