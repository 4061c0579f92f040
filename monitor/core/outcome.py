"""How a poll can end."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one poll of one feed ended. The first four are successes."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"  # the server said 304
    UNCHANGED = "unchanged"  # 200 with the same bytes as before
    TRUNCATED = "truncated"  # whole entries kept; validators are not, so the rest is fetched again

    TIMEOUT = "timeout"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    BLOCKED_ADDRESS = "blocked_address"  # the address is not public and not on the allow-list
    BAD_URL = "bad_url"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    HTTP_ERROR = "http_error"
    GONE = "gone"  # 410
    BAD_RESPONSE = "bad_response"  # the server broke HTTP, or the connection, midway
    CONTENT_ENCODING = "content_encoding"  # a coding we do not accept, or more than one
    BAD_CONTENT_ENCODING = "bad_content_encoding"
    TOO_LARGE = "too_large"
    EMPTY_BODY = "empty_body"
    NOT_A_FEED = "not_a_feed"
    UNDECODABLE = "undecodable"
    XML_ENTITY = "xml_entity"
    TOO_DEEP = "too_deep"
    TOO_MANY_ATTRIBUTES = "too_many_attributes"
    PARSER_CRASH = "parser_crash"
    PARSER_TIMEOUT = "parser_timeout"
    OUR_ERROR = "our_error"

    @property
    def failed(self) -> bool:
        return self not in _SUCCESSES

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


_SUCCESSES = frozenset({Outcome.OK, Outcome.NOT_MODIFIED, Outcome.UNCHANGED, Outcome.TRUNCATED})
