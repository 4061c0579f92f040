"""The configuration as the program sees it: frozen, checked, paths absolute, secrets wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from monitor.config.secret import Secret
from monitor.core.alerts import AlertLimits
from monitor.core.model import Feed, Recipient
from monitor.core.scoring import Methodology


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A subject area that is scored; their order is the order of digests."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """How feeds are fetched."""

    total: timedelta
    max_bytes: int
    concurrency: int
    per_host: int
    host_pause: timedelta
    contact: str
    allow: tuple[str, ...]
    rsshub: str
    min_interval: timedelta
    max_interval: timedelta
    parse_workers: int

    def user_agent(self, version: str) -> str:
        """How we name ourselves to publishers, with the contact where there is one."""
        return f"Entente/{version} (+{self.contact})" if self.contact else f"Entente/{version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """How often the daemon looks for work."""

    poll_tick: timedelta
    assess_every: timedelta
    deliver_every: timedelta
    alert_every: timedelta
    retention_at: time  # in UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The daemon's own door: health for operators, links for readers. Without a port there is none."""

    host: str
    port: int | None
    public_url: str
    link_lifetime: timedelta
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSettings:
    """The dead-man's switch that is asked while all is well; an empty address for none."""

    url: Secret
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Where the daemon's backups go, and how many stay; it makes none without a folder."""

    folder: Path | None
    every: timedelta
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The mail server that messages are handed to."""

    host: str
    port: int
    security: str
    username: str
    password: Secret
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Who writes, and through which notifier; `smtp` is there when that is the one."""

    from_address: str
    from_name: str
    notifier: str
    folder: Path
    smtp: SmtpSettings | None = None

    def options(self) -> Mapping[str, Any]:
        """What the notifier is opened with; holds the password in clear, so use it and drop it."""
        if self.smtp is None:
            return {"folder": self.folder}
        return {
            "host": self.smtp.host,
            "port": self.smtp.port,
            "sender": self.from_address,
            "security": self.smtp.security,
            "username": self.smtp.username,
            "password": self.smtp.password.get(),
            "timeout_s": self.smtp.timeout.total_seconds(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One configuration file, with what the environment adds to it.

    `notes` are for the operator: nothing is wrong, but something may be unexpected.
    """

    path: Path
    storage_url: Secret
    retain_for: timedelta
    fetch: FetchSettings
    schedule: ScheduleSettings
    alerts: AlertLimits
    web: WebSettings
    heartbeat: HeartbeatSettings
    backup: BackupSettings
    mail: MailSettings
    methodology: Methodology
    catalog_folder: Path
    domains: tuple[Domain, ...]
    recipients: tuple[Recipient, ...]
    feeds: tuple[Feed, ...]
    notes: tuple[str, ...] = ()
