"""Undoing one Content-Encoding, with a limit on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

from monitor.core.outcome import Outcome
from monitor.errors import FetchError

ACCEPTED = "gzip, deflate"
_GZIP = 16 + zlib.MAX_WBITS


async def read_decoded(chunks: AsyncIterable[bytes], coding: str, limit: int) -> bytes:
    """Read a body, decode it and stop at `limit` bytes of plain text.

    Raises FetchError: TOO_LARGE beyond the limit, CONTENT_ENCODING for a coding
    (or a chain of them) that we did not ask for, BAD_CONTENT_ENCODING for a
    stream that is broken or ends early. Anything after a complete gzip member
    is ignored, as servers append all sorts.
    """
    name = coding.strip().lower()
    if name in ("", "identity"):
        return await _read_plain(chunks, limit)
    if name not in ("gzip", "x-gzip", "deflate"):
        raise FetchError(Outcome.CONTENT_ENCODING, f"cannot read {name[:40]!r}")
    return await _read_compressed(chunks, name == "deflate", limit)


async def _read_plain(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


async def _read_compressed(chunks: AsyncIterable[bytes], is_deflate: bool, limit: int) -> bytes:
    decoder = None if is_deflate else zlib.decompressobj(_GZIP)
    body = bytearray()
    try:
        async for chunk in chunks:
            if decoder is None:
                decoder = zlib.decompressobj(_deflate_window(chunk))
            body += decoder.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit:
                raise _too_large(limit)
            if decoder.eof:
                break
    except zlib.error as error:
        raise FetchError(Outcome.BAD_CONTENT_ENCODING, str(error)) from error
    if decoder is not None and not decoder.eof:
        raise FetchError(Outcome.BAD_CONTENT_ENCODING, "the compressed stream ends early")
    return bytes(body)


def _deflate_window(start: bytes) -> int:
    # "deflate" means zlib's wrapper by the standard, and raw deflate by habit of some servers.
    is_wrapped = len(start) >= 2 and start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS


def _too_large(limit: int) -> FetchError:
    return FetchError(Outcome.TOO_LARGE, f"more than {limit} bytes")
