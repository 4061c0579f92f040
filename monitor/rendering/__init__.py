"""Digest to message: text and HTML from the same values, rendered once and then frozen."""

from __future__ import annotations

from monitor.rendering.mail import Sender, render
from monitor.rendering.parts import render_html, render_text
from monitor.rendering.subject import subject
from monitor.rendering.trend import with_pictures

__all__ = ["Sender", "render", "render_html", "render_text", "subject", "with_pictures"]
