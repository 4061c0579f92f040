from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import load_config
from monitor.errors import ConfigError
from tests.config.builders import load, problems


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no-such\.toml: no such file; copy the config\.toml .* --config"):
        load_config(tmp_path / "no-such.toml", {})


def test_a_folder_or_an_unreadable_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path, {})
    (tmp_path / "x.toml").write_bytes(b"# \xff\n")
    with pytest.raises(ConfigError, match="byte 3 is no UTF-8"):
        load_config(tmp_path / "x.toml", {})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[mail]\nfrom_name = Entente\n", "config.toml:2:13: no valid TOML: "),
        ("[mail]\n[mail]\n", "config.toml:2:6: no valid TOML: "),
        ('x = "', "config.toml:1: no valid TOML: "),
    ],
)
def test_a_syntax_error_has_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(place)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, '\ufeff[storage]\nretain = "2d"\n').retain_for.days == 2


def test_all_problems_come_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = """\
[fetch]
totl = "30s"
per_host = "1"
[mail]
notifier = "pigeon"
[[recipient]]
id = "watch"
address = "watch"
domains = ["defence"]
[[feed]]
id = "one"
url = "https://example.org/feed"
[[feed]]
id = "one"
url = "ftp://example.org/feed"
reliability = "G"
[[feed]]
title = "Neither id nor url"
[nonsense]
"""
    assert problems(tmp_path, text) == [
        'config.toml:2: fetch.totl: unknown key; did you mean "total"?',
        "config.toml:3: fetch.per_host: expected a whole number, found '1'",
        "config.toml:5: mail.notifier: expected 'file' or 'smtp', found 'pigeon'",
        'config.toml:8: recipient[1] (id "watch").address: expected a mail address such as '
        "watch@example.org, in ASCII (a domain in its xn-- form), found 'watch'",
        'config.toml:9: recipient[1] (id "watch").domains[1]: expected one of defense, democracy, '
        "technology, economy, global_influence, found 'defence'; did you mean \"defense\"?",
        'config.toml:14: feed[2] (id "one").id: the same as that of feed[1]',
        'config.toml:15: feed[2] (id "one").url: expected an http or https address, '
        "found 'ftp://example.org/feed'",
        'config.toml:16: feed[2] (id "one").reliability: expected '
        "'A', 'B', 'C', 'D', 'E' or 'F', found 'G'",
        "config.toml:17: feed[3].id: missing",
        "config.toml:17: feed[3].url: missing",
        "config.toml:19: nonsense: unknown key; known are storage, fetch, schedule, alerts, web, heartbeat, "
        "backup, mail, scoring, catalog, domain, recipient, feed",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feeds = []", 'feeds: unknown key; did you mean "feed"?'),
        ("[feed]\nid = 'x'", "feed: expected [[feed]] in double brackets"),
        ("feed = [3]", "feed[1]: expected a table, found 3"),
        ("[[storage]]", "storage: expected a table"),
        ("mail = 3", "mail: expected a table, found 3"),
        ("[mail]\nsmtp = 'x'", "mail.smtp: expected a table, found 'x'"),
        ("[mail.smtp]\nhots = 'x'", 'mail.smtp.hots: unknown key; did you mean "host"?'),
        ("[mail.smtp]\nport = 0", "mail.smtp.port: expected 1 or more, found 0"),
        ("[fetch]\nallow = 'localhost'", "fetch.allow: expected a list in square brackets"),
        ("[fetch]\nallow = ['x', '*']", 'fetch.allow[2]: expected "host"'),
        ("[fetch]\nmin_interval = '2d'", "fetch: expected min_interval to be at most max_interval"),
        ("[fetch]\ntotal = 30", 'fetch.total: expected a duration such as "30s"'),
        ("[fetch]\nconcurrency = true", "fetch.concurrency: expected a whole number, found True"),
        ("[schedule]\nretention_at = 03:30:00", 'schedule.retention_at: expected a time of day'),
        ("[scoring]\nkappa = inf", "scoring.kappa: expected a number, found inf"),
        ("[scoring]\nrho = 1.5", "scoring.rho: expected 1 or less, found 1.5"),
        ("[scoring]\nthresholds = [20, 40, 60]", "scoring.thresholds: expected 4 values"),
        ("[scoring]\nthresholds = [20, 60, 40, 80]", "scoring.thresholds: expected each threshold to"),
        ("[scoring.reliability]\nG = 0.1", "scoring.reliability.G: unknown key; known are A, B, C, D, E, F"),
        ("[[recipient]]\nid='a'\naddress='a@b'\ncadence='daily 6:00'",
         'recipient[1] (id "a").cadence: expected "daily HH:MM", "weekly mon HH:MM" or "hourly"'),
        ("[[recipient]]\nid='a'\naddress='a@b'\ntimezone='Moscow'",
         'recipient[1] (id "a").timezone: expected an IANA time zone'),
        ("[[recipient]]\nid='a'\naddress='a@b'\nname=\"A\\nBcc: c@d\"",
         'recipient[1] (id "a").name: expected one line without control characters'),
        ("[[feed]]\nid='a'\nurl='http://x/'\nenabled='no'",
         "feed[1] (id \"a\").enabled: expected true or false, found 'no'"),
        ("[[feed]]\nid='a'\nurl='http://x/'\nparty='none'",
         "feed[1] (id \"a\").party: expected 'russia' or 'china', found 'none'"),
    ],
)  # fmt: skip
def test_a_problem_names_its_key_and_what_is_expected(tmp_path: Path, text: str, expected: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.split(": ", 1)[1].startswith(expected)


def test_a_long_value_is_cut_and_a_hostile_one_is_quoted(tmp_path: Path) -> None:
    text = f"[[feed]]\nid='a'\nurl='{'x' * 5000}'\n[[feed]]\nid = \"\\u001b[31m\"\nurl='http://x/'\n"
    long, hostile = problems(tmp_path, text)
    assert len(long) < 250
    assert hostile.isprintable()


@pytest.mark.parametrize("kind", ["domain", "recipient", "feed"])
def test_duplicates_are_found_among_broken_entries_too(tmp_path: Path, kind: str) -> None:
    text = f"[[{kind}]]\nid = 'a'\nnonsense = 1\n[[{kind}]]\nid = 'a'\n"
    assert f'config.toml:5: {kind}[2] (id "a").id: the same as that of {kind}[1]' in problems(tmp_path, text)


def test_two_feeds_of_one_address_are_a_problem(tmp_path: Path) -> None:
    text = "[[feed]]\nid='a'\nurl='http://x/'\n[[feed]]\nid='b'\nurl='http://x/'\n"
    assert problems(tmp_path, text) == ['config.toml:6: feed[2] (id "b").url: the same as that of feed[1]']


json_like = st.recursive(
    st.booleans() | st.integers(-10, 70000) | st.text("ab@:/. \n", max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else '"' + str(value).replace("\n", "\\n") + '"'


TABLES = ["storage", "fetch", "mail", "mail.smtp", "scoring", "scoring.place", "x"]
KEYS = ["url", "retain", "allow", "host", "smtp", "notifier", "from_address", "thresholds", "lead", "a"]
in_a_table = st.builds(
    "[{}]\n{} = {}\n".format, st.sampled_from(TABLES), st.sampled_from(KEYS), json_like.map(toml)
)
at_the_top = st.builds(
    "{} = {}\n".format,
    st.sampled_from(["storage", "mail", "domain", "recipient", "feed"]),
    json_like.map(toml),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(in_a_table | at_the_top)
def test_whatever_stands_in_a_file_it_loads_or_its_problems_have_lines(tmp_path: Path, text: str) -> None:
    found: tuple[str, ...] = ()
    try:
        load(tmp_path, text)
    except ConfigError as error:
        found = error.problems
    places = [problem.removeprefix(f"{tmp_path}/config.toml:")[:3] for problem in found]
    assert set(places) <= {"1: ", "2: "}
