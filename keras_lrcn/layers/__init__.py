from keras_lrcn.layers.factored_lstm import FactoredLSTM as FactoredLSTM
