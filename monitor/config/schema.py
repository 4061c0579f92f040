"""What each table of config.toml may hold, and what it means. The only config file with pydantic.

Defaults stand here as they would be written in the file; `monitor.config.reference` shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from monitor.config import values


@dataclass(frozen=True)
class Kind:
    """The type of a value in the operator's words."""

    words: str


def _known_domain(text: str, info: ValidationInfo) -> str:
    known = info.context["domains"] if info.context else {text}
    if text not in known:
        raise ValueError(f"expected one of {', '.join(known)}{values.nearest(text, set(known))}")
    return text


def _rising(thresholds: list[float]) -> list[float]:
    if any(low >= high for low, high in pairwise(thresholds)):
        raise ValueError("expected each threshold to be higher than the one before")
    return thresholds


Duration = Annotated[timedelta, BeforeValidator(values.positive_duration), Kind("duration")]
DurationOrZero = Annotated[timedelta, BeforeValidator(values.duration), Kind("duration")]
Size = Annotated[int, BeforeValidator(values.size), Kind("size")]
Clock = Annotated[time, BeforeValidator(values.clock), Kind("time of day")]
Text = Annotated[str, AfterValidator(values.one_line), Kind("text")]
Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(values.one_line), Kind("text")]
Id = Annotated[str, AfterValidator(values.identifier), Kind("id")]
Language = Annotated[str, AfterValidator(values.language), Kind("language")]
Address = Annotated[str, AfterValidator(values.mail_address), Kind("mail address")]
Host = Annotated[str, AfterValidator(values.host_name), Kind("host")]
Variable = Annotated[str, AfterValidator(values.variable), Kind("name of a variable")]
WebAddressOrNothing = Annotated[str, AfterValidator(values.web_address_or_nothing), Kind("web address")]
FeedAddress = Annotated[str, AfterValidator(values.feed_address), Kind("web address or rsshub:/path")]
Contact = Annotated[str, AfterValidator(values.contact), Kind("web or mail address")]
Allowed = Annotated[str, AfterValidator(values.allowed), Kind("network or host")]
Cadences = Annotated[list[str], BeforeValidator(values.cadences), Kind("cadence, or list of them")]
Zone = Annotated[str, AfterValidator(values.timezone), Kind("time zone")]
DomainId = Annotated[str, AfterValidator(_known_domain), Kind("domain id")]
Share = Annotated[float, Field(ge=0, le=1), Kind("number from 0 to 1")]
Count = Annotated[int, Field(ge=1, le=1000), Kind("whole number")]
Port = Annotated[int, Field(ge=1, le=65535), Kind("port")]
Threshold = Annotated[float, Field(gt=0, lt=100), Kind("number")]
Thresholds = Annotated[list[Threshold], AfterValidator(_rising), Kind("list of four numbers")]


class Table(BaseModel):
    """A table of the file: unknown keys are mistakes, and "1" is no number."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, validate_default=True, allow_inf_nan=False
    )


def _key(default: object, meaning: str, **limits: Any) -> Any:
    """A key with its default as one would write it; pydantic reads that like any other value."""
    return Field(default=default, description=meaning, **limits)


class StorageTable(Table):
    url: Text = _key(
        "sqlite:///entente.db",
        'The database: "sqlite:///file" or "postgresql://host/name", without a password.',
    )
    url_env: Variable | None = _key(
        None, "Environment variable that holds the address instead, password included."
    )
    retain: Duration = _key("400d", "Entries without signals are forgotten after this.")


class FetchTable(Table):
    total: Duration = _key("30s", "Deadline of one fetch with all its redirects.")
    max_bytes: Size = _key("5 MiB", "Larger documents are refused.")
    concurrency: Count = _key(64, "Fetches at the same time.")
    per_host: Count = _key(1, "Of them to one host.")
    host_pause: DurationOrZero = _key("1s", "Pause between two requests to one host.")
    contact: Contact = _key("", "Who we are, for publishers; goes into the User-Agent.")
    allow: list[Allowed] = _key(
        [],
        'Private addresses that may be fetched from: "10.0.0.0/8", "10.0.0.0/8:8080", "host" or "host:port".',
    )
    rsshub: WebAddressOrNothing = _key(
        "", "Your RSSHub, for feeds written rsshub:/path; they are off without it."
    )
    min_interval: Duration = _key("5m", "No feed is polled more often.")
    max_interval: Duration = _key("24h", "No feed is polled more rarely.")
    parse_workers: Count = _key(2, "Processes that parse feeds.")

    @model_validator(mode="after")
    def _intervals_in_order(self) -> Self:
        if self.min_interval > self.max_interval:
            raise ValueError("expected min_interval to be at most max_interval")
        return self


class ScheduleTable(Table):
    poll_tick: Duration = _key("15s", "How often the daemon asks which feeds are due.")
    assess_every: Duration = _key("15m", "How often domains are scored.")
    deliver_every: Duration = _key("30s", "How often the outbox is emptied.")
    alert_every: Duration = _key("5s", "How often the daemon looks for what is urgent.")
    retention_at: Clock = _key("03:30", "When old entries are forgotten, in UTC.")


class AlertsTable(Table):
    cool_down: Duration = _key("4h", "How long nothing more is mailed of the same domain or indicator.")
    most_per_hour: int = _key(6, "Urgent mails to one recipient; the rest goes together.", ge=1, le=60)


class WebTable(Table):
    host: Text = _key("127.0.0.1", "The address that the daemon's own door listens on.")
    port: Port | None = _key(None, "Its port; without one there is no door, no health and no links.")
    public_url: WebAddressOrNothing = _key("", "How readers reach it; without it mails hold no links.")
    link_lifetime: Duration = _key("30d", "How long the links of a mail work.")
    secret_env: Variable | None = _key(None, "Environment variable with the secret that signs links.")
    secret_file: Text | None = _key(None, "File with that secret.")


class HeartbeatTable(Table):
    url_env: Variable | None = _key(None, "Environment variable with the address to ask while all is well.")
    url_file: Text | None = _key(None, "File with that address.")
    every: Duration = _key("5m", "How often it is asked.")


class BackupTable(Table):
    folder: Text = _key("", "Where backups go; without one the daemon makes none.")
    every: Duration = _key("1d", "How often the daemon makes one.")
    keep: Count = _key(7, "How many are kept.")


class MailFileTable(Table):
    folder: Text = _key("outbox", "Where the file notifier writes.")


class MailSmtpTable(Table):
    host: Host | None = _key(None, "The mail server.")
    port: Port | None = _key(None, "Its port; without one 587 for starttls, 465 for tls, 25 for none.")
    security: Literal["starttls", "tls", "none"] = _key(
        "starttls", "How the connection is secured; starttls is never skipped."
    )
    username: Text = _key("", "Who we log in as; nobody when empty.")
    password_env: Variable | None = _key(None, "Environment variable with the password.")
    password_file: Text | None = _key(
        None, "File with the password, which other users must not be able to read."
    )
    timeout: Duration = _key("30s", "Patience with each answer but the last.")


class MailTable(Table):
    from_address: Address = _key("entente@example.org", "The sender of digests.")
    from_name: Text = _key("Entente", "The sender's name.")
    notifier: Literal["file", "smtp"] = _key(
        "file", "What hands messages over: a folder of files, or a mail server."
    )
    file: MailFileTable = _key(MailFileTable(), "The file notifier.")
    smtp: MailSmtpTable = _key(MailSmtpTable(), "The mail server.")


class ReliabilityTable(Table):
    A: Share = _key(1.0, "Worth of a source graded A: completely reliable.")
    B: Share = _key(0.8, "Worth of B: usually reliable.")
    C: Share = _key(0.6, "Worth of C: fairly reliable.")
    D: Share = _key(0.35, "Worth of D: not usually reliable.")
    E: Share = _key(0.15, "Worth of E: unreliable.")
    F: Share = _key(0.4, "Worth of F: unknown.")


class PlaceTable(Table):
    title: Share = _key(1.0, "Worth of a match in the title.")
    lead: Share = _key(0.85, "In the first sentence of the summary.")
    body: Share = _key(0.6, "In the rest of the summary.")


class ModalityTable(Table):
    occurred: Share = _key(1.0, "Worth of an event that occurred or was announced.")
    planned: Share = _key(0.7, "Of a planned one.")
    alleged: Share = _key(0.5, "Of an alleged one.")
    denied: Share = _key(0.2, "Of a denied one.")
    retrospective: Share = _key(0.3, "Of a look back.")
    opinion: Share = _key(0.3, "Of an opinion.")


class ScoringTable(Table):
    version: Title = _key("v1", "Name of these constants; other constants, other name.")
    rho: Share = _key(0.6, "What one fully reliable publisher proves.")
    party_cap: Share = _key(0.55, "Most that parties to an event prove among themselves.")
    routine: Share = _key(0.5, "Worth of a story that a person marked routine.")
    kappa: float = _key(1.5, "Most that one indicator counts, in its weights.", gt=0)
    sigma_share: float = _key(0.35, "Scale of a domain without calibration, as a share of its caps.", gt=0)
    thresholds: Thresholds = _key(
        [20.0, 40.0, 60.0, 80.0],
        "Index at which a domain is Routine, Notable, Elevated and Marked.",
        min_length=4,
        max_length=4,
    )
    hysteresis: float = _key(6.0, "How far below a threshold a level falls.", ge=0, le=100)
    dwell: DurationOrZero = _key("48h", "How long a level stays before it falls.")
    coverage_floor: Share = _key(0.7, "With less coverage than this no level falls.")
    reliability: ReliabilityTable = _key(ReliabilityTable(), "Worth of sources.")
    place: PlaceTable = _key(PlaceTable(), "Worth of places.")
    modality: ModalityTable = _key(ModalityTable(), "Worth of modalities.")


class CatalogTable(Table):
    folder: Text = _key("indicators", "Where the indicators are.")


class DomainTable(Table):
    id: Id = Field(description="Its id, the name of its folder of indicators.")
    title: Title = Field(description="Its name in digests.")


class RecipientTable(Table):
    id: Id = Field(description="A short name that stays when the address changes.")
    address: Address = Field(description="Where digests go.")
    name: Text = _key("", "The recipient's name.")
    timezone: Zone = _key("UTC", "The zone that the cadence and the digest are in.")
    cadence: Cadences = _key("daily 06:00", '"daily 06:00", "weekly mon 06:00" or "hourly"; or several.')
    language: Literal["en", "ru", "zh"] = _key("en", "The language of the digest's own words.")
    domains: list[DomainId] = _key([], "What the digest is about; all when empty.")
    minimum_level: Literal["quiet", "routine", "notable", "elevated", "marked"] = _key(
        "quiet", "Domains below it are told in the table only."
    )
    urgent: bool = _key(True, "Whether urgent mail is sent between digests.")


class FeedTable(Table):
    id: Id = Field(description="A short name that stays when the address changes.")
    title: Text = _key("", "Its name in digests; the id when empty.")
    url: FeedAddress = Field(description="Its address.")
    language: Language = _key("und", 'Its language; "und" asks each entry.')
    family: Text = _key("", "Its owner: feeds of one owner count once; the id when empty.")
    party: Literal["russia", "china"] | None = _key(
        None, "The state that it is an organ of, if of one of the two."
    )
    reliability: Literal["A", "B", "C", "D", "E", "F"] = _key(
        "F", "Admiralty grade of the origin, F where unknown."
    )
    domains: list[DomainId] = _key([], "What it is expected to tell of; all when empty.")
    every: Duration = _key("1d", "How often something new is expected of it.")
    enabled: bool = _key(True, "false: not polled, and not missed.")


SECTIONS: Mapping[str, type[Table]] = {
    "storage": StorageTable,
    "fetch": FetchTable,
    "schedule": ScheduleTable,
    "alerts": AlertsTable,
    "web": WebTable,
    "heartbeat": HeartbeatTable,
    "backup": BackupTable,
    "mail": MailTable,
    "scoring": ScoringTable,
    "catalog": CatalogTable,
}
ENTRIES: Mapping[str, type[Table]] = {"domain": DomainTable, "recipient": RecipientTable, "feed": FeedTable}
DOMAINS = {
    "defense": "Defense",
    "democracy": "Democracy",
    "technology": "Technology",
    "economy": "Economy",
    "global_influence": "Global influence",
}

_T = TypeVar("_T", bound=Table)


def validate(model: type[_T], value: object, domains: list[str]) -> tuple[_T | None, list[dict[str, Any]]]:
    """Check one table; the table, or what pydantic has against it."""
    try:
        return model.model_validate(value, context={"domains": domains}), []
    except ValidationError as error:
        return None, [dict(detail) for detail in error.errors(include_url=False)]
