"""Base URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ConfigError
from streamtui.providers.http.base_url import parse_base_url


@pytest.mark.parametrize(
    ("text", "url", "host", "loopback"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1", "api.openai.com", False),
        (" http://localhost:11434/v1/ \n", "http://localhost:11434/v1", "localhost:11434", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1", "[::1]:8080", True),
        ("HTTPS://Example.ORG/v1/chat/completions/", "https://example.org/v1", "example.org", False),
        ("http://0.0.0.0:1/v1", "http://0.0.0.0:1/v1", "0.0.0.0:1", True),
        ("http://127.0.0.1.nip.io/v1", "http://127.0.0.1.nip.io/v1", "127.0.0.1.nip.io", False),
        ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1", "xn--bcher-kva.example", False),
    ],
)
def test_good_ones(text: str, url: str, host: str, loopback: bool) -> None:
    base = parse_base_url(text)
    assert (base.url, base.host, base.is_loopback) == (url, host, loopback)
    assert parse_base_url(base.url) == base


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("localhost:11434/v1", "http://"),
        ("ftp://host/v1", "http://"),
        ("", "http://"),
        ("http://", "no host"),
        ("http://host:99999/v1", "1-65535"),
        ("http://host:0/v1", "1-65535"),
        ("http://host:port/v1", "1-65535"),
        ("http://[::1/v1", "malformed"),
        ("http://user:hunter2@host/v1", "password"),
        ("http://host/v1?key=hunter2", "query"),
        ("http://ho st/v1", "space"),
        ("http://host\\@evil/v1", "character"),
        ("http://host/\x1b[2J", "character"),
    ],
)
def test_bad_ones(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_base_url(text)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=30), st.sampled_from(["", "http://", "https://", "http://a:", "http://["]))
def test_any_text_is_a_url_or_a_config_error(text: str, scheme: str) -> None:
    try:
        base = parse_base_url(scheme + text)
    except ConfigError:
        return
    assert base.hostname
