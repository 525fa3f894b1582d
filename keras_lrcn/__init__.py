"""LRCN (Donahue et al.): CNN + LSTM that recognise, caption and describe what they see.

Names are imported when they are first used, so that `import keras_lrcn` costs nothing; using
any class also registers all of them, and the presets, with Keras and KerasHub.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "ActivityStream": "models",
    "CaffeNetBackbone": "encoders",
    "CaffeSGD": "optimizers",
    "Caption": "models",
    "CaptionConfidence": "confidence",
    "CaptionLoss": "models",
    "Classification": "models",
    "ImageEncoder": "encoders",
    "LRCNActivity": "models",
    "LRCNActivityBackbone": "models",
    "LRCNActivityPreprocessor": "models",
    "LRCNCaptioner": "models",
    "LRCNCaptionerBackbone": "models",
    "LRCNCaptionerPreprocessor": "models",
    "LRCNFrameConverter": "models",
    "LRCNImageConverter": "models",
    "LRCNVideoDescriber": "models",
    "LRCNVideoDescriberBackbone": "models",
    "LRCNVideoDescriberPreprocessor": "models",
    "MeanPoolEncoder": "encoders",
    "RatedAdamW": "optimizers",
    "S2VTEncoder": "encoders",
    "SelfCritical": "self_critical",
    "SemanticEncoder": "encoders",
    "SemanticSequenceEncoder": "encoders",
    "TwoStream": "models",
    "TwoStreamBackbone": "models",
    "TwoStreamPreprocessor": "models",
    "efficientnet_lite": "encoders",
    "fit_resumable": "training",
    "fuse": "models",
    "list_presets": "presets",
    "run_resumable": "training",
    "search_fusion_weights": "models",
    "timeline_runs": "timeline",
    "write_timeline": "timeline",
}
_FOLDERS = (
    "data",
    "encoders",
    "layers",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "retrieval",
    "samplers",
    "serving",
)

__all__ = sorted([*_HOMES, *_FOLDERS])


def __getattr__(name):
    if name not in _HOMES and name not in _FOLDERS:
        raise AttributeError(f"module 'keras_lrcn' has no attribute {name!r}")
    folder = _HOMES.get(name, name)
    home = importlib.import_module(f"keras_lrcn.{folder}")
    if folder in ("models", "encoders", "preprocessing"):
        importlib.import_module("keras_lrcn.presets").register()
    return home if name in _FOLDERS else getattr(home, name)


def __dir__():
    return [*globals(), *__all__]
