"""Places where a crash can be provoked: between every two steps of a commit, of a lease and of the mirror.

    SWEEP_FAILPOINTS="commit.manifest_renamed=kill@3,mirror.*=raise@1"

kills this process (SIGKILL) the third time it reaches `commit.manifest_renamed`, and raises "no space left on device"
the first time it reaches any place of the mirror. `stop` suspends the process (SIGSTOP) as a machine that hangs would;
`slow@3` makes the third time and every later one take a second, as a slow disk would: how far a run then gets while
somebody looks does not depend on the machine.
`*=kill@n` for n = 1, 2, 3, ... until a run is not killed tries every place. Each process counts by itself.
"""

import errno
import fnmatch
import functools
import os
import re
import signal
import threading
import time
from collections import Counter
from typing import NamedTuple

from tracking.common.errors import Refused

VARIABLE = "SWEEP_FAILPOINTS"
_RULE = re.compile(r"([\w.*]+)=(kill|stop|raise|slow)@([1-9]\d*)")
SLOW_S = 1.0
_sleep = time.sleep
_count: Counter[str] = Counter()
_counting = threading.Lock()


class _Rule(NamedTuple):
    pattern: str
    action: str
    at: int


def reached(name: str) -> None:
    """Says that this process has come to the place `name`; nothing happens unless the environment asks for it.

    Raises OSError (ENOSPC) where that is asked for, Refused for rules that cannot be read.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return
    for rule in _rules(text):
        if fnmatch.fnmatchcase(name, rule.pattern):
            with _counting:  # the mirror asks a server from several threads
                _count[rule.pattern] += 1
                times = _count[rule.pattern]
            if times == rule.at and rule.action != "slow":
                _act(rule.action, name)
            elif times >= rule.at and rule.action == "slow":
                _sleep(SLOW_S)


@functools.cache
def _rules(text: str) -> tuple[_Rule, ...]:
    found = [_RULE.fullmatch(part.strip()) for part in text.split(",")]
    if not all(found):
        actions = "name=kill@n, name=stop@n, name=raise@n or name=slow@n"
        raise Refused(f"{VARIABLE} must be {actions}, with commas between; got '{text}'")
    return tuple(_Rule(match[1], match[2], int(match[3])) for match in found if match)


def _act(action: str, name: str) -> None:
    if action == "raise":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"failpoint {name}")
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
