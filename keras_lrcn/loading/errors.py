"""What goes wrong between the name of a preset and its weights."""


class PresetError(ValueError):
    """A preset that is missing, damaged, changed or not safe to load; says which file and why."""


class PresetUnreachableError(PresetError):
    """The Hub gave no answer, after several tries; a cached copy may still serve."""
