import functools
import http.server
import threading

import numpy as np
import pytest

from keras_lrcn.data import VideoError, iter_video, read_video
from keras_lrcn.data.video_opencv import is_live
from tests.reference.video_files import moving_squares, write_video

pytest.importorskip("cv2")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Address of a server for the files in `tmp_path`."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *args: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_is_a_stream(tmp_path, server):
    path = write_video(tmp_path / "clip.ts", moving_squares(40))
    frames, seconds = zip(*iter_video(f"{server}/clip.ts", size=(30, 40)), strict=True)
    np.testing.assert_array_equal(frames, read_video(path, size=(30, 40)).frames)
    assert seconds[0] == 0 and (np.diff(seconds) >= 0).all()  # the clock on the wall


@pytest.mark.parametrize("source", ["camera:99", 99, "http://127.0.0.1:9/gone.mp4"])
def test_a_source_that_does_not_answer_is_named(source, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(VideoError, match=f"{source}: no camera or stream answers"):
        next(iter_video(source))


def test_cameras_and_addresses_are_told_from_files():
    assert all(map(is_live, [0, "camera:0", "rtsp://host/a", "http://host/a", "https://host/a"]))
    assert not any(map(is_live, ["a.mp4", "camera.mp4", "http.mp4", "folder/camera:0"]))
