"""The message around the parts: headers, boundaries, bytes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from urllib.parse import quote

from monitor.core.digest import Digest
from monitor.core.model import Message
from monitor.rendering.language import speaking
from monitor.rendering.layout import flat
from monitor.rendering.parts import render_html, render_text
from monitor.rendering.subject import subject
from monitor.rendering.trend import content_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the message is from."""

    name: str
    address: str


class _OneLineHeader(UnstructuredHeader, BaseHeader):
    """A header in ASCII that is never folded."""

    # The default folds a subject right behind its colon, which some clients show as none, and
    # encodes an id that is longer than a line, so that the thread is lost.
    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}" if self.isascii() else super().fold(policy=policy)


_HEADERS = HeaderRegistry()
for _name in ("subject", "in-reply-to", "references", "list-id", "list-unsubscribe"):
    _HEADERS.map_to_type(_name, _OneLineHeader)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def render(digest: Digest, *, sender: Sender, message_id: str, root_id: str = "") -> Message:
    """Render a digest once, into the bytes that every attempt to deliver it sends.

    The same digest under the same Message-ID gives the same bytes. `root_id`
    is the made-up first message of its thread; raises ValueError when an id
    or an address holds a line break.
    """
    with speaking(digest.language):
        title = subject(digest)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(flat(sender.name), addr_spec=sender.address)
    mail["To"] = Address(flat(digest.name), addr_spec=digest.address)
    mail["Subject"] = title
    mail["Date"] = digest.composed_at
    mail["Message-ID"] = message_id
    if root_id:
        mail["In-Reply-To"] = root_id
        mail["References"] = root_id
    mail["List-Id"] = f"<digests.{sender.address.rpartition('@')[2]}>"
    # By mail to the sender a person takes the recipient out of the configuration.
    ask = f"subject={quote(f'unsubscribe {digest.recipient_id}')}"
    by_mail = f"<mailto:{sender.address}?{ask}>"
    if digest.unsubscribe_link:
        # RFC 8058; the relay's DKIM signature must cover both.
        mail["List-Unsubscribe"] = f"<{digest.unsubscribe_link}>, {by_mail}"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        mail["List-Unsubscribe"] = by_mail
    # Keeps out-of-office replies away (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    # Base64 is half as long as the alternative for Russian and Chinese, and knows no long lines.
    mail.set_content(render_text(digest), cte="base64")
    mail.add_alternative(render_html(digest), subtype="html", cte="base64")
    _add_pictures(mail, digest, message_id)
    if digest.language != "en":
        mail["Content-Language"] = digest.language
    mail.set_boundary(_boundary(message_id))
    return Message(recipient=digest.address, message_id=message_id, subject=title, payload=mail.as_bytes())


def _add_pictures(mail: EmailMessage, digest: Digest, message_id: str) -> None:
    """Put the pictures beside the HTML that shows them; nothing is fetched from anywhere."""
    drawn = [trend for trend in digest.trends if trend.picture]
    html = list(mail.iter_parts())[-1]
    for trend in drawn:
        html.add_related(
            base64.b64decode(trend.picture),
            "image",
            "png",
            cid=f"<{content_id(trend)}>",
            disposition="inline",
            filename=f"{trend.domain}.png",
        )
    if drawn:
        html.set_boundary(_boundary(f"related {message_id}"))


def _boundary(name: str) -> str:
    return "=_" + hashlib.sha256(name.encode()).hexdigest()[:32]
