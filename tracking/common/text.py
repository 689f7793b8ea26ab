"""Text for people: what comes from files is made safe to show; times, durations, sizes and numbers are spelled out."""

import math
import time
from collections.abc import Sequence


def printable(text: str) -> str:
    """The text with every character that could steer a terminal spelled out; line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def duration(seconds: float) -> str:
    """Seconds in words: 45 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else "under 1 s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )


def number(value: float, digits: int = 4) -> str:
    """A result in four digits, a whole number as one: 0.031416 -> '0.03142', 1338.0 -> '1,338'."""
    whole = abs(value) < 1e9 and float(value).is_integer()
    return f"{value:,.0f}" if whole else f"{value:.{digits}g}"


def count_of(count: int, noun: str, several: str = "") -> str:
    """A number of things: 1 trial, 1,200 trials. `several`: the plural, where it is not the noun and an s."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def rounded(values: Sequence[float], scale: float) -> list[str]:
    """Numbers with two significant digits of their scale: 0.03142 and 2.5 at a scale of 0.012 -> '0.031', '2.500'.
    At most five
    significant digits in all. Small and large ones have exponents."""
    largest = max(map(abs, values))
    digits = min(1 - math.floor(math.log10(scale)), 4 - math.floor(math.log10(largest)))
    if 1e-3 <= largest < 1e6:
        return [f"{round(value, digits) + 0.0:,.{max(digits, 0)}f}" for value in values]
    return [f"{value:.{max(digits + math.floor(math.log10(largest)), 1)}e}" for value in values]


def date_and_time(ms: int) -> str:
    """Milliseconds since 1970 as date and time of this machine: 2026-11-25 19:30:33."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ms / 1000))


def size(count: int) -> str:
    """Bytes in four digits at most: 999 B, 1.2 kB, 45 MB, 3.1 GB."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{count} B" if unit == "B" else f"{value:.3g} {unit}" if value < 99.5 else f"{value:.0f} {unit}"
