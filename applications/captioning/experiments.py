"""The captioners that this folder trains, one row each."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One captioner and how it is trained; the defaults are those of the shipped preset."""

    paper: str  # the row or statement of the paper that it answers
    num_layers: int = 2
    factored: bool = True
    cell: str = "lstm"
    units: int = 448
    embedding_dim: int = 256
    visual_units: int = 448
    dropout: float = 0.5
    visual_dropout: float = 0.3
    label_smoothing: float = 0.1
    language_epochs: int = 0
    frozen_epochs: int = 4
    finetune_epochs: int = 0
    self_critical_epochs: int = 0
    fluency_epochs: int = 0
    batch_size: int = 128


SHIPPED = "lrcn2f_efficientnet_lite0_flickr8k"

EXPERIMENTS = {
    SHIPPED: Experiment(
        paper="Sec. 5, LRCN-2f fine-tuned; Table 6",
        language_epochs=1,
        frozen_epochs=6,
        finetune_epochs=10,
        self_critical_epochs=24,
        fluency_epochs=6,
    ),
    "lrcn1u": Experiment(paper="Table 6, LRCN-1u", num_layers=1, factored=False),
    "lrcn2u": Experiment(paper="Table 6, LRCN-2u", factored=False),
    "lrcn2f": Experiment(paper="Table 6, LRCN-2f"),
    "rnn2f": Experiment(paper="Table 6, RNN-2f", cell="rnn"),
}


@dataclasses.dataclass(frozen=True)
class PaperExperiment(Experiment):
    """A captioner trained on pixels; the defaults are the authors' `lrcn.prototxt` and solvers."""

    data: str = "coco"  # the folder in DATA
    cnn: str = "caffenet"  # the preset in `DATA/encoders`, an `ImageEncoder` that ends in fc8
    photo_size: int = 256  # pixels that photos are squashed to; crops are as large as the CNN takes
    pixel_scale: float = 1.0
    pixel_offset: tuple = (-123.0, -117.0, -104.0)  # minus the mean of red, green, blue
    resizing: str = "lrcn"  # of photos to describe
    units: int = 1000
    embedding_dim: int = 1000
    dropout: float = 0.0
    visual_dropout: float = 0.0
    label_smoothing: float = 0.0
    min_count: int = 5  # of the vocabulary's words
    length: int = 20  # words of a caption with <eos>
    frozen_epochs: int = 27  # 110,000 iterations of 100 of COCO's 414,000 captions
    finetune_epochs: int = 0
    batch_size: int = 100
    authors_solver: bool = True  # or Adam
    rate: float = 0.01
    clip: float = 10.0  # of the gradient's norm
    finetune_rate: float = 0.001
    finetune_clip: float = 25.0


VARIANTS = {
    "RNN-2f": {"cell": "rnn"},
    "LRCN-1u": {"num_layers": 1, "factored": False},
    "LRCN-2u": {"factored": False},
    "LRCN-2f": {},
}


def _paper_experiments(cnn, data, variants, finetune_epochs=0, **options):
    """Rows of a CNN and a data set; LRCN-2f alone is fine-tuned, as in the paper."""
    return {
        f"{variant.lower().replace('-', '')}_{cnn}_{data}": PaperExperiment(
            paper=f"{'Tables 5 and 6' if data == 'coco' else 'Table 4'}, {cnn}, {variant}",
            cnn=cnn,
            data=data,
            finetune_epochs=finetune_epochs if variant == "LRCN-2f" else 0,
            **{**options, **VARIANTS[variant]},
        )
        for variant in variants
    }


FULL = {
    # 50,000 iterations to fine-tune; Flickr30k's 145,000 captions make shorter epochs.
    **_paper_experiments("caffenet", "coco", VARIANTS, finetune_epochs=12),
    **_paper_experiments("vgg16", "coco", VARIANTS, finetune_epochs=12),
    **_paper_experiments("caffenet", "flickr30k", ["LRCN-2f"], frozen_epochs=76),
    **_paper_experiments("vgg16", "flickr30k", ["LRCN-2f"], frozen_epochs=76),
}

TOY = _paper_experiments(
    "small_cnn",
    "coco",
    VARIANTS,
    photo_size=32,
    pixel_offset=(0.0, 0.0, 0.0),
    resizing="bicubic",
    units=64,
    embedding_dim=32,
    min_count=1,
    frozen_epochs=8,
    finetune_epochs=3,
    batch_size=50,
    authors_solver=False,
    rate=4e-3,
    clip=5.0,
    finetune_rate=1e-3,
    finetune_clip=5.0,
)
