"""A crew of processes on this machine that do the same thing at the same time; each keeps its state between calls."""

import contextlib
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

Each = Callable[..., list[Any]]  # (name of a method, arguments) -> what each member returned


@contextlib.contextmanager
def crew(kind: type, members: int) -> Iterator[Each]:
    """Starts `members` processes with an object of `kind` each; yields what calls a method on all of them at once.

    Members end with this process, whatever ends it: their pipe breaks. Raises RuntimeError when a member fails.
    """
    context = multiprocessing.get_context("spawn")  # a forked PyTorch with threads can hang
    pipes, started = [], []
    for _ in range(members):
        mine, theirs = context.Pipe()
        started.append(context.Process(target=_serve, args=(theirs, kind)))
        started[-1].start()
        theirs.close()
        pipes.append(mine)

    def each(method: str, *arguments: Any) -> list[Any]:
        for pipe in pipes:
            pipe.send((method, arguments))
        answers = [_answer(pipe) for pipe in pipes]
        failed = [error for error, _ in answers if error]
        if failed:
            raise RuntimeError(f"{kind.__name__}.{method}{arguments} failed in its process:\n{failed[0]}")
        return [result for _, result in answers]

    try:
        yield each
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that started us decides
    member = kind()
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = "", getattr(member, method)(*arguments)
        except Exception:
            answer = traceback.format_exc(), None
        pipe.send(answer)
