"""What was found when a file that is found by name was put to the test of the contract of its kind."""

from typing import NamedTuple


class Check(NamedTuple):
    """One part of the contract in words, and what is wrong; `problem` is "" where it is kept."""

    about: str
    problem: str = ""
