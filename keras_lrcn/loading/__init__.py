"""Preset names and handles -> local folders that were fetched whole, verified and inspected.

Below every class that has a `from_preset`; knows neither Keras nor anything else of ours.
"""

from keras_lrcn.loading.checked_preset import CheckedPreset
from keras_lrcn.loading.errors import PresetError, PresetUnreachableError
from keras_lrcn.loading.fetching import fetch, is_cached
from keras_lrcn.loading.handles import (
    EMBEDDED,
    embedded,
    local_preset,
    name_handles,
    name_missing,
)
from keras_lrcn.loading.inspection import inspect_preset
from keras_lrcn.loading.pins import pin

__all__ = [
    "EMBEDDED",
    "CheckedPreset",
    "PresetError",
    "PresetUnreachableError",
    "embedded",
    "fetch",
    "inspect_preset",
    "is_cached",
    "local_preset",
    "name_handles",
    "name_missing",
    "pin",
]
