"""The peer: CPython's own tools. Measures on request, a line each, until its input ends. Microseconds a time."""

import multiprocessing
import os
import signal
import sys
import time

context = multiprocessing.get_context("fork")


def microseconds(work):
    begin = time.perf_counter()
    work()
    return 1e6 * (time.perf_counter() - begin)


def pipe(times, *_):
    here, there = context.Pipe()

    def echo():
        here.close()
        try:
            while True:
                there.send(there.recv())
        except EOFError:
            pass

    child = context.Process(target=echo)
    child.start()
    there.close()

    def trips():
        for number in range(times):
            here.send(number)
            assert here.recv() == number

    us = microseconds(trips)
    here.close()
    child.join()
    return us / times


def queue(times, *_):
    numbers = context.Queue()

    def fill():
        for number in range(times):
            numbers.put(number)

    child = context.Process(target=fill)
    child.start()

    def empty():
        for number in range(times):
            assert numbers.get() == number

    us = microseconds(empty)
    child.join()
    return us / times


def array(_, count, *__):
    numbers = context.Array("Q", range(count))
    seen = []
    us = microseconds(lambda: seen.append(numbers[:]))
    assert seen[0][-1] == count - 1
    return us


def append(_, __, clients, appends):
    with context.Manager() as manager:
        items = manager.list()
        start = context.Semaphore(0)

        def work():
            start.acquire()
            for _ in range(appends):
                items.append("7")

        children = [context.Process(target=work) for _ in range(clients)]
        for child in children:
            child.start()

        def all_of_them():
            for _ in children:
                start.release()
            for child in children:
                child.join()

        us = microseconds(all_of_them)
        assert len(items) == clients * appends
    return us / appends


def taken(lock, times):
    def take():
        for _ in range(times):
            with lock:
                pass

    return microseconds(take) / times


def lock(times, *_):
    return taken(context.Lock(), times)


def semaphore(times, *_):
    return taken(context.Semaphore(1), times)


measures = {work.__name__: work for work in (pipe, queue, append, array, lock, semaphore)}
os.write(1, ("%d.%d.%d\n" % sys.version_info[:3]).encode())
for request in iter(sys.stdin.readline, ""):
    what, *numbers = request.split()
    signal.alarm(60)
    us = measures[what](*map(int, numbers))
    signal.alarm(0)
    os.write(1, f"{us:.4f}\n".encode())
