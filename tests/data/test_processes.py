"""Work in several processes outlives any of them."""

import os
import time

import pytest

from keras_lrcn.data.processes import ProcessDied, in_processes


def double_or_die(number):
    if number == 3:
        os._exit(1)
    return 2 * number


def fail(number):
    raise OSError("disk full")


def test_every_job_is_done_but_the_one_that_ends_its_process():
    results = dict(in_processes(double_or_die, list(range(8)), workers=2))
    assert isinstance(results.pop(3), ProcessDied)
    assert results == {number: 2 * number for number in range(8) if number != 3}


def test_one_worker_works_in_this_process():
    seen = []
    jobs = in_processes(lambda number: seen.append(number), [1, 2], workers=1)
    assert list(jobs) == [(1, None), (2, None)] and seen == [1, 2]


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_of_the_function_end_the_work(workers):
    with pytest.raises(OSError, match="disk full"):
        list(in_processes(fail, list(range(8)), workers))


def test_a_job_that_hangs_ends_with_its_process():
    start = time.monotonic()
    results = dict(in_processes(time.sleep, [0.01, 600, 0.02], workers=1, seconds=3))
    assert time.monotonic() - start < 60
    assert results[0.01] is None and results[0.02] is None
    assert isinstance(results[600], ProcessDied)
