import json
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.text import json_text, plain, plain_line, shorten, utc
from tests.reports.kit import BIDI_AND_CONTROLS, STEADY

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@STEADY
@given(ANY_TEXT)
def test_plain_text_is_encodable_and_holds_nothing_that_acts(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert not BIDI_AND_CONTROLS & set(shown)
    assert not {"\n", "\t"} & set(plain_line(text))


@pytest.mark.parametrize("text", ["naïve 日本語", "👩‍👩‍👧 family", "<b>&\"'`", "", "a b\tc\nd"])
def test_plain_leaves_text_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_plain_replaces_one_character_by_one() -> None:
    assert (
        plain("a\x1b[0m\u202eb\ud83e\r\n\r\x00\ufeff")
        == "a\ufffd[0m\ufffdb\ufffd\n\ufffd\ufffd\ufffd"
    )
    assert plain_line("a\nb\tc") == "a\ufffdb\ufffdc"


@STEADY
@given(ANY_TEXT)
def test_json_text_keeps_all_but_surrogates_and_writes_nothing_raw(text: str) -> None:
    written = json_text([text])
    written.encode()
    assert not BIDI_AND_CONTROLS & set(written)
    faithful = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert json.loads(written) == [faithful]


def test_json_text_takes_mappings_and_dates_and_refuses_the_rest() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 999, timezone(timedelta(hours=2)))
    data = MappingProxyType({"at": moment, "on": date(2026, 1, 2)})
    assert json_text(data) == '{"at": "2026-01-02T01:04:05Z", "on": "2026-01-02"}'
    assert json_text({"a": [1, None]}, compact=True) == '{"a":[1,null]}'
    with pytest.raises(TypeError, match="object is no JSON data"):
        json_text({"a": object()})
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text({"a": float("nan")})


def test_shorten_and_utc() -> None:
    assert shorten("abcd", 4) == "abcd"
    assert shorten("abcde", 4) == "abc…"
    assert utc(datetime(2026, 8, 1, tzinfo=UTC)) == "2026-08-01T00:00:00Z"
