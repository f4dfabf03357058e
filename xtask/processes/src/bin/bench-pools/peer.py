"""The peer: CPython's own pool. Measures on request, a line each, until its input ends."""

import multiprocessing
import os
import signal
import sys
import time


def square(number):
    return number * number


def started(workers):
    return multiprocessing.get_context("fork").Pool(workers)


def q8(workers):
    begin = time.perf_counter()
    pool = started(workers)
    before = time.perf_counter()
    results = pool.map(square, range(1, 11))
    after = time.perf_counter()
    pool.close()
    pool.join()
    end = time.perf_counter()
    assert results == [square(number) for number in range(1, 11)]
    return end - begin, after - before


def tiny(workers, tasks, **chunk):
    with started(workers) as pool:
        pool.map(square, range(workers))  # all have been started
        begin = time.perf_counter()
        results = pool.map(square, range(tasks), **chunk)
        end = time.perf_counter()
    assert results == [square(number) for number in range(tasks)]
    return (end - begin,)


def answer(*seconds):
    line = " ".join(f"{1e6 * s:.3f}" for s in seconds)
    os.write(1, (line + "\n").encode())


os.write(1, ("%d.%d.%d\n" % sys.version_info[:3]).encode())
for request in iter(sys.stdin.readline, ""):
    what, workers, tasks = request.split()
    signal.alarm(60)
    if what == "q8":
        answer(*q8(int(workers)))
    elif what == "each":
        answer(*tiny(int(workers), int(tasks), chunksize=1))
    else:
        answer(*tiny(int(workers), int(tasks)))
    signal.alarm(0)
