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
    batch_size: int = 128


SHIPPED = "lrcn2f_efficientnet_lite0_flickr8k"

EXPERIMENTS = {
    SHIPPED: Experiment(
        paper="Sec. 5, LRCN-2f fine-tuned; Table 6",
        language_epochs=1,
        frozen_epochs=5,
        finetune_epochs=4,
        self_critical_epochs=12,
    ),
    "lrcn1u": Experiment(paper="Table 6, LRCN-1u", num_layers=1, factored=False),
    "lrcn2u": Experiment(paper="Table 6, LRCN-2u", factored=False),
    "lrcn2f": Experiment(paper="Table 6, LRCN-2f"),
    "rnn2f": Experiment(paper="Table 6, RNN-2f", cell="rnn"),
}
