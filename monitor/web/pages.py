"""The pages behind the links of mails: small, without script or remote content, every text escaped."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from monitor.core.review import Verdict
from monitor.services.tokens import Act, Kind
from monitor.web.forms import CHOICE, LONGEST_NOTE, NOTE, Answer

STYLE = """
:root { color-scheme: light dark }
:root { --ink: #15202b; --dim: #5b6873; --page: #f3f5f7; --card: #fff; --rule: #8b97a1 }
@media (prefers-color-scheme: dark) {
 :root { --ink: #e8ecef; --dim: #9aa7b2; --page: #111417; --card: #1a1f24; --rule: #66727d }
}
body { margin: 0; padding: 16px; background: var(--page); color: var(--ink) }
body { font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 0 auto; padding: 4px 20px 20px; background: var(--card); border-radius: 8px }
h1 { font-size: 1.25rem; line-height: 1.3 }
h2 { font-size: 1rem }
h1, h2, p, blockquote { overflow-wrap: anywhere }
blockquote { margin: 0; padding-left: 12px; border-left: 3px solid var(--rule) }
.dim { color: var(--dim); font-size: .875rem }
button, textarea { box-sizing: border-box; width: 100%; padding: 12px; border: 1px solid var(--rule);
 border-radius: 6px; background: transparent; color: inherit; font: inherit; text-align: left }
button { margin-top: 10px; min-height: 48px; cursor: pointer }
"""

# What each button means; they stand in this order.
CHOICES = {
    Verdict.TRUE: ("True", "the event happened"),
    Verdict.ROUTINE: ("Routine", "it happened, as it does often; it counts for less"),
    Verdict.FALSE: ("False", "no such event; it leaves scores and digests"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a link is about, in plain text: not yet escaped."""

    title: str
    quote: str = ""
    language: str = "und"
    origin: str = ""
    standing: str = ""  # what was said or done about it before


def form_page(act: Act, about: About) -> str:
    """The form of an act: it shows what the link is about and does nothing before a button is pressed."""
    if act.kind is Kind.VERDICT:
        return _verdict_form(about)
    if act.kind is Kind.ACKNOWLEDGE:
        return _acknowledge_form(act, about)
    return _unsubscribe_form(about)


def done_page(act: Act, about: About, answer: Answer) -> str:
    """The page that says what was done."""
    if act.kind is Kind.VERDICT and answer.verdict is not None:
        note = f"<p>Note: {escape(answer.note)}</p>" if answer.note else ""
        later = _dim("It holds for the whole story. A later verdict replaces it.")
        return _page(f"Noted: {answer.verdict}", f"<p>{escape(about.title)}</p>{_quote(about)}{note}{later}")
    if act.kind is Kind.ACKNOWLEDGE:
        told = _dim("The other recipients see your name in their next digest.")
        return _page("Acknowledged", f"<p>{escape(about.title)}</p>{told}")
    return _page("Unsubscribed", f"<p>No more mail is written for {escape(about.title)}.</p>")


def error_page(title: str, words: str) -> str:
    """The page that says why nothing was done, and what to do instead."""
    return _page(title, f"<p>{escape(words)}</p>")


def _verdict_form(about: About) -> str:
    before = _dim(f"Said before: {about.standing}") if about.standing else ""
    # A field of several lines: Enter in it must not press the first button.
    note = (
        f'<p><label for="{NOTE}">Why, if you like</label>'
        f'<textarea id="{NOTE}" name="{NOTE}" rows="3" maxlength="{LONGEST_NOTE}" dir="auto"></textarea></p>'
    )
    buttons = "".join(
        _button(value, f"<b>{escape(name)}</b>: {escape(meaning)}")
        for value, (name, meaning) in CHOICES.items()
    )
    body = f"<h2>{escape(about.title)}</h2>{_quote(about)}{before}"
    return _page("Is this right?", body + _form(note + buttons))


def _acknowledge_form(act: Act, about: About) -> str:
    before = _dim(f"Acknowledged before by {about.standing}") if about.standing else ""
    ask = _form(_button(Kind.ACKNOWLEDGE, f"Acknowledge as <b>{escape(act.recipient_id)}</b>"))
    return _page(
        "Are you dealing with this?", f"<p>{escape(about.title)}</p>{_dim(about.origin)}{before}{ask}"
    )


def _unsubscribe_form(about: About) -> str:
    before = _dim(f"Unsubscribed before, {about.standing}") if about.standing else ""
    ask = _form(_button(Kind.UNSUBSCRIBE, "<b>Unsubscribe</b>"))
    return _page("No more mail?", f"<p>This ends all mail for {escape(about.title)}.</p>{before}{ask}")


def _quote(about: About) -> str:
    if not about.quote:
        return ""
    language = escape(about.language)
    return f'<blockquote lang="{language}" dir="auto">{escape(about.quote)}</blockquote>{_dim(about.origin)}'


def _dim(text: str) -> str:
    return f'<p class="dim">{escape(text)}</p>' if text else ""


def _button(value: str, label: str) -> str:
    return f'<button name="{CHOICE}" value="{escape(value)}">{label}</button>'


def _form(inside: str) -> str:
    # Without an action it goes to the address that it came from, also behind a proxy with a path of its own.
    return f'<form method="post">{inside}</form>'


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} · Entente</title><style>{STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )
