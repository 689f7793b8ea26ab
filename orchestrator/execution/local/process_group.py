"""Processes on this machine that run the same method at the same time; each keeps its state between calls."""

import contextlib
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

CallEach = Callable[..., list[Any]]  # (name of a method, arguments) -> what it returned in each process


@contextlib.contextmanager
def process_group(kind: type, number: int) -> Iterator[CallEach]:
    """Starts `number` processes with an object of `kind` each; yields what calls a method on all of them at once.

    The processes end with this one, whatever ends it: their pipe breaks. Raises RuntimeError when one of them fails.
    """
    context = multiprocessing.get_context("spawn")  # a forked PyTorch with threads can hang
    pipes, started = [], []
    for _ in range(number):
        mine, theirs = context.Pipe()
        started.append(context.Process(target=_serve, args=(theirs, kind)))
        started[-1].start()
        theirs.close()
        pipes.append(mine)

    def call_each(method: str, *arguments: Any) -> list[Any]:
        for pipe in pipes:
            pipe.send((method, arguments))
        answers = [_answer(pipe) for pipe in pipes]
        failed = [error for error, _ in answers if error]
        if failed:
            raise RuntimeError(f"{kind.__name__}.{method}{arguments} failed in its process:\n{failed[0]}")
        return [result for _, result in answers]

    try:
        yield call_each
    finally:
        for process in started:
            process.terminate()
            process.join()


def _answer(pipe: Connection) -> tuple[str, Any]:
    try:
        answer: tuple[str, Any] = pipe.recv()
    except EOFError:
        return "the process was killed; did the machine run out of memory?", None
    return answer


def _serve(pipe: Connection, kind: type) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that started them decides
    target = kind()
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = "", getattr(target, method)(*arguments)
        except Exception:
            answer = traceback.format_exc(), None
        pipe.send(answer)
