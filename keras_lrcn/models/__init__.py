import keras_lrcn.encoders  # noqa: F401  presets name its classes
from keras_lrcn.models.caption_loss import CaptionLoss as CaptionLoss
from keras_lrcn.models.captioner import Caption as Caption
from keras_lrcn.models.captioner import LRCNCaptioner as LRCNCaptioner
from keras_lrcn.models.captioner_backbone import LRCNCaptionerBackbone as LRCNCaptionerBackbone
from keras_lrcn.models.captioner_preprocessor import (
    LRCNCaptionerPreprocessor as LRCNCaptionerPreprocessor,
)
from keras_lrcn.models.captioner_preprocessor import LRCNImageConverter as LRCNImageConverter
from keras_lrcn.models.video_describer import LRCNVideoDescriber as LRCNVideoDescriber
from keras_lrcn.models.video_describer_backbone import (
    LRCNVideoDescriberBackbone as LRCNVideoDescriberBackbone,
)
from keras_lrcn.models.video_describer_preprocessor import (
    LRCNVideoDescriberPreprocessor as LRCNVideoDescriberPreprocessor,
)
