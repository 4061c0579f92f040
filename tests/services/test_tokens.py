"""A token grants one act of one recipient for a time, and nothing else does."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.services.tokens import LONGEST, Act, Kind, Refusal, TokenError, sign, verify
from tests.core.builders import NOON

SECRET = b"0123456789abcdef"
LATER = NOON + timedelta(days=30)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True) | st.sampled_from(
    ["наблюдатель", "观察员"]
)
numbers = st.integers(1, 10**18 - 1).map(str)
indicators = st.from_regex(r"[a-z_]{1,20}\.[a-z0-9-]{1,60}", fullmatch=True)
acts = st.one_of(
    st.builds(
        lambda who, number, what: Act(Kind.VERDICT, who, f"{number} {what}"), names, numbers, indicators
    ),
    st.builds(lambda who, number: Act(Kind.ACKNOWLEDGE, who, number), names, numbers),
    st.builds(lambda who: Act(Kind.UNSUBSCRIBE, who), names),
)
secrets = st.binary(min_size=16, max_size=100)
times = st.timedeltas(timedelta(0), timedelta(days=80_000)).map(lambda since: NOON.replace(year=1971) + since)


def refusal(token: str, *, secret: bytes = SECRET, at: datetime = NOON) -> Refusal:
    with pytest.raises(TokenError) as refused:
        verify(token, secret=secret, at=at)
    assert str(refused.value) == f"token refused: {refused.value.reason}"
    return refused.value.reason


@given(acts, secrets, times, st.timedeltas(timedelta(seconds=2), timedelta(days=400)))
def test_what_was_signed_is_granted(act: Act, secret: bytes, at: datetime, valid_for: timedelta) -> None:
    token = sign(act, secret=secret, expires_at=at + valid_for)
    assert verify(token, secret=secret, at=at) == act
    assert set(token) <= set(ALPHABET)
    assert len(token) <= LONGEST


@given(acts, st.data())
def test_any_changed_character_is_refused(act: Act, data: st.DataObject) -> None:
    token = sign(act, secret=SECRET, expires_at=LATER)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET + "=+/ .é\n") | st.characters())
    assume(other != token[place])
    assert refusal(token[:place] + other + token[place + 1 :]) in (Refusal.FORGED, Refusal.MALFORMED)


def test_every_single_change_of_one_token_is_refused() -> None:
    token = sign(Act(Kind.VERDICT, "watch", "12 defense.patrol"), secret=SECRET, expires_at=LATER)
    for place, had in enumerate(token):
        for other in ALPHABET:
            if other != had:
                refusal(token[:place] + other + token[place + 1 :])


@given(acts, st.text(max_size=4), st.text(max_size=4))
def test_nothing_may_stand_before_or_behind(act: Act, before: str, behind: str) -> None:
    assume(before or behind)
    token = sign(act, secret=SECRET, expires_at=LATER)
    assert refusal(before + token + behind) in (Refusal.FORGED, Refusal.MALFORMED)


@given(acts, st.data())
def test_a_part_is_refused(act: Act, data: st.DataObject) -> None:
    token = sign(act, secret=SECRET, expires_at=LATER)
    assert refusal(token[: data.draw(st.integers(0, len(token) - 1))]) in (Refusal.FORGED, Refusal.MALFORMED)


@given(acts, secrets, secrets)
def test_another_secret_is_refused(act: Act, ours: bytes, other: bytes) -> None:
    assume(ours != other)
    assert refusal(sign(act, secret=ours, expires_at=LATER), secret=other) is Refusal.FORGED


def test_a_secret_with_zeros_behind_it_is_another_one() -> None:
    token = sign(Act(Kind.UNSUBSCRIBE, "watch"), secret=SECRET, expires_at=LATER)
    assert refusal(token, secret=SECRET + b"\0") is Refusal.FORGED


@given(acts, times, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_from_its_expiry_on_it_is_refused(act: Act, expires_at: datetime, after: timedelta) -> None:
    token = sign(act, secret=SECRET, expires_at=expires_at)
    assert refusal(token, at=expires_at + after) is Refusal.EXPIRED


@given(acts, acts)
def test_the_code_of_one_act_is_no_code_of_another(act: Act, other: Act) -> None:
    assume(act != other)
    one, two = (
        base64.urlsafe_b64decode(padded(sign(a, secret=SECRET, expires_at=LATER))) for a in (act, other)
    )
    assert one != two
    crossed = base64.urlsafe_b64encode(two[:-16] + one[-16:]).rstrip(b"=").decode()
    assert refusal(crossed) is Refusal.FORGED


@given(st.text(max_size=200) | st.text(ALPHABET, max_size=700))
def test_any_other_text_is_refused(text: str) -> None:
    assert refusal(text) in (Refusal.FORGED, Refusal.MALFORMED)


def test_a_token_is_short_enough_for_a_line_of_mail() -> None:
    act = Act(Kind.VERDICT, "watch", "123456 defense.joint-naval-exercise")
    assert len(sign(act, secret=SECRET, expires_at=LATER)) < 100


@pytest.mark.parametrize(
    ("kind", "recipient_id", "subject"),
    [
        (Kind.VERDICT, "watch", ""),
        (Kind.VERDICT, "watch", "12"),
        (Kind.VERDICT, "watch", "x defense.patrol"),
        (Kind.VERDICT, "watch", "0 defense.patrol"),
        (Kind.VERDICT, "watch", "12 defense.patrol extra"),
        (Kind.VERDICT, "watch", "12 defense\x00patrol"),
        (Kind.ACKNOWLEDGE, "watch", "-1"),
        (Kind.ACKNOWLEDGE, "watch", "1234567890123456789"),
        (Kind.UNSUBSCRIBE, "watch", "12"),
        (Kind.UNSUBSCRIBE, "", ""),
        (Kind.UNSUBSCRIBE, "wa\ntch", ""),
        (Kind.UNSUBSCRIBE, "w" * 201, ""),
    ],
)
def test_an_act_that_makes_no_sense_is_refused_at_birth(kind: Kind, recipient_id: str, subject: str) -> None:
    with pytest.raises(ValueError):
        Act(kind, recipient_id, subject)


def test_a_short_secret_and_a_naive_time_are_refused() -> None:
    act = Act(Kind.UNSUBSCRIBE, "watch")
    with pytest.raises(ValueError, match="16 bytes"):
        sign(act, secret=b"short", expires_at=LATER)
    with pytest.raises(ValueError, match="timezone-aware"):
        sign(act, secret=SECRET, expires_at=LATER.replace(tzinfo=None))
    with pytest.raises(ValueError, match="1970"):
        sign(act, secret=SECRET, expires_at=LATER.replace(year=1960))


def test_an_act_knows_its_parts() -> None:
    act = Act(Kind.VERDICT, "watch", "12 defense.patrol")
    assert (act.number, act.indicator_id) == (12, "defense.patrol")
    assert (Act(Kind.ACKNOWLEDGE, "watch", "7").number, Act(Kind.UNSUBSCRIBE, "watch").number) == (7, 0)


def padded(token: str) -> str:
    return token + "=" * (-len(token) % 4)
