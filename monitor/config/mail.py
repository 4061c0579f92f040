"""[mail]: who writes, and the notifier with its password from outside the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.config.problems import Problems
from monitor.config.schema import MailSmtpTable, MailTable
from monitor.config.secret import Secret, secret_from_environ, secret_from_file
from monitor.config.settings import MailSettings, SmtpSettings

USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def mail_settings(
    table: MailTable, folder: Path, environ: Mapping[str, str], problems: Problems
) -> MailSettings:
    """The mail settings; the server's are looked at, and its password read, only where it is used."""
    smtp = None
    if table.notifier == "smtp":
        if "from_address" not in table.model_fields_set:
            problems.add(("mail", "from_address"), "missing; a mail server needs the sender's own address")
        smtp = _smtp_settings(table.smtp, folder, environ, problems)
    return MailSettings(
        from_address=table.from_address,
        from_name=table.from_name,
        notifier=table.notifier,
        folder=folder / table.file.folder,
        smtp=smtp,
    )


def _smtp_settings(
    table: MailSmtpTable, folder: Path, environ: Mapping[str, str], problems: Problems
) -> SmtpSettings:
    if table.host is None:
        problems.add(("mail", "smtp", "host"), 'missing; mail.notifier is "smtp"')
    has_password = table.password_env is not None or table.password_file is not None
    if has_password and not table.username:
        problems.add(("mail", "smtp", "username"), "missing; there is a password for it")
    if table.username and not has_password:
        message = "there is a username; write password_env or password_file for it"
        problems.add(("mail", "smtp", "username"), message)
    if table.username and table.security == "none":
        message = 'expected "starttls" or "tls": with "none" everybody on the way could read the password'
        problems.add(("mail", "smtp", "security"), message)
    return SmtpSettings(
        host=table.host or "",
        port=table.port or USUAL_PORTS[table.security],
        security=table.security,
        username=table.username,
        password=_password(table, folder, environ, problems),
        timeout=table.timeout,
    )


def _password(table: MailSmtpTable, folder: Path, environ: Mapping[str, str], problems: Problems) -> Secret:
    name = "password_file" if table.password_env is None else "password_env"
    password = Secret("")
    if table.password_env is not None and table.password_file is not None:
        problems.add(("mail", "smtp", name), "expected either password_env or password_file, found both")
        return password
    try:
        if table.password_env is not None:
            password = secret_from_environ(table.password_env, environ)
        elif table.password_file is not None:
            password = secret_from_file(folder / table.password_file)
    except ValueError as error:
        problems.add(("mail", "smtp", name), str(error))
    if not password.get().isascii():
        problems.add(("mail", "smtp", name), "the password has characters that SMTP cannot carry (not ASCII)")
    return password
