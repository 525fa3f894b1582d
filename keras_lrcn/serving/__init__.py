"""Exported captioners, run by ONNX Runtime and NumPy: no Keras, no TensorFlow, up in a second.

`captioner.export(folder, format="onnx", quantize="int8")` writes a folder, `load(folder)` reads
it. The rules of decoding are those of `keras_lrcn.samplers`, and so are the captions; of int8
weights they are those of the int8 model.
"""

from keras_lrcn.serving.caption import Caption as Caption
from keras_lrcn.serving.captioner import ServedCaptioner as ServedCaptioner
from keras_lrcn.serving.captioner import load as load
from keras_lrcn.serving.samplers import BeamSearch as BeamSearch
from keras_lrcn.serving.samplers import BestOfN as BestOfN
from keras_lrcn.serving.samplers import Sample as Sample
