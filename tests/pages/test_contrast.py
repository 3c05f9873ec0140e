"""Every colour of the theme, of the states and of the style can be read on what it stands on."""

import re
import tomllib
from pathlib import Path

import pytest

from hsl.settings import ROOT
from pages.parts import show

TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2 AA: texts, and shapes that mean something
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
STYLE = Path(show.__file__).with_name("style.css").read_text("utf-8")
SIDES = ["light", "dark"]
TINTED = ["blue", "green", "orange", "red", "yellow"]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def grounds(side: str) -> list[str]:
    """What texts stand on: the page, its fields, the sidebar and its fields."""
    theme = THEME[side]
    names = ("backgroundColor", "secondaryBackgroundColor")
    return [theme[name] for name in names] + [theme["sidebar"][name] for name in names]


def of_style(name: str, side: str) -> str:
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", STYLE)
    assert found is not None, name
    return found[1 + SIDES.index(side)]


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("side", SIDES)
def test_texts_and_links(side: str) -> None:
    theme = THEME[side]
    for name in ("textColor", "linkColor", "grayTextColor"):
        for ground in grounds(side):
            assert contrast(theme[name], ground) >= TEXT, (name, ground)


@pytest.mark.parametrize("side", SIDES)
def test_a_primary_buttons_white_words(side: str) -> None:
    assert contrast("#FFFFFF", THEME[side]["primaryColor"]) >= TEXT


@pytest.mark.parametrize("side", SIDES)
def test_a_primary_buttons_shape_on_the_page(side: str) -> None:
    for ground in grounds(side)[:3]:
        assert contrast(THEME[side]["primaryColor"], ground) >= SHAPE


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("hue", TINTED)
def test_notes_and_badges(side: str, hue: str) -> None:
    theme = THEME[side]
    words, ground = theme[f"{hue}TextColor"], theme[f"{hue}BackgroundColor"]
    assert contrast(words, ground) >= TEXT
    assert contrast(theme["linkColor"], ground) >= TEXT
    assert contrast(words, theme["backgroundColor"]) >= TEXT


@pytest.mark.parametrize("side", SIDES)
def test_quiet_words_problems_and_the_ring_of_the_keys(side: str) -> None:
    panel = of_style("hsl-panel", side)
    for ground in [*grounds(side), panel]:
        assert contrast(of_style("hsl-dim", side), ground) >= TEXT, ground
        assert contrast(of_style("hsl-problem", side), ground) >= TEXT, ground
        assert contrast(of_style("hsl-focus", side), ground) >= SHAPE, ground


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("status", sorted(show.SHAPES))
def test_the_shapes_of_states(side: str, status: str) -> None:
    ink = show.INK[status][SIDES.index(side)]
    for ground in grounds(side)[:2]:
        assert contrast(ink, ground) >= TEXT, ground


def test_every_state_has_a_shape_a_word_a_fill_and_an_ink() -> None:
    assert show.SHAPES.keys() == show.WORDS.keys() == show.COLOURS.keys() == show.INK.keys()
