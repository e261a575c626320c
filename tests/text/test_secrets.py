"""What is hidden as a secret, in time linear in the text."""

import time

import pytest

from scopelint.text import redact


@pytest.mark.parametrize("text", ["x" * 200_000, "token" * 40_000, "-_" * 100_000, "a:=" * 60_000])
def test_a_text_that_any_server_may_send_is_redacted_in_linear_time(text: str) -> None:
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "key", ["token", "my-token", "GITLAB_TOKEN", "x" * 300 + "_api_key", "password_2"]
)
def test_what_a_key_calls_a_secret_is_hidden(key: str) -> None:
    assert redact(f"{key}: abcdef") == f"{key}: [hidden]"
