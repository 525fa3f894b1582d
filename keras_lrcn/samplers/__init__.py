"""How the next word is chosen: beam search, sampling, best of N samples.

KerasHub's samplers work too (`compile(sampler="greedy")`); those here also return the
log-probability of each word, several captions per image, and honour constraints.
"""

from keras_lrcn.samplers.beam_search import BeamSearch
from keras_lrcn.samplers.best_of_n import BestOfN, Sample
from keras_lrcn.samplers.caption_sampler import NEVER, CaptionSampler

__all__ = ["NEVER", "BeamSearch", "BestOfN", "CaptionSampler", "Sample"]
