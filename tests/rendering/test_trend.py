"""The pictures of a weekly digest, drawn by the process that draws them."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import pytest
from PIL import Image

from monitor.core.digest import Trend
from monitor.rendering import render_html, render_text
from monitor.rendering.trend import described, summary, with_pictures
from tests.rendering.digests import a_digest, a_drawn_digest, a_weekly_digest

THRESHOLDS = (20, 40, 60, 80)
GAP = Trend(domain="new", deepening=(None,) * 25 + (9.0,), friction=(None,) * 25 + (8.0,))
EMPTY = Trend(domain="none", deepening=(None,) * 26, friction=(None,) * 26)
HIGH = Trend(domain="high", deepening=tuple(map(float, range(70, 96))), friction=(100.0,) * 26)


@pytest.fixture(scope="module")
def drawn() -> tuple[Trend, ...]:
    return with_pictures((*a_weekly_digest().trends, GAP, EMPTY, HIGH), THRESHOLDS)


def test_every_domain_has_a_picture_that_is_sharp_on_a_phone(drawn: tuple[Trend, ...]) -> None:
    for trend in drawn:
        image = Image.open(io.BytesIO(base64.b64decode(trend.picture)))
        assert image.format == "PNG"
        assert image.width >= 2 * 375
        assert "transparency" in image.info


def test_a_line_is_drawn_where_there_are_numbers_and_none_where_there_are_none(
    drawn: tuple[Trend, ...],
) -> None:
    def blue(trend: Trend) -> int:
        pixels = Image.open(io.BytesIO(base64.b64decode(trend.picture))).convert("RGBA")
        return sum(
            count
            for count, (red, _, blueness, alpha) in pixels.getcolors(1 << 20) or ()
            if alpha > 200 and blueness > red + 100
        )

    whole, gap, empty = blue(drawn[0]), blue(drawn[5]), blue(drawn[6])
    assert whole > 5 * gap > 0
    assert empty == 0


def test_all_pictures_of_a_mail_stay_below_60_kilobytes(drawn: tuple[Trend, ...]) -> None:
    assert sum(len(base64.b64decode(trend.picture)) for trend in drawn[:5]) < 60_000


def test_the_same_numbers_give_the_same_bytes(drawn: tuple[Trend, ...]) -> None:
    again = with_pictures([replace(trend, picture="") for trend in drawn], THRESHOLDS)
    assert again == drawn


@pytest.mark.parametrize(
    "worker",
    [
        ("-c", "raise SystemExit(1)"),
        ("-c", "import os; os.kill(os.getpid(), 9)"),
        ("-c", "print('no JSON')"),
        ("-c", "print('[]')"),
        ("-m", "monitor.rendering.no_such_picture"),
    ],
)
def test_where_nothing_can_be_drawn_the_trends_are_told_without_pictures(worker: tuple[str, str]) -> None:
    trends = a_weekly_digest().trends
    assert with_pictures(trends, THRESHOLDS, worker) == trends


def test_the_html_shows_each_picture_with_its_numbers_in_words() -> None:
    html = render_html(a_drawn_digest())
    assert html.count('<img src="cid:trend-') == 5
    assert 'src="cid:trend-global-influence@entente"' in html
    assert "could not be drawn" not in html
    for trend in a_drawn_digest().trends:
        assert described(trend, "")[2:40] in html


def test_without_pictures_the_numbers_stand_in_the_text() -> None:
    html = render_html(a_weekly_digest())
    assert "<img" not in html
    assert html.count("The picture could not be drawn.") == 5
    assert "Friction: none, none" in html


def test_a_digest_of_a_day_has_no_trend() -> None:
    assert "weeks</h2>" not in render_html(a_digest())
    assert "WEEKS" not in render_text(a_digest()).replace("7 weeks", "")


def test_the_text_part_has_the_trend_in_characters() -> None:
    text = render_text(a_weekly_digest())
    assert "THE LAST 26 WEEKS" in text
    assert "Global influence ····················▂▂▃▃▂▂\n" in text


def test_a_trend_in_words() -> None:
    two = Trend(domain="d", deepening=(None, 10.0, 50.0, 40.0), friction=(None, None, None, 3.0))
    assert summary(two) == "deepening 10 to 40, highest 50; friction baseline forming"
    assert described(two, "Defense") == (
        "Defense, index by week, oldest first. Deepening: none, 10, 50, 40. Friction: none, none, none, 3."
    )
