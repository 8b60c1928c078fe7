"""Keys: what passes for one, and that none shows."""

import pytest

from streamtui.chat.errors import ConfigError
from streamtui.providers.redaction import MASK, Secret, redact
from tests.providers.conftest import KEY


def test_a_key_is_stripped_and_only_revealed_on_demand() -> None:
    secret = Secret(f"  {KEY}\n")
    assert secret.reveal() == KEY
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert secret == Secret(KEY)
    assert len({secret, Secret(KEY)}) == 1


@pytest.mark.parametrize("value", ["", "  ", "sk-one sk-two", "sk-one\nsk-two", "“sk-quoted”", "sk-\x00", "schlüssel"])
def test_what_is_no_key_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Secret(value, "OPENAI_API_KEY")
    assert "OPENAI_API_KEY" in str(caught.value)
    assert not value.strip() or value.strip() not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"key {KEY}!", f"key {MASK}!"),
        ("my own-odd-key-77", f"my {MASK}"),
        ("my " + "\u200d".join("own-odd-key-77"), f"my {MASK}"),
        ("my " + "\ufffd\u2060".join("own-odd-key-77"), f"my {MASK}"),
        ("Incorrect API key provided: sk-abc***wxyz.", f"Incorrect API key provided: {MASK}"),
        ("Authorization: Bearer abc.def1", f"Authorization: Bearer {MASK}"),
        ("b'Bearer abc1\\n'", f"b'Bearer {MASK}\\n'"),
        ("Use Bearer auth, or scikit-learn", "Use Bearer auth, or scikit-learn"),
        ("{'x-api-key': 'abc'}", f"{{'x-api-key': '{MASK}'}}"),
        ("proxy http://user:pw@host:1/x failed", f"proxy http://{MASK}@host:1/x failed"),
        ("https://host/v1 is fine, and so is a task-list", "https://host/v1 is fine, and so is a task-list"),
    ],
)
def test_redact(text: str, redacted: str) -> None:
    assert redact(text, [Secret(KEY), Secret("own-odd-key-77")]) == redacted


def test_a_dummy_key_does_not_hide_ordinary_words() -> None:
    assert redact("none of this", [Secret("none")]) == "none of this"
