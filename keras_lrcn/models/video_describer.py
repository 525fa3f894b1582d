"""A video, or what a CRF says of it -> a sentence."""

import keras

from keras_lrcn.models.captioner import LRCNCaptioner
from keras_lrcn.models.video_describer_backbone import LRCNVideoDescriberBackbone
from keras_lrcn.models.video_describer_preprocessor import LRCNVideoDescriberPreprocessor


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNVideoDescriber(LRCNCaptioner):
    """LRCN for videos: describes them, or semantic tuples predicted from them, in a sentence.

    A captioner with another visual input: it generates, scores, samples, trains and is saved as
    `LRCNCaptioner`. What `generate` and `score` call images is here, depending on the model,

    - a semantic tuple, `{"roles": {"activity": "cut", "object": {"carrot": 0.7, "plum": 0.3}}}`
      (see `keras_lrcn.preprocessing.SemanticRoles`), or a vector of probabilities;
    - a video: the path of a file, or a uint8 array `(time, height, width, 3)`;
    - features of a video's frames: a float array `(time, width)`;

    or a list of them.

    Args:
        backbone: `keras_lrcn.LRCNVideoDescriberBackbone`.
        preprocessor: `keras_lrcn.LRCNVideoDescriberPreprocessor`, or `None` to feed tensors.
        sampler: as for `LRCNCaptioner`.

    Example:
    ```python
    describer = keras_lrcn.LRCNVideoDescriber.from_preset("lrcn2u_crfprob_charades")
    describer.generate({"roles": {"scene": "Kitchen", "objects": ["cup", "sink"]}})

    tuples = [{"roles": {"activity": "cut", "object": "plum"}}]
    visual = describer.preprocessor.load(tuples)
    describer.fit({"visual": visual, "captions": np.array(["The person cuts a plum."])})
    ```

    Reference: Donahue et al. 2015, Sec. 6; Venugopalan et al., NAACL and ICCV 2015.
    """

    backbone_cls = LRCNVideoDescriberBackbone
    preprocessor_cls = LRCNVideoDescriberPreprocessor
