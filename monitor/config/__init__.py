"""config.toml: read, checked at once, and frozen."""

from __future__ import annotations

from monitor.config.loading import catalog_folder, load_config
from monitor.config.reference import KeyReference, config_reference
from monitor.config.secret import Secret
from monitor.config.settings import (
    BackupSettings,
    Config,
    Domain,
    FetchSettings,
    MailSettings,
    ScheduleSettings,
    SmtpSettings,
)

__all__ = [
    "BackupSettings",
    "Config",
    "Domain",
    "FetchSettings",
    "KeyReference",
    "MailSettings",
    "ScheduleSettings",
    "Secret",
    "SmtpSettings",
    "catalog_folder",
    "config_reference",
    "load_config",
]
