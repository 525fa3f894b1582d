"""Video files through tensorflow-io, decoded inside the TensorFlow graph."""

from keras_lrcn.data.container_size import missing_bytes
from keras_lrcn.data.frame_folders import DEFAULT_RATE
from keras_lrcn.data.video_source import Moment, VideoError, VideoSource, check_video_file


class TfioSource(VideoSource):
    """The frames of a video file; tensorflow-io tells neither times nor damage.

    Frames count as 1/25 s apart; pictures are not turned upright; the whole video is in memory
    at its native size.
    """

    step = 1 / DEFAULT_RATE

    def __iter__(self):
        import_tfio()
        import tensorflow as tf

        check_video_file(self.path)
        if missing_bytes(self.path):
            self.damage.note("the file is cut")
        try:
            frames = decode_in_graph(self.path).numpy()
        except tf.errors.OpError as error:
            cause = f"no video that tensorflow-io can decode ({error.message})"
            causes = "; ".join([*self.damage.texts(), cause])
            raise VideoError(self.path, causes, "Fetch the file again") from error
        for number, pixels in enumerate(frames):
            yield Moment(number * self.step, lambda pixels=pixels: pixels)


def decode_in_graph(path):
    """Decodes a video file with TensorFlow ops alone, for use inside `tf.data.Dataset.map`.

    Args:
        path: string tensor, the file.

    Returns:
        uint8 tensor `(time, height, width, 3)`, RGB; none of the sizes is known in advance.

    Raises:
        tf.errors.InvalidArgumentError: there is no video in the file.

    Example:
    ```python
    videos = tf.data.Dataset.from_tensor_slices(files).map(decode_in_graph)
    ```
    """
    tfio = import_tfio()
    import tensorflow as tf

    try:
        return tfio.experimental.ffmpeg.decode_video(tf.io.read_file(path), 0)
    except NotImplementedError as error:
        raise ImportError(
            "tensorflow-io finds no FFmpeg. Put the libraries of FFmpeg 4 (`libavformat.so.58`, "
            "`libavcodec.so.58`, `libavutil.so.56`, `libswscale.so.5`) on LD_LIBRARY_PATH, beside "
            'TensorFlow 2.16, or use `decoder="pyav"`.'
        ) from error


def import_tfio():
    """Returns the module `tensorflow_io`, or says how to install it."""
    try:
        import tensorflow_io
    except ImportError as error:
        raise ImportError(
            '`decoder="tfio"` needs tensorflow-io, which fits TensorFlow 2.16; KerasHub wants a '
            'later one. In an environment of its own: `pip install "tensorflow==2.16.*" '
            "tensorflow-io==0.37.1 pillow tqdm` and `pip install --no-deps keras-lrcn`."
        ) from error
    return tensorflow_io
