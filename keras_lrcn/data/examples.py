"""What every caption reader returns: one image file and the sentences that people wrote for it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class CaptionedImage:
    """One image and its reference captions.

    Args:
        image_id: str, the file name or the data set's own id.
        path: str, the image file. It need not exist until its pixels are read.
        captions: strings, the references as the data set has them, not tokenized.
    """

    image_id: str
    path: str
    captions: tuple[str, ...]
