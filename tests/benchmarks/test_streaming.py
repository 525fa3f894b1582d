"""An endless stream needs no more memory than a short one."""

import concurrent.futures
import multiprocessing

import pytest

from benchmarks.streaming import measure, tiny_model


@pytest.mark.slow
def test_ten_thousand_frames_need_less_than_five_megabytes_more():
    # In a process of its own: what other tests leave behind is given back at any time.
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        memory, num_steps = pool.submit(memory_of, 10_000).result()
    assert num_steps == 10_000 and memory[0] > 50e6
    assert memory[-1] - memory[0] < 5e6


def memory_of(num_frames):
    memory, seconds, _ = measure(tiny_model(), num_frames=num_frames)
    return memory, len(seconds)
