"""The classes that a preset may name. Everything else is refused before Keras looks it up."""

OURS = """
    BeamSearch BestOfN Sample CaffeNetBackbone CaptionLoss CeilMaxPooling2D FactoredLSTM
    ImageEncoder LRCNActivity LRCNActivityBackbone LRCNActivityPreprocessor LRCNCaptioner
    LRCNCaptionerBackbone LRCNCaptionerPreprocessor LRCNFrameConverter LRCNImageConverter
    LRCNVideoDescriber LRCNVideoDescriberBackbone LRCNVideoDescriberPreprocessor
    LocalResponseNormalization MeanPoolEncoder S2VTEncoder SemanticEncoder SemanticRoles
    SemanticSequenceEncoder TimeDistributedCNN TwoStream TwoStreamBackbone TwoStreamPreprocessor
    WordTokenizer
""".split()

# KerasHub's image backbones, which visual encoders wrap, its converters and samplers.
KERAS_HUB = """
    CSPNetBackbone DINOV2Backbone DINOV3Backbone DeiTBackbone DenseNetBackbone EfficientNetBackbone
    HGNetV2Backbone MiTBackbone MobileNetBackbone MobileNetV5Backbone
    ResNetBackbone SwinTransformerBackbone VGGBackbone ViTBackbone XceptionBackbone ImageConverter
    BeamSampler ContrastiveSampler GreedySampler RandomSampler TopKSampler TopPSampler
""".split()
KERAS_HUB += [n.replace("Backbone", "ImageConverter") for n in KERAS_HUB if n.endswith("Backbone")]

# Layers that compute what their numbers say: no code, no files, no functions as arguments.
LAYERS = """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
    AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional
    CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
    Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D Dense
    DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU EinsumDense Embedding Flatten GRU GRUCell
    GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GroupNormalization GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization
    LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MultiHeadAttention
    Multiply Normalization PReLU Permute RMSNormalization RNN ReLU RepeatVector Rescaling Reshape
    Resizing ReversibleEmbedding SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax
    SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells
    Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D
""".split()

INITIALIZERS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
    Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
""".split()

# Operations of a functional model on tensors and numbers, such as `x / 255`.
OPERATIONS = """
    Absolute Add BroadcastTo Clip Concatenate Divide Exp ExpandDims FloorDivide GetItem Log Matmul
    Max Maximum Mean Min Minimum Moveaxis Multiply Negative Pad Power Reshape Sqrt Square Squeeze
    Stack Std Subtract Sum Swapaxes Tanh Transpose TrueDivide Var
""".split()
ACTIVATIONS = """
    Elu Gelu HardSigmoid HardSilu LeakyRelu LogSoftmax Relu Relu6 Selu Sigmoid Silu Softmax
    Softplus
""".split()

# Module of a Keras object without a registered name -> the classes it may be.
KERAS = {
    "keras.dtype_policies": ["DTypePolicy", "DTypePolicyMap", "QuantizedDTypePolicy"],
    "keras.layers": LAYERS,
    "keras.initializers": INITIALIZERS,
    "keras.regularizers": ["L1", "L1L2", "L2", "OrthogonalRegularizer"],
    "keras.constraints": ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"],
    "keras.src.models.functional": ["Functional"],
    "keras.src.models.sequential": ["Sequential"],
    "keras": ["DTypePolicy", "Sequential"],
    "keras.src.ops.numpy": OPERATIONS,
    "keras.src.ops.nn": ACTIVATIONS,
}
PLAIN = ("__keras_tensor__", "__ellipsis__", "__slice__", "__tuple__")


def is_known(entry):
    """Tells whether a config's `class_name`, `registered_name` and `module` are of this list.

    All three must agree: Keras goes by the registered name first and by the module next.

    Args:
        entry: dict with `class_name`.
    """
    name, registered = entry["class_name"], entry.get("registered_name")
    module = entry.get("module")
    if not isinstance(name, str):
        return False
    if name in PLAIN:
        return module is None and registered is None
    if not isinstance(module, str):
        return False
    package, _, bare = str(registered or "").rpartition(">")
    if package == "keras_lrcn":
        return bare == name and name in OURS and module.startswith("keras_lrcn.")
    if package == "keras_hub":
        return bare == name and name in KERAS_HUB and module.startswith("keras_hub.")
    return registered in (None, name) and name in KERAS.get(module, ())
