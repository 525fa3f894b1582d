"""Scores of captions, labels and rankings: strings and NumPy in, numbers out."""

from keras_lrcn.metrics.bleu import bleu_from_statistics, bleu_statistics, sentence_bleu4
from keras_lrcn.metrics.captions import evaluate_captions
from keras_lrcn.metrics.cider import CiderD
from keras_lrcn.metrics.rouge import rouge_l
from keras_lrcn.metrics.words import tokenize_ptb
