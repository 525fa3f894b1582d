from keras_lrcn.encoders.caffenet_backbone import CaffeNetBackbone as CaffeNetBackbone
from keras_lrcn.encoders.efficientnet_lite import efficientnet_lite as efficientnet_lite
from keras_lrcn.encoders.image_encoder import ImageEncoder as ImageEncoder
from keras_lrcn.encoders.mean_pool_encoder import MeanPoolEncoder as MeanPoolEncoder
from keras_lrcn.encoders.s2vt_encoder import S2VTEncoder as S2VTEncoder
from keras_lrcn.encoders.semantic_encoder import SemanticEncoder as SemanticEncoder
from keras_lrcn.encoders.semantic_sequence_encoder import (
    SemanticSequenceEncoder as SemanticSequenceEncoder,
)
