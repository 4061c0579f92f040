"""Catalogue and configuration of the daemon under test, and what follows from them by construction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DOMAINS = ("defense", "democracy", "technology", "economy", "global_influence")
SECRET = "a secret of the torture test, long enough"


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator and the one word that its rule looks for."""

    domain: str
    name: str
    direction: str
    weight: int
    word: str
    urgent: bool = False

    @property
    def id(self) -> str:
        return f"{self.domain}.{self.name}"


PAIRED = "zulparond"
INDICATORS = (
    Indicator("defense", "alarm", "deepening", 7, "qorvexal", urgent=True),
    Indicator("defense", "quarrel", "friction", 4, "brimtazov"),
    Indicator("technology", "transfer", "deepening", 5, "dwalquin"),
    Indicator("economy", "sanction", "countermeasure", 6, "ghintopsa"),
    # One word in two files, whose versions rise together: an entry that has one signal of an old
    # version and one of a new was matched by a mixed set.
    Indicator("democracy", "pair", "deepening", 3, PAIRED),
    Indicator("global_influence", "pair", "friction", 3, PAIRED),
)
BY_ID = {one.id: one for one in INDICATORS}
PAIR = tuple(one for one in INDICATORS if one.word == PAIRED)


def found_in(text: str) -> set[str]:
    """The indicators that a text shows, by their words."""
    return {one.id for one in INDICATORS if one.word in text}


@dataclass(frozen=True, slots=True)
class Reader:
    """A recipient, and what becomes of its mail."""

    id: str
    cadence: str
    zone: str = "UTC"
    urgent: bool = False
    leaves: bool = False  # ends the mails during the round
    refused: bool = False  # by the mail server, for good

    @property
    def address(self) -> str:
        return f"{self.id}@example.org"


READERS = (
    Reader("watch", "hourly", urgent=True),
    Reader("deputy", "hourly", urgent=True),
    Reader("leaver", "hourly", leaves=True),
    Reader("bounced", "hourly", refused=True),
    # 02:30 is missing in spring and there twice in autumn.
    Reader("berlin", "daily 02:30", "Europe/Berlin"),
    Reader("london", "daily 01:30", "Europe/London"),
    Reader("moscow", "daily 05:00", "Europe/Moscow"),
    Reader("auckland", "daily 15:00", "Pacific/Auckland"),
)

_INDICATOR = """\
id = "{id}"
title = "{id}"
version = {version}
status = "active"
direction = "{direction}"
weight = {weight}
why = "torture"
half_life = "3d"
requirement = "Does it last?"
checklist = ["DEF-08"]
urgent = {urgent}
[terms.topic]
en = ["{word}"]
ru = ["{word}"]
zh = ["{word}"]
[match]
query = "@topic"
"""

# Every language needs a sentence that matches and one that does not.
_SENTENCES = {"en": "They say", "ru": "Они говорят", "zh": "他们说"}
_EXAMPLE = """\
[[example]]
lang = "{lang}"
expect = "{expect}"
text = "{text}"
why = "torture"
"""

_CONFIG = """\
[storage]
url_env = "ENTENTE_TORTURE_DATABASE"
retain = "{retain}"
[fetch]
allow = ["127.0.0.1:{farm}", "127.0.0.1:{hostile}"]
total = "2s"
per_host = 64
host_pause = "0s"
min_interval = "40m"
max_interval = "90m"
parse_workers = 1
[schedule]
poll_tick = "1s"
assess_every = "2s"
deliver_every = "1s"
alert_every = "1s"
[alerts]
cool_down = "10m"
most_per_hour = 60
[backup]
folder = "backups"
every = "3h"
keep = 2
[catalog]
folder = "indicators"
[web]
port = {web}
secret_file = "secret"
public_url = "http://127.0.0.1:{web}"
[mail]
notifier = "smtp"
from_address = "entente@example.org"
[mail.smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
timeout = "5s"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    farm: int
    hostile: int
    smtp: int
    web: int


def family(feed: int) -> str:
    """Some feeds are of one owner."""
    return f"owner-{feed % 17}"


def grade(feed: int) -> str:
    return "ABCDEF"[feed % 17 % 6]


def write_config(folder: Path, ports: Ports, feeds: int, hostile: int, retain: str) -> None:
    """Write config.toml and the secret of the links."""
    text = _CONFIG.format(
        farm=ports.farm, hostile=ports.hostile, smtp=ports.smtp, web=ports.web, retain=retain
    )
    for one in READERS:
        text += (
            f'[[recipient]]\nid = "{one.id}"\naddress = "{one.address}"\ntimezone = "{one.zone}"\n'
            f'cadence = "{one.cadence}"\nurgent = {str(one.urgent).lower()}\n'
        )
    for number in range(feeds):
        text += (
            f'[[feed]]\nid = "feed-{number}"\nurl = "http://127.0.0.1:{ports.farm}/{number}"\n'
            'language = "en"\n'
            f'family = "{family(number)}"\nreliability = "{grade(number)}"\nevery = "160m"\n'
        )
    for number in range(hostile):
        text += (
            f'[[feed]]\nid = "hostile-{number}"\nurl = "http://127.0.0.1:{ports.hostile}/{number}"\n'
            'every = "160m"\n'
        )
    (folder / "config.toml").write_text(text, encoding="utf-8")
    secret = folder / "secret"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o600)


def write_catalogue(folder: Path) -> None:
    """Write the whole catalogue, every rule in its first version."""
    for order, domain in enumerate(DOMAINS):
        (folder / domain).mkdir(parents=True)
        text = f'id = "{domain}"\ntitle = {json.dumps(domain)}\norder = {order}\n'
        (folder / domain / "_domain.toml").write_text(text, encoding="utf-8")
    for one in INDICATORS:
        put(folder, one, rule(one, 1))


def rule(one: Indicator, version: int) -> str:
    """The text of an indicator's file."""
    examples = "".join(
        _EXAMPLE.format(lang=lang, expect="match", text=f"{start} {one.word}")
        + _EXAMPLE.format(lang=lang, expect="no-match", text=f"{start} nothing")
        for lang, start in _SENTENCES.items()
    )
    text = _INDICATOR.format(
        id=one.id,
        version=version,
        direction=one.direction,
        weight=one.weight,
        word=one.word,
        urgent=str(one.urgent).lower(),
    )
    return text + examples


def put(folder: Path, one: Indicator, text: str) -> None:
    """Replace an indicator's file, as a careful editor does."""
    path = folder / one.domain / f"{one.name}.toml"
    written = path.with_suffix(".writing")
    written.write_text(text, encoding="utf-8")
    written.replace(path)
