"""Preset names -> what kind of network the Caffe file of that name holds."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is put together.

    Args:
        family: `"captioner"`, `"activity"` or `"describer"`.
        cnn: `"caffenet"`, `"hybrid"` or `"vgg"`.
        variant: of a captioner `"1u"`, `"2u"` or `"2f"` (layers, unfactored or factored); of
            activity `"lrcn"` or `"single"`; of a describer `"s2vt"` or `"meanpool"`.
        cell: `"lstm"` or `"rnn"`.
        modality: of activity, `"rgb"` or `"flow"`.
    """

    family: str
    cnn: str
    variant: str
    cell: str = "lstm"
    modality: str = "rgb"


RECIPES = {
    f"{prefix}{variant}_{cnn}": Recipe("captioner", cnn, variant, cell)
    for prefix, cell in (("lrcn", "lstm"), ("rnn", "rnn"))
    for variant in ("1u", "2u", "2f")
    for cnn in ("caffenet", "vgg")
}
RECIPES |= {
    f"{variant}_{modality}_{cnn}": Recipe("activity", cnn, variant, modality=modality)
    for variant in ("lrcn", "single")
    for modality in ("rgb", "flow")
    for cnn in ("hybrid", "caffenet")
}
RECIPES |= {
    f"{variant}_{cnn}": Recipe("describer", cnn, variant)
    for variant in ("s2vt", "meanpool")
    for cnn in ("vgg", "caffenet")
}


def find_recipe(name):
    """Finds the recipe of a preset.

    Args:
        name: str, the key of a recipe, `_`, and the data set: `lrcn2f_vgg_coco`.

    Returns:
        `(Recipe, data)`: the recipe and the name of the data set.

    Raises:
        ValueError: for a name that begins like none of the recipes.
    """
    for key, recipe in RECIPES.items():
        if name.startswith(f"{key}_") and len(name) > len(key) + 1:
            return recipe, name[len(key) + 1 :]
    raise ValueError(
        f"No network is called {name!r}. A name is one of {sorted(RECIPES)}, then `_` and the "
        "data set: lrcn2f_vgg_coco."
    )
