from keras_lrcn.layers.factored_lstm import FactoredLSTM as FactoredLSTM
from keras_lrcn.layers.local_response_normalization import (
    LocalResponseNormalization as LocalResponseNormalization,
)
from keras_lrcn.layers.time_distributed_cnn import TimeDistributedCNN as TimeDistributedCNN
