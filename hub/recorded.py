"""What the authors recorded of their network `RGB_lstm_model_iter_30000.caffemodel`.

Reference: `LRCN_evaluate/check_dict.p` of LisaAnne/lisa-caffe-public. Its largest values of the
CNN's weights are the smallest again, so they are left out.
"""

VIDEOS = {"juggling": "v_JugglingBalls_g01_c02", "parade": "v_MilitaryParade_g05_c03"}
WEIGHTS = {  # (smallest, largest); `None` where the recorded figure is not one
    "conv1 weight": (-0.254581511, None),
    "conv1 bias": (-0.755507648, None),
    "conv2 weight": (-0.116672292, None),
    "conv2 bias": (0.052054338, None),
    "conv3 weight": (-0.108223818, None),
    "conv3 bias": (0.043545835, None),
    "conv4 weight": (-0.083674915, None),
    "conv4 bias": (-0.092017822, None),
    "conv5 weight": (-0.073558941, None),
    "conv5 bias": (-0.260592550, None),
    "fc6 weight": (-0.016757634, None),
    "fc6 bias": (0.014761488, None),
    "lstm1 weight": (-0.017594324, 0.019193152),
    "lstm1 bias": (-0.001662708, 0.002105754),
    "lstm1 recurrent": (-0.012802080, 0.012235779),
    "fc8-final weight": (-0.111130916, 0.115036882),
    "fc8-final bias": (-0.217259407, 0.235253602),
}
FRAMES = {  # number of frames, and means of the first, the sixteenth and the last
    "juggling": (248, 129.082608, 128.947157, 128.099709),
    "parade": (85, 88.115625, 87.156819, 94.982595),
}
BLOBS = ("data", "conv1", "norm1", "conv2", "norm2", "conv3", "conv4", "conv5", "fc6")
ACTIVATIONS = {  # largest value of each of `BLOBS` for the first frame
    "juggling": (
        *(151.061, 1409.36938, 138.331131, 216.266632, 124.565742),
        *(128.561783, 69.1969985, 38.1714096, 19.9528198),
    ),
    "parade": (
        *(126.320, 1083.11792, 138.606430, 229.603195, 130.007629),
        *(140.400101, 54.8229637, 29.5668182, 19.3482170),
    ),
}
CLIP = {  # (smallest, largest) over the first sixteen frames; the authors kept them of one video
    "lstm1": (-0.999205351, 0.999141812),
    "fc8-final": (-3.43933535, 6.23402023),
    "probabilities": (3.16554797e-05, 0.462676644),
}
