"""An endless stream needs no more memory than a short one."""

import pytest

from benchmarks.streaming import measure, tiny_model


@pytest.mark.slow
def test_ten_thousand_frames_need_less_than_five_megabytes_more():
    memory, seconds, _ = measure(tiny_model(), num_frames=10_000)
    assert len(seconds) == 10_000 and memory[0] > 50e6
    assert memory[-1] - memory[0] < 5e6
