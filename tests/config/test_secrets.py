from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Secret
from tests.config.builders import RECIPIENT, load, problems

SMTP = """\
[mail]
from_address = "entente@mail.test"
notifier = "smtp"
[mail.smtp]
host = "mail.test"
"""
LOGIN = f'{SMTP}username = "entente"\n'
HUNTER = "hunter2-is-secret"


def password_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "smtp-password"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(HUNTER)
    assert secret.get() == HUNTER
    assert HUNTER not in f"{secret} {secret!r} {[secret]}"


def test_a_password_comes_from_the_environment(tmp_path: Path) -> None:
    config = load(tmp_path, f'{LOGIN}password_env = "SECRET"\n', {"SECRET": HUNTER})
    assert config.mail.options()["password"] == HUNTER
    assert HUNTER not in repr(config)


def test_a_password_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    password_file(tmp_path, f"{HUNTER}\n")
    config = load(tmp_path, f'{LOGIN}password_file = "smtp-password"\n')
    assert config.mail.options()["password"] == HUNTER
    assert HUNTER not in repr(config)


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = password_file(tmp_path, HUNTER, mode=0o644)
    (problem,) = problems(tmp_path, f'{LOGIN}password_file = "smtp-password"\n')
    assert problem.endswith(f"can be read by every user of this machine; run: chmod o-rwx {path}")


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n"])
def test_a_password_file_has_one_line(tmp_path: Path, text: str) -> None:
    password_file(tmp_path, text)
    (problem,) = problems(tmp_path, f'{LOGIN}password_file = "smtp-password"\n')
    assert problem.startswith("config.toml:7: mail.smtp.password_file: ")
    assert problem.endswith("expected one line with the secret")


def test_a_password_that_cannot_be_had_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, f'{LOGIN}password_env = "SECRET"\n', {"SECRET": ""}) == [
        "config.toml:7: mail.smtp.password_env: the environment variable SECRET is not set, or is empty"
    ]
    (problem,) = problems(tmp_path, f'{LOGIN}password_file = "none"\n')
    assert problem.endswith("none cannot be read: No such file or directory")
    (problem,) = problems(tmp_path, f'{LOGIN}password_env = "SECRET"\n', {"SECRET": "пароль"})
    assert problem.endswith("characters that SMTP cannot carry (not ASCII)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'{LOGIN}password = "{HUNTER}"\n', "a password never stands in this file; write password_env"),
        (f'{LOGIN}password_env = "{HUNTER}"\n', "expected the name of an environment variable"),
        (f'[storage]\nurl = "postgresql://watch:{HUNTER}@db/entente"\n', 'write url_env = "NAME"'),
        (
            f'[storage]\nurl = "postgresql://db/entente?user=watch&password={HUNTER}"\n',
            'write url_env = "NAME"',
        ),
        (f'[storage]\nurl = "mysql://watch:{HUNTER}@db/entente"\n', 'expected "sqlite:///file"'),
        (f'[storage]\nurl = "postgresql://watch:{HUNTER}@[db/entente"\n', 'write url_env = "NAME"'),
        (f'[storage]\npassword = "{HUNTER}"\n', "a password never stands in this file"),
        (f'[[feed]]\nid = "a"\nurl = "https://me:{HUNTER}@x/feed"\n', "without user name and password"),
        (f'[fetch]\nrsshub = "https://me:{HUNTER}@x"\n', "without user name and password"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert any(expected in problem for problem in found)
    assert not any(HUNTER in problem for problem in found)


def test_a_broken_file_does_not_show_its_secrets(tmp_path: Path) -> None:
    found = problems(tmp_path, f'[mail.smtp]\npassword = "{HUNTER}\n')
    assert not any(HUNTER in problem for problem in found)


def test_a_database_address_comes_from_the_environment(tmp_path: Path) -> None:
    url = f"postgresql://watch:{HUNTER}@db/entente"
    config = load(tmp_path, '[storage]\nurl_env = "DATABASE"\n', {"DATABASE": url})
    assert config.storage_url.get() == url
    assert HUNTER not in repr(config)
    wrong = problems(tmp_path, '[storage]\nurl_env = "DATABASE"\n', {"DATABASE": f"mysql://{HUNTER}"})
    assert wrong == ['config.toml:2: storage.url_env: expected "sqlite:///file" or "postgresql://host/name"']
    both = problems(tmp_path, '[storage]\nurl = "sqlite:///x"\nurl_env = "DATABASE"\n', {"DATABASE": url})
    assert both == ["config.toml:3: storage.url_env: expected either url or url_env, found both"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sqlite:///data/x.db", "sqlite:///{folder}/data/x.db"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite+pysqlite:///x.db?mode=rw", "sqlite+pysqlite:///{folder}/x.db?mode=rw"),
        ("sqlite://", "sqlite://"),
        ("postgresql://db/entente", "postgresql://db/entente"),
    ],
)
def test_a_relative_database_file_is_beside_the_configuration(
    tmp_path: Path, written: str, read: str
) -> None:
    config = load(tmp_path, f'[storage]\nurl = "{written}"\n')
    assert config.storage_url.get() == read.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[mail]\nnotifier = "smtp"\n[mail.smtp]\nhost = "x"\n', "mail.from_address: missing"),
        ('[mail]\nnotifier = "smtp"\nfrom_address = "a@b"\n', "mail.smtp.host: missing"),
        (LOGIN, "mail.smtp.username: there is a username; write password_env or password_file for it"),
        (f'{SMTP}password_env = "SECRET"\n', "mail.smtp.username: missing; there is a password for it"),
        (f'{LOGIN}password_env = "SECRET"\npassword_file = "x"\n', "mail.smtp.password_env: expected either"),
        (
            f'{LOGIN}password_env = "SECRET"\nsecurity = "none"\n',
            'mail.smtp.security: expected "starttls" or',
        ),
    ],
)
def test_mail_by_smtp_needs_a_consistent_server(tmp_path: Path, text: str, expected: str) -> None:
    (problem,) = problems(tmp_path, text, {"SECRET": HUNTER})
    assert problem.split(": ", 1)[1].startswith(expected)


def test_a_server_that_is_not_used_needs_no_password(tmp_path: Path) -> None:
    config = load(tmp_path, LOGIN.replace('notifier = "smtp"', "") + 'password_env = "NOT_SET"\n')
    assert config.mail.options() == {"folder": tmp_path / "outbox"}


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_the_security(tmp_path: Path, security: str, port: int) -> None:
    text = f'{SMTP}security = "{security}"\n'
    assert load(tmp_path, text).mail.options()["port"] == port
    assert load(tmp_path, f"{text}port = 2525\n").mail.options()["port"] == 2525


def test_mail_to_example_addresses_is_noted(tmp_path: Path) -> None:
    (note,) = [note for note in load(tmp_path, SMTP + RECIPIENT).notes if "mail" in note]
    assert note == "mail goes to or from an example address: entente@mail.test, watch@example.org"
