"""One function over many files in several processes, of which any may die of a bad file."""

import concurrent.futures
import faulthandler
import multiprocessing
import os
import queue
import signal
import sys
import threading
from concurrent.futures.process import BrokenProcessPool


class ProcessDied(Exception):
    """The process that worked on something has ended: a crash in a decoder, or out of memory."""


def in_processes(function, jobs, workers, seconds=None):
    """Calls a function for each job, several at a time.

    Python starts the processes afresh, so with more than one worker a script needs the usual
    `if __name__ == "__main__":`, and `function` must be one of a module.

    Args:
        function: function of one job.
        jobs: list.
        workers: int, processes; 1 works in this one, unless `seconds` are given.
        seconds: optional float; a job that takes longer costs its process, as a crash does.

    Yields:
        Tuples of a job and what the function returned, in the order they are done; or a
        `ProcessDied` in place of the latter, which costs this job only.
    """
    if workers == 1 and seconds is None:
        yield from ((job, function(job)) for job in jobs)
        return
    processes = queue.SimpleQueue()
    for _ in range(workers):
        processes.put(_one_process())

    def attempt(job):
        process = processes.get()
        try:
            return process.submit(_limited, function, job, seconds).result()
        except BrokenProcessPool as error:
            process = _one_process()
            return ProcessDied(str(error))
        finally:
            processes.put(process)

    threads = concurrent.futures.ThreadPoolExecutor(workers)
    try:
        waiting = {threads.submit(attempt, job): job for job in jobs}
        for done in concurrent.futures.as_completed(waiting):
            yield waiting[done], done.result()
    finally:
        threads.shutdown(cancel_futures=True)
        while not processes.empty():
            processes.get().shutdown()


def _limited(function, job, seconds):
    """Ends this process after some seconds, even where it never comes back from C code."""
    if seconds is None:
        return function(job)
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return function(job)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _one_process():
    context = multiprocessing.get_context("spawn")  # a fork of TensorFlow may wait for ever
    return concurrent.futures.ProcessPoolExecutor(1, context, initializer=_start)


def _start():
    # Ctrl-C: what was being written is tidied away, and no traceback shown.
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        import cv2

        cv2.setNumThreads(1)  # there is a process for each core already
    except ImportError:
        pass


def _end_with_parent():
    """Python's process pools wait for ever where the program above them is killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
