import keras_lrcn.encoders  # noqa: F401  presets name its classes
from keras_lrcn.models.activity import LRCNActivity as LRCNActivity
from keras_lrcn.models.activity_backbone import LRCNActivityBackbone as LRCNActivityBackbone
from keras_lrcn.models.activity_preprocessor import (
    LRCNActivityPreprocessor as LRCNActivityPreprocessor,
)
from keras_lrcn.models.activity_preprocessor import LRCNFrameConverter as LRCNFrameConverter
from keras_lrcn.models.activity_stream import ActivityStream as ActivityStream
from keras_lrcn.models.caption_loss import CaptionLoss as CaptionLoss
from keras_lrcn.models.captioner import Caption as Caption
from keras_lrcn.models.captioner import LRCNCaptioner as LRCNCaptioner
from keras_lrcn.models.captioner_backbone import LRCNCaptionerBackbone as LRCNCaptionerBackbone
from keras_lrcn.models.captioner_preprocessor import (
    LRCNCaptionerPreprocessor as LRCNCaptionerPreprocessor,
)
from keras_lrcn.models.captioner_preprocessor import LRCNImageConverter as LRCNImageConverter
from keras_lrcn.models.classification import Classification as Classification
from keras_lrcn.models.two_stream import TwoStream as TwoStream
from keras_lrcn.models.two_stream import TwoStreamBackbone as TwoStreamBackbone
from keras_lrcn.models.two_stream import TwoStreamPreprocessor as TwoStreamPreprocessor
from keras_lrcn.models.two_stream import fuse as fuse
from keras_lrcn.models.two_stream import search_fusion_weights as search_fusion_weights
from keras_lrcn.models.video_describer import LRCNVideoDescriber as LRCNVideoDescriber
from keras_lrcn.models.video_describer_backbone import (
    LRCNVideoDescriberBackbone as LRCNVideoDescriberBackbone,
)
from keras_lrcn.models.video_describer_preprocessor import (
    LRCNVideoDescriberPreprocessor as LRCNVideoDescriberPreprocessor,
)
