from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Feed
from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources.feed import Parsed, parse
from tests.core.builders import a_feed

SCRAPS = [
    b"<item>", b"</item>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<!", b"</rss>", b"<", b">", b"&", b'"',
    b"&#x110000;", b"&#0;", b"&#xD800;", b"\x00", b"\xff\xfe", b"<title>", b"<georss:point>",
    b"<media:rating>",
]  # fmt: skip
FEED = a_feed(url="https://wire.example.org/feeds/all.xml", language="und")


def rss(items: str, head: str = "", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return f'{declaration}<rss version="2.0"><channel><title>F</title>{head}{items}</channel></rss>'.encode()


def item(title: str = "A", **fields: str) -> str:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<item><title>{title}</title>{inside}</item>"


def read(body: bytes, feed: Feed = FEED, content_type: str = "") -> Parsed:
    return parse(body, feed=feed, content_type=content_type)


def refused(body: bytes) -> Outcome:
    with pytest.raises(ParseError) as caught:
        read(body)
    return caught.value.outcome


ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru"><title>F</title>
<entry><id>urn:x:1</id><title>A</title><link href="/1"/><updated>2026-01-05T10:00:00+03:00</updated>
<content type="html">&lt;p&gt;one&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;</content></entry></feed>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>F</title></channel>
<item rdf:about="https://wire.example.org/1"><title>A</title><link>https://wire.example.org/1</link>
<dc:date>2026-01-05T10:00:00Z</dc:date></item></rdf:RDF>"""
RSS_091 = b"""<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>F</title>
<language>en-us</language><item><title>A</title><link>https://wire.example.org/1</link></item></channel></rss>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "language": "zh-CN", "items": [
 {"id": 7, "url": "https://wire.example.org/1", "title": "A <b>", "content_html": "<p>one</p>",
  "date_published": "2026-01-05T10:00:00Z"}]}"""


class TestFormats:
    def test_atom(self) -> None:
        (entry,) = read(ATOM).entries
        assert (entry.key, entry.title, entry.summary) == ("urn:x:1", "A", "one\ntwo")
        assert entry.link == "https://wire.example.org/1"
        assert entry.published_at == datetime(2026, 1, 5, 7, tzinfo=UTC)
        assert entry.language == "ru"

    def test_rss_1_0(self) -> None:
        (entry,) = read(RDF).entries
        assert (entry.key, entry.published_at) == (
            "https://wire.example.org/1",
            datetime(2026, 1, 5, 10, tzinfo=UTC),
        )

    def test_rss_0_91_with_its_doctype(self) -> None:
        (entry,) = read(RSS_091).entries
        assert (entry.title, entry.language) == ("A", "en")

    def test_json_feed(self) -> None:
        (entry,) = read(JSON).entries
        assert (entry.key, entry.title, entry.summary, entry.language) == ("7", "A <b>", "one", "zh")
        assert entry.published_at == datetime(2026, 1, 5, 10, tzinfo=UTC)

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"a": 1}',
            b"[1]",
            b'{"version": "https://jsonfeed.org/version/1", "items": 3}',
            b"[" * 100_000,
        ],
    )
    def test_other_json_is_no_feed(self, body: bytes) -> None:
        assert refused(body) is Outcome.NOT_A_FEED


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "outcome"),
        [
            (b"", Outcome.EMPTY_BODY),
            (b" \n ", Outcome.EMPTY_BODY),
            (b"<!doctype html><html><body>Log in</body></html>", Outcome.NOT_A_FEED),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), Outcome.NOT_A_FEED),
            (b"\x1f\x8b\x08\x00 undeclared gzip", Outcome.NOT_A_FEED),
            (b"just words", Outcome.NOT_A_FEED),
            (b'<?xml version="1.0"?><note><to>you</to></note>', Outcome.NOT_A_FEED),
            (
                b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss><channel/></rss>',
                Outcome.XML_ENTITY,
            ),
            (
                '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE rss [<!ENTITY a "b">]><rss/>'.encode(
                    "utf-16"
                ),
                Outcome.XML_ENTITY,
            ),
            (b'<rss><!EN\x01TITY a "b"></rss>', Outcome.XML_ENTITY),
            (b"<html><script>x = '<rss version=2>'</script></html>", Outcome.NOT_A_FEED),
            (
                b"<html><pre><rss><channel><item><title>A</title></item></channel></rss></pre>",
                Outcome.NOT_A_FEED,
            ),
            (b'<?xml version="1.0"?><data><item><number>1</number></item></data>', Outcome.NOT_A_FEED),
            (b"<rss><channel>" + b"<a>" * 300, Outcome.TOO_DEEP),
            (
                b"<rss><channel " + b" ".join(b'a%d="x"' % n for n in range(300)) + b"/></rss>",
                Outcome.TOO_MANY_ATTRIBUTES,
            ),
            ('<?xml version="1.0"?><rss/>'.encode("cp037"), Outcome.UNDECODABLE),
        ],
    )
    def test_documents_that_no_parser_sees(self, body: bytes, outcome: Outcome) -> None:
        assert refused(body) is outcome


class TestTruncated:
    WHOLE = rss(item("A", guid="1") + item("B", guid="2") + item("C", guid="3"))

    def test_only_whole_entries_are_kept_wherever_the_document_ends(self) -> None:
        first, second = self.WHOLE.index(b"</item>") + 7, self.WHOLE.rindex(b"<item>")
        for end in range(first, self.WHOLE.index(b"</channel>")):
            parsed = read(self.WHOLE[:end])
            assert parsed.outcome is Outcome.TRUNCATED
            whole = [e.title for e in parsed.entries]
            assert whole == ["A", "B", "C"][: len(whole)]
            assert len(whole) >= (2 if end > second else 1)

    def test_an_end_before_the_first_entry_is_no_empty_feed(self) -> None:
        parsed = read(self.WHOLE[: self.WHOLE.index(b"A</title>")])
        assert (parsed.outcome, parsed.entries) == (Outcome.TRUNCATED, ())

    def test_tags_in_quoted_markup_end_nothing(self) -> None:
        quoted = "<![CDATA[ </item></channel></rss> ]]>"
        body = rss(item("A", guid="1", description=quoted) + item("B", guid="2"))
        assert [entry.title for entry in read(body).entries] == ["A", "B"]
        cut = read(body[: body.index(b"B</title>")])
        assert (cut.outcome, [entry.title for entry in cut.entries]) == (Outcome.TRUNCATED, ["A"])

    def test_comments_before_the_document_are_no_part_of_it(self) -> None:
        parsed = read(b"<!-- our <feed> is made of " + b"items -->" + rss(item("A"), declaration=""))
        assert (parsed.outcome, len(parsed.entries)) == (Outcome.OK, 1)

    @pytest.mark.parametrize("limit", [1, 2, 9, 10])
    def test_of_more_entries_than_the_limit_both_ends_are_kept(self, limit: int) -> None:
        """A publisher may write the newest entry first or last."""
        xml = rss("".join(item(f"T{n}", guid=str(n)) for n in range(30)))
        json_feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": str(n), "title": f"T{n}"} for n in range(30)],
        }
        for body in (xml, json.dumps(json_feed).encode()):
            parsed = parse(body, feed=FEED, max_entries=limit)
            assert (parsed.outcome, parsed.skipped) == (Outcome.TRUNCATED, 30 - limit)
            numbers = [*range(limit // 2), *range(30 - (limit - limit // 2), 30)]
            assert [entry.title for entry in parsed.entries] == [f"T{n}" for n in numbers]

    def test_too_many_entries_in_a_document_that_ends_early(self) -> None:
        body = rss("".join(item(f"T{n}", guid=str(n)) for n in range(30)))
        parsed = parse(body[: body.index(b"T29")], feed=FEED, max_entries=4)
        assert [entry.title for entry in parsed.entries] == ["T0", "T1", "T27", "T28"]

    def test_a_hundred_thousand_entries_cost_no_more_than_the_limit(self) -> None:
        items = "".join(f"<item><guid>{n}</guid><title>T</title></item>" for n in range(100_000))
        parsed = read(rss(items))
        assert (parsed.outcome, len(parsed.entries), parsed.skipped) == (Outcome.TRUNCATED, 1_000, 99_000)
        assert parsed.detail == "99000 entries over the limit, in the middle"


class TestIdentity:
    def test_the_publishers_id_then_the_link_then_the_text(self) -> None:
        entries = read(
            rss(item("A", guid="x1") + item("B", link="https://wire.example.org/b") + item("C"))
        ).entries
        keys = [entry.key for entry in entries]
        assert keys[:2] == ["x1", "https://wire.example.org/b"]
        assert keys[2].startswith("sha256:")

    def test_tracking_parameters_are_no_identity(self) -> None:
        (one,) = read(rss(item("A", link="https://wire.example.org/b?id=3&amp;utm_source=rss"))).entries
        assert one.key == "https://wire.example.org/b?id=3"
        assert one.link == "https://wire.example.org/b?id=3&utm_source=rss"

    def test_an_id_on_different_links_identifies_nothing(self) -> None:
        entries = read(
            rss("".join(item(str(n), guid="1", link=f"https://wire.example.org/{n}") for n in range(3)))
        ).entries
        assert [entry.key for entry in entries] == [f"https://wire.example.org/{n}" for n in range(3)]

    def test_the_same_entry_twice_is_one_and_the_latest_wins(self) -> None:
        (entry,) = read(rss(item("old", guid=" 1 ") + item("new", guid="1"))).entries
        assert entry.title == "new"

    def test_a_huge_id_is_kept_as_its_digest(self) -> None:
        (entry,) = read(rss(item("A", guid="x" * 100_000))).entries
        assert len(entry.key) < 100

    def test_entries_without_anything_are_counted_and_left_out(self) -> None:
        parsed = read(rss(item("A", guid="1") + "<item></item><item><title/></item>"))
        assert (len(parsed.entries), parsed.skipped, parsed.outcome) == (1, 2, Outcome.OK)

    def test_a_link_that_all_entries_share_identifies_none(self) -> None:
        for link in ("https://wire.example.org/", "https://wire.example.org/latest"):
            entries = read(rss(item("A", link=link) + item("B", link=link))).entries
            assert [entry.title for entry in entries] == ["A", "B"]

    def test_a_front_page_identifies_nothing_however_few_entries_there_are(self) -> None:
        (entry,) = read(rss(item("A", link="https://wire.example.org"))).entries
        assert entry.key.startswith("sha256:")

    def test_an_id_stays_trusted_when_only_tracking_differs(self) -> None:
        links = (f"https://wire.example.org/n?utm_campaign={n}" for n in range(2))
        (entry,) = read(rss("".join(item("A", guid="7", link=link) for link in links))).entries
        assert entry.key == "7"

    def test_what_no_database_could_hold_is_in_no_key_and_no_link(self) -> None:
        body = rb"""{"version": "https://jsonfeed.org/version/1.1", "items": [7, {
            "id": "a\u0000\ud800", "title": "A\u0000\udc00", "url": "https://wire.example.org/\ud800",
            "content_text": ["no text"]}]}"""
        parsed = read(body)
        (entry,) = parsed.entries
        assert (entry.key, entry.title, entry.link, entry.summary) == ("a\ufffd", "A\ufffd", "", "")
        assert parsed.skipped == 1


class TestText:
    def test_unescaped_signs_cost_nothing(self) -> None:
        items = "".join(item(f"{n} < 6 & <3, AT&T", guid=str(n), description="x<br>y") for n in range(250))
        parsed = read(rss(items))
        assert (parsed.outcome, len(parsed.entries)) == (Outcome.OK, 250)
        assert parsed.entries[9].title == "9 < 6 & <3, AT&T"

    def test_broken_extensions_cost_only_themselves(self) -> None:
        names = "xmlns:psc='http://podlove.org/simple-chapters' xmlns:geo='http://www.georss.org/georss'"
        broken = "<psc:chapter/><geo:polygon>1 2</geo:polygon>"
        items = item("A", guid="1") + f"<item><title>B</title><guid>2</guid>{broken}</item>"
        body = f"<rss version='2.0' {names}><channel>{items}</channel></rss>".encode()
        assert [entry.title for entry in read(body).entries] == ["A", "B"]

    @pytest.mark.parametrize("broken", ["</width>", "<image><width>88</image></height>", "</height>"])
    def test_a_broken_image_costs_only_itself(self, broken: str) -> None:
        assert [entry.title for entry in read(rss(item("A"), head=broken)).entries] == ["A"]

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("&lt;b&gt;Bold&lt;/b&gt; move", "Bold move"),
            ("&lt;script&gt;alert(1)&lt;/script&gt;After", "After"),
            ("<![CDATA[<img src=x onerror=alert(1)>Text]]>", "Text"),
            ("Caf&amp;eacute; &amp;amp; bar", "Café & bar"),
            ("&amp;lt;script&amp;gt;", "<script>"),
            ("R&amp;D up 5 &lt; 6", "R&D up 5 < 6"),
            ("two\n  lines", "two lines"),
            ("a&#0;b&#x110000;c&#xD800;d", "a\ufffdb\ufffdc\ufffdd"),
            ("\u202eevil\u202c \u2066x\u2069", "evil x"),
            ("x" * 2000, "x" * 999 + "…"),
        ],
    )
    def test_titles_become_one_line_of_plain_text(self, given: str, expected: str) -> None:
        (entry,) = read(rss(item(given, guid="1"))).entries
        assert entry.title == expected

    def test_the_longest_text_is_the_summary(self) -> None:
        namespace = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
        whole = f"<content:encoded {namespace}>&lt;p&gt;a longer text&lt;/p&gt;</content:encoded>"
        body = f"<description>short</description>{whole}"
        (entry,) = read(rss(f"<item><title>A</title><guid>1</guid>{body}</item>")).entries
        assert entry.summary == "a longer text"

    def test_a_summary_that_repeats_the_title_is_none(self) -> None:
        (entry,) = read(rss(item("Same words", guid="1", description="Same words"))).entries
        assert entry.summary == ""

    def test_an_entry_without_a_title_is_called_by_its_text(self) -> None:
        (entry,) = read(rss("<item><guid>1</guid><description>Only text</description></item>")).entries
        assert entry.title == "Only text"


class TestCharsets:
    WORDS = "Учения Россия"

    @pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8", "iso-8859-5"])
    def test_as_declared(self, charset: str) -> None:
        body = (
            rss(item(self.WORDS, guid="1"), declaration=f'<?xml version="1.0" encoding="{charset}"?>')
            .decode()
            .encode(charset)
        )
        assert read(body).entries[0].title == self.WORDS

    @pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
    def test_wide_with_or_without_a_mark(self, charset: str) -> None:
        assert read(rss(item(self.WORDS, guid="1")).decode().encode(charset)).entries[0].title == self.WORDS

    def test_by_the_header_where_the_document_says_nothing(self) -> None:
        body = rss(item("军演", guid="1"), declaration="").decode().encode("gb18030")
        assert read(body, content_type="text/xml; charset=GB2312").entries[0].title == "军演"

    def test_a_wrong_declaration_is_not_believed(self) -> None:
        for wrong in ("windows-1252", "utf-16", "no-such-charset", "utf-7"):
            body = rss(item(self.WORDS, guid="1"), declaration=f'<?xml version="1.0" encoding="{wrong}"?>')
            assert read(body).entries[0].title == self.WORDS

    def test_one_broken_byte_does_not_change_the_charset_of_the_rest(self) -> None:
        body = rss("", declaration='<?xml version="1.0" encoding="gb2312"?>')
        entry = b"<item><title>" + "联合军演".encode("gb2312") + b"\xff</title></item></channel>"
        assert read(body.replace(b"</channel>", entry)).entries[0].title == "联合军演\ufffd"
        entry = b"<item><title>" + "联合军演".encode() + b"\xe8\xbe</title></item></channel>"
        assert read(body.replace(b"</channel>", entry)).entries[0].title == "联合军演\ufffd"

    @pytest.mark.parametrize(
        ("language", "charset", "title"), [("ru", "cp1251", WORDS), ("zh", "gb18030", "军演")]
    )
    def test_undeclared_the_usual_charset_of_the_language(
        self, language: str, charset: str, title: str
    ) -> None:
        body = rss(item(title), declaration="").decode().encode(charset)
        assert read(body, feed=a_feed(language=language)).entries[0].title == title

    def test_latin_bytes_under_a_utf_8_flag_are_read_as_windows_1252(self) -> None:
        body = rss(item("caf\xe9 “x”", guid="1")).decode().encode("cp1252")
        assert read(body).entries[0].title == "café “x”"


class TestLinks:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("/a/1", "https://wire.example.org/a/1"),
            ("a b", "https://wire.example.org/feeds/a%20b"),
            ("//other.example.org/x", "https://other.example.org/x"),
            ("www.example.org/x", "https://www.example.org/x"),
            ("javascript:alert(1)", ""),
            ("java&#9;script:alert(1)", ""),
            ("data:text/html,x", ""),
            ("https://user:SECRET@bücher.example/p", "https://xn--bcher-kva.example/p"),
            ("https://news.example.com@evil.test/", "https://evil.test/"),
            ("http://[::1", ""),
            ("https://x.example.org/q?a=1&amp;copy=3", "https://x.example.org/q?a=1&copy=3"),
            ("https://x.example.org/q?a=1&copy=3", "https://x.example.org/q?a=1&copy=3"),
            ("https://x.example.org\\@evil.test/", "https://evil.test/"),
            ('https://x"onclick=.example.org/', ""),
            ("&#1;javascript:alert(1)", ""),
            ("https://x.example.org:99999/", ""),
            ("https://x.example.org/" + "a" * 2_000, ""),
        ],
    )
    def test_links_are_http_absolute_and_without_users(self, given: str, expected: str) -> None:
        (entry,) = read(rss(item("A", link=given, guid="1"))).entries
        assert entry.link == expected


class TestDates:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("Mon, 05 Jan 2026 10:00:00 EST", datetime(2026, 1, 5, 15, tzinfo=UTC)),
            ("Mon, 05 Jan 26 10:00:00 GMT", datetime(2026, 1, 5, 10, tzinfo=UTC)),
            ("2026-01-05T10:00:00+08:00", datetime(2026, 1, 5, 2, tzinfo=UTC)),
            ("Mon, 35 Foo 2026", None),
            ("9" * 50_000, None),
            ("Fri, 31 Dec 10000 23:59:59 GMT", None),
            ("Mon, 05 Jan 1970 10:00:00 GMT", None),
            ("", None),
        ],
    )
    def test_dates_are_aware_and_absurd_ones_are_none(self, given: str, expected: datetime | None) -> None:
        (entry,) = read(rss(item("A", guid="1", pubDate=given))).entries
        assert entry.published_at == expected

    def test_the_statistics_office_writes_its_own_element_in_local_time(self) -> None:
        (entry,) = read(rss(item("A", guid="1", pubTime="2026-01-05 10:00:00"))).entries
        assert entry.published_at == datetime(2026, 1, 5, 2, tzinfo=UTC)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(SCRAPS) | st.binary(max_size=12)), max_size=8))
def test_whatever_is_in_a_document_it_is_read_or_refused_with_a_reason(
    scraps: list[tuple[float, bytes]],
) -> None:
    body = bytearray(rss(item("A", guid="1", link="/1") + item("B", description="&lt;p&gt;b")))
    for where, scrap in scraps:
        at = int(where * len(body))
        body[at:at] = scrap
    # A refusal is an answer; anything else that is raised is a failure.
    with suppress(ParseError):
        for entry in read(bytes(body)).entries:
            text = entry.key + entry.title + entry.summary + entry.link
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)


def test_an_id_that_is_no_address_is_no_link() -> None:
    (entry,) = read(rss(item(guid="42"))).entries
    assert (entry.key, entry.link) == ("42", "")


def test_a_feeds_own_language_wins_over_what_it_says() -> None:
    (entry,) = read(rss(item(guid="1"), head="<language>en</language>"), feed=a_feed(language="zh")).entries
    assert entry.language == "zh"
