"""Encrypted servers that cannot be believed, with a certificate authority made for these tests."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from monitor.core.model import Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.sources.http import FetchLimits, open_door
from tests.core.builders import NOON
from tests.sources.servers import answering, serve

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="certificates are made with openssl")

HELLO = answering(body=b"hello")
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
AUTHORITY = ["-addext", "basicConstraints=critical,CA:TRUE"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of this machine: good, expired, wrong_name, stranger, and own, signed by itself."""
    made = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=made, check=True, capture_output=True)

    for name in ("authority", "other"):
        openssl("req", "-x509", *KEY, *AUTHORITY, "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-days", "9", "-subj", f"/CN={name}")  # fmt: skip
    openssl("req", "-new", *KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    for name, by, days, host in (
        ("good", "authority", "9", "IP:127.0.0.1"),
        ("expired", "authority", "-1", "IP:127.0.0.1"),
        ("wrong_name", "authority", "9", "DNS:elsewhere.example.org"),
        ("stranger", "other", "9", "IP:127.0.0.1"),
    ):
        (made / "names").write_text(f"subjectAltName={host}", encoding="utf-8")
        openssl("x509", "-req", "-in", "server.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", days, "-extfile", "names")  # fmt: skip
    openssl("req", "-x509", "-key", "server.key", "-out", "own.pem", "-days", "9", "-subj", "/CN=own",
            "-addext", "subjectAltName=IP:127.0.0.1")  # fmt: skip
    return made


def presenting(folder: Path, certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{certificate}.pem", folder / "server.key")
    return context


async def got(url: str, folder: Path, *, total_s: float = 5.0) -> bytes | Outcome:
    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0, allow=("127.0.0.1",), total_s=total_s)
    trusting = ssl.create_default_context(cafile=folder / "authority.pem")
    async with open_door(limits, tls=trusting) as door:
        try:
            return (await door.get(url, validators=Validators(), now=NOON)).body
        except FetchError as error:
            return error.outcome


async def test_a_certificate_of_an_authority_that_we_trust_is_believed(folder: Path) -> None:
    async with serve(HELLO, tls=presenting(folder, "good")) as server:
        assert await got(f"https://127.0.0.1:{server.port}/", folder) == b"hello"


@pytest.mark.parametrize("certificate", ["expired", "wrong_name", "stranger", "own"])
async def test_a_certificate_that_proves_nothing_is_refused(folder: Path, certificate: str) -> None:
    async with serve(HELLO, tls=presenting(folder, certificate)) as server:
        assert await got(f"https://127.0.0.1:{server.port}/", folder) is Outcome.TLS


async def test_the_authorities_of_the_system_are_those_that_we_trust(folder: Path) -> None:
    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0, allow=("127.0.0.1",))
    async with serve(HELLO, tls=presenting(folder, "good")) as server, open_door(limits) as door:
        with pytest.raises(FetchError) as caught:
            await door.get(f"https://127.0.0.1:{server.port}/", validators=Validators(), now=NOON)
    assert caught.value.outcome is Outcome.TLS


async def test_an_encryption_of_the_last_century_is_refused(folder: Path) -> None:
    old = presenting(folder, "good")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    async with serve(HELLO, tls=old) as server:
        # Servers differ in how they hang up.
        ended = await got(f"https://127.0.0.1:{server.port}/", folder)
    assert ended in (Outcome.TLS, Outcome.CONNECT)
    assert server.requests == []


async def test_a_handshake_that_stalls_ends_with_the_deadline(folder: Path) -> None:
    # The greeting of an encrypted connection holds no blank line, for which this server waits.
    async with serve(HELLO) as server:
        url = f"https://127.0.0.1:{server.port}/"
        assert await got(url, folder, total_s=0.3) is Outcome.TIMEOUT
    assert server.requests == []


async def test_a_redirect_never_takes_the_encryption_away(folder: Path) -> None:
    async with serve(answering(body=b"in the clear")) as plain:
        downgrade = answering("302 Found", Location=plain.url())
        async with serve(downgrade, tls=presenting(folder, "good")) as server:
            assert await got(f"https://127.0.0.1:{server.port}/", folder) is Outcome.BAD_URL
    assert plain.requests == []


async def test_a_redirect_may_add_encryption(folder: Path) -> None:
    async with serve(HELLO, tls=presenting(folder, "good")) as server:
        upgrade = answering("301 Moved", Location=f"https://127.0.0.1:{server.port}/")
        async with serve(upgrade) as plain:
            assert await got(plain.url(), folder) == b"hello"
