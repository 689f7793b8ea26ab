"""Texts in any script: a font of the machine that has the characters is used, and what none has is said once."""

import logging
import warnings
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font

from tracking.plotting.save import save
from tracking.plotting.style import glyphs
from tracking.plotting.style.glyphs import fallbacks, in_style, lacking
from tracking.plotting.style.style import style

ORDINARY = "Größe λ ρ ≥ ‖W‖ é ł Ж"
OTHER = "\u2900\u210a"  # arrows and letters of fonts that come with Matplotlib, and that DejaVu Sans lacks


def titled(text: str) -> Figure:
    figure = Figure()
    figure.suptitle(text)
    return figure


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "_named", set())


def used() -> tuple[str, ...]:
    with matplotlib.rc_context(style()):
        return tuple(matplotlib.rcParams["font.family"])


def test_what_the_fonts_of_figures_have_needs_no_other() -> None:
    assert lacking([ORDINARY, "a\nb\t\u200b"], used()) == frozenset()
    with in_style(lambda: titled(ORDINARY)):
        assert tuple(matplotlib.rcParams["font.family"]) == used()


def test_a_font_that_has_the_characters_is_used(caplog: pytest.LogCaptureFixture) -> None:
    lost = lacking([OTHER], used())
    assert lost == set(OTHER)
    has = {
        name: set(map(chr, FT2Font(findfont(FontProperties(family=[name]))).get_charmap())) for name in fallbacks(lost)
    }
    assert set(OTHER) <= set().union(*has.values()) and not any("Last Resort" in name for name in has)
    with in_style(lambda: titled(OTHER)) as made:
        assert set(has) < {*matplotlib.rcParams["font.family"]}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made.draw_without_rendering()
    assert caplog.messages == []


def test_what_no_font_has_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for name in ("one", "two"):
            files = save(lambda: titled("a \u0378 b"), tmp_path, name)
    assert [message.count("U+0378") for message in caplog.messages] == [1]
    assert "no font of this machine has" in caplog.text and "boxes" in caplog.text
    assert "\u0378" in Path(files["svg"]).read_text("utf-8")  # a viewer may have it


def test_each_character_is_looked_for_by_itself() -> None:
    assert fallbacks(frozenset({"\u0378"})) == ()
    assert fallbacks(frozenset({"\u0378", "\u2900"})) == fallbacks(frozenset({"\u2900"})) != ()
