"""The look of the HTML report: colours that can be read in both schemes, and nothing from elsewhere."""

import re
from itertools import chain

import pytest

from perfana_support.reports.stylesheet import STYLESHEET


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in STYLESHEET.split("@media screen", 2)[:2])
    assert set(light) == set(dark)
    assert "prefers-color-scheme: dark" in STYLESHEET
    return {"light": light, "dark": dark}


def _contrast(one: str, other: str) -> float:
    """The ratio of two colours by WCAG 2: (L1 + 0.05) / (L2 + 0.05) of their relative luminances."""

    def luminance(colour: str) -> float:
        parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dim, bright = sorted(map(luminance, (one, other)))
    return (bright + 0.05) / (dim + 0.05)


TONES = ("good", "risk", "bad", "unclear", "info", "aside")
TEXT_ON = [
    *(("text", ground) for ground in ("ground", "panel", *(f"{tone}-ground" for tone in TONES))),
    *(("muted", "ground"), ("link", "ground"), ("muted", "aside-ground")),
    *chain.from_iterable(((tone, f"{tone}-ground"), (tone, "ground")) for tone in TONES),
]
OUTLINE_ON = [(line, ground) for line in ("outline", *TONES, "link") for ground in ("ground", "panel")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT_ON)
def test_contrast_of_text_is_aa(scheme: str, front: str, back: str) -> None:
    colours = _schemes()[scheme]
    assert _contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), OUTLINE_ON)
def test_contrast_of_outlines_is_aa(scheme: str, front: str, back: str) -> None:
    colours = _schemes()[scheme]
    assert _contrast(colours[front], colours[back]) >= 3


def test_contrast_of_black_on_white() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_colour_is_one_of_those() -> None:
    rules = STYLESHEET.rpartition("--aside-ground: ")[2].partition("}")[2]
    assert not re.search(r"#[0-9a-f]{3}|rgb|hsl", rules)
    used = set(re.findall(r"var\(--([\w-]+)\)", STYLESHEET))
    assert used <= {*_schemes()["light"], "tone", "tone-ground"}


def test_nothing_is_loaded() -> None:
    assert not re.search(r"url\(|@import|https?:|//|<", STYLESHEET)
