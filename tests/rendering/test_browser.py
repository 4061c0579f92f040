"""The digest in a real browser: nothing runs, nothing is fetched, and a phone needs no sideways scrolling."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from monitor.core.digest import Digest
from monitor.rendering import render_html
from tests.rendering.digests import a_development, a_digest, a_drawn_digest, a_quote, a_rich_digest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--virtual-time-budget=2000",
)
MEASURE = """<body style="margin:0">
<iframe id="mail" style="width:{width}px;height:900px;border:0" srcdoc="{html}"></iframe>
<script>onload = () => {{
  const page = document.getElementById("mail").contentDocument;
  const found = {{
    wide: page.documentElement.scrollWidth,
    hurt: window.XSSMARK || page.defaultView.XSSMARK || 0,
    marks: page.querySelectorAll("b.mark").length,
    remote: page.querySelectorAll("img,script,link,iframe,object,video").length,
  }};
  document.title = "found " + Object.entries(found).flat().join(" ");
}}</script></body>"""


@pytest.fixture
def chromium() -> str:
    if CHROMIUM:
        return CHROMIUM
    if os.environ.get("CI"):
        pytest.fail("CI must look at the digest in Chromium, and there is none")
    pytest.skip("no Chromium on this machine")


def measured(chromium: str, folder: Path, digest: Digest, width: int) -> dict[str, int]:
    page = folder / "page.html"
    page.write_text(MEASURE.format(width=width, html=escape(render_html(digest))), encoding="utf-8")
    command = [
        chromium,
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1000,1000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=90, check=True)
    found = re.search(r"<title>found ([^<]*)</title>", done.stdout)
    assert found, done.stderr[-2000:]
    words = found[1].split()
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


@pytest.mark.parametrize("width", [320, 375, 800])
def test_it_fits_and_marks_what_matched(chromium: str, tmp_path: Path, width: int) -> None:
    found = measured(chromium, tmp_path, a_rich_digest(), width)
    assert found["wide"] <= width
    assert found["marks"] > 0
    assert found["remote"] == 0


def test_the_pictures_of_a_weekly_digest_fit_a_phone(chromium: str, tmp_path: Path) -> None:
    found = measured(chromium, tmp_path, a_drawn_digest(), 375)
    assert found["wide"] <= 375
    assert found["remote"] == 5  # pictures, each inside the mail


def test_hostile_text_neither_runs_nor_breaks_the_page(chromium: str, tmp_path: Path) -> None:
    evil = "<img src=x onerror='XSSMARK=1'><script>parent.XSSMARK=1;XSSMARK=1</script>" + "W" * 800
    quote = a_quote(title=evil, summary=evil, spans=(), feed_title=evil, link="javascript:XSSMARK=1")
    digest = a_digest(developments=(a_development(quotes=(quote,), indicator_title=evil),))
    found = measured(chromium, tmp_path, digest, 375)
    assert found["hurt"] == 0
    assert found["wide"] <= 375
    assert found["remote"] == 0
