"""What was said, by whom; files that are not what they should be."""

import os
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize
from streamtui.settings.config import ENV_NAMES, Config
from streamtui.settings.paths import Paths, paths
from streamtui.settings.sources import Source
from tests.settings.conftest import PLACES, Sources

KEY = "sk-secret-0123456789abcdef"


@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(range(len(PLACES)), 2)))
def test_the_stronger_place_wins(sources: Sources, stronger: int, weaker: int) -> None:
    places = list(PLACES.values())
    places[weaker](sources, "CHAT_MODEL=weaker")
    places[stronger](sources, "CHAT_MODEL=stronger")

    found = sources.read().model

    assert found is not None and (found.value, found.source) == ("stronger", list(Source)[stronger])


def test_the_toml_file_is_the_config_folders_word_below_its_env_file(sources: Sources) -> None:
    sources.toml('model = "from toml"\nbase_url = "http://localhost:1/v1"\n')
    sources.dot_env("CHAT_MODEL=weaker")
    config = sources.read()

    assert config.model is not None and (config.model.value, config.model.source) == ("from toml", Source.CONFIG)
    sources.config_env("CHAT_MODEL=from env file")
    again = sources.read().model
    assert again is not None and again.value == "from env file"


@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_an_empty_value_counts_as_none(sources: Sources, empty: str) -> None:
    sources.environment = dict.fromkeys(ENV_NAMES, empty)
    sources.dot_env("CHAT_MODEL=weaker\nOPENAI_BASE_URL=\n")
    config = sources.read()

    assert config.model is not None and config.model.value == "weaker"
    assert config.base_url is None


def test_the_older_name_of_the_base_url_is_second_within_a_place_and_first_over_a_weaker_place(
    sources: Sources,
) -> None:
    sources.environment = {"OPENAI_API_BASE": "http://old/v1"}
    sources.dot_env("OPENAI_BASE_URL=http://new/v1")

    found = sources.read().base_url
    assert found is not None and found.value == "http://old/v1"
    sources.environment["OPENAI_BASE_URL"] = "http://newer/v1"
    found = sources.read().base_url
    assert found is not None and found.value == "http://newer/v1"


def test_a_foreign_env_file_can_set_the_known_names_and_no_others(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    before = dict(os.environ)
    sources.dot_env(
        "PATH=/evil\nLD_PRELOAD=/evil.so\nHTTPS_PROXY=http://evil\nSSL_CERT_FILE=/evil\nexport CHAT_MODEL='mine'\n"
        "OPENAI_ORG_ID=evil\nOPENAI_CUSTOM_HEADERS=evil\nBROWSER=evil\n"
    )

    config = sources.read()

    assert config.layers[Source.DOT_ENV] == {"CHAT_MODEL": "mine"}
    assert dict(os.environ) == before


def test_values_are_not_expanded(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.dot_env("CHAT_MODEL=${OPENAI_API_KEY}-$(id)")

    config = sources.read()

    assert config.model is not None and config.model.value == "${OPENAI_API_KEY}-$(id)"
    assert [warning.partition(": ")[2] for warning in config.warnings] == [
        "line 1: nothing is replaced in this file, so CHAT_MODEL is no value yet."
    ]


@pytest.mark.parametrize("value", ["${MYKEY}", "$(pass show key)", "`pass show key`", "$MYKEY", "%MYKEY%"])
def test_a_key_that_a_shell_would_have_to_make_is_left_out_with_a_word(sources: Sources, value: str) -> None:
    sources.dot_env(f"OPENAI_API_KEY={value}")

    config = sources.read()

    assert config.find("OPENAI_API_KEY") is None
    (warning,) = config.warnings
    assert "nothing is replaced" in warning and warning.endswith("It is left out.")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('$env:OPENAI_BASE_URL="http://localhost:1/v1"', "the name is OPENAI_BASE_URL"),
        ("openai_api_key=sk-1", "the name is OPENAI_API_KEY"),
        ("Chat_Model=x", "the name is CHAT_MODEL"),
        ("OPENAI_API_KEY: sk-1", "OPENAI_API_KEY=value"),
        ('OPENAI_API_KEY="sk-1', "OPENAI_API_KEY=value"),
    ],
)
def test_a_line_that_misses_its_mark_is_named(sources: Sources, line: str, says: str) -> None:
    sources.dot_env(line)

    (warning,) = sources.read().warnings

    assert says in warning and warning.endswith("It is left out.") and "sk-1" not in warning


def test_the_scheme_before_a_key_is_taken_off(sources: Sources) -> None:
    sources.dot_env(f"OPENAI_API_KEY=Bearer {KEY}")

    key = sources.read().find("OPENAI_API_KEY")

    assert key is not None and key.value == KEY


@pytest.mark.parametrize("place", PLACES)
def test_values_are_cleaned_wherever_they_come_from(sources: Sources, place: str) -> None:
    PLACES[place](sources, "CHAT_MODEL=m\x1b]0;x\x07\u202e")

    model = sources.read().model
    assert model is not None and model.value == "m�]0;x�"


URL_PLACES = ["nowhere", *PLACES]
KEY_PLACES = [place for place in PLACES if place != "option"]
SAME_FILE_ONLY = ("--env-file", "./.env")


# An option sets the base URL of OpenAI-compatible endpoints alone.
CASES = [("OPENAI", url, key) for url in URL_PLACES for key in KEY_PLACES]
CASES += [("ANTHROPIC", url, key) for url in URL_PLACES for key in KEY_PLACES if url != "option"]


@pytest.mark.parametrize(("provider", "url_place", "key_place"), CASES)
def test_a_key_goes_only_where_it_may(sources: Sources, provider: str, url_place: str, key_place: str) -> None:
    url, key = f"{provider}_BASE_URL=http://localhost:1/v1", f"{provider}_API_KEY={KEY}"
    if url_place == key_place and key_place != "environment":
        PLACES[key_place](sources, f"{url}\n{key}\n")
    else:
        PLACES[key_place](sources, key)
        if url_place != "nowhere":
            PLACES[url_place](sources, url)
    config = sources.read()

    found = config.key_for(config.find(f"{provider}_BASE_URL"), f"{provider}_API_KEY")

    may = key_place == url_place if url_place in SAME_FILE_ONLY else True
    assert (found is not None) is may


@pytest.mark.parametrize("url_place", ["nowhere", "option", "environment", "config folder"])
def test_of_several_keys_the_strongest_places_goes_to_the_users_own_endpoint(sources: Sources, url_place: str) -> None:
    if url_place != "nowhere":
        PLACES[url_place](sources, "OPENAI_BASE_URL=http://localhost:1/v1")
    for place in ("--env-file", "./.env"):
        PLACES[place](sources, f"OPENAI_API_KEY={place}-key")
    config = sources.read()

    found = config.key_for(config.base_url, "OPENAI_API_KEY")
    assert found is not None and found.value == "--env-file-key"
    sources.environment["OPENAI_API_KEY"] = "environment-key"
    config = sources.read()
    found = config.key_for(config.base_url, "OPENAI_API_KEY")
    assert found is not None and found.value == "environment-key"


def test_keys_are_never_in_the_repr(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.dot_env(f"ANTHROPIC_API_KEY={KEY}")
    config = sources.read()

    assert KEY not in repr(config) + repr(config.find("OPENAI_API_KEY")) + repr(config.layers.keys())
    assert KEY not in f"{config} {config.find('OPENAI_API_KEY')}"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_with_a_key_that_others_can_read_is_warned_about(sources: Sources, mode: int) -> None:
    sources.dot_env(f"OPENAI_API_KEY={KEY}")
    (sources.folder / ".env").chmod(mode)

    (warning,) = sources.read().warnings

    assert "chmod 600" in warning and KEY not in warning


@pytest.mark.parametrize(("text", "mode"), [(f"OPENAI_API_KEY={KEY}", 0o600), ("CHAT_MODEL=x", 0o644)])
def test_a_file_in_order_is_not_warned_about(sources: Sources, text: str, mode: int) -> None:
    sources.dot_env(text)
    (sources.folder / ".env").chmod(mode)

    assert sources.read().warnings == ()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "a FIFO": _fifo,
    "a directory": Path.mkdir,
    "a symlink to itself": _loop,
    "latin-1": lambda path: path.write_bytes("CHAT_MODEL=é".encode("latin-1")),
    "UTF-16": lambda path: path.write_bytes("CHAT_MODEL=x".encode("utf-16")),
    "huge": lambda path: path.write_bytes(b"#" * 300_000),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_an_env_file_that_cannot_be_used_is_left_out_with_a_warning(sources: Sources, kind: str) -> None:
    NO_FILES[kind](sources.folder / ".env")
    NO_FILES[kind](sources.paths.env)

    config = sources.read()

    assert len(config.warnings) == 2
    assert all(warning.endswith("It is left out.") and "\n" not in warning for warning in config.warnings)
    assert config.model is None


@pytest.mark.parametrize("kind", NO_FILES)
def test_a_file_that_was_asked_for_by_name_must_be_usable(sources: Sources, kind: str) -> None:
    NO_FILES[kind](sources.folder / "named")
    sources.env_file = str(sources.folder / "named")

    with pytest.raises(ConfigError, match=r"named .*\.$"):
        sources.read()


@pytest.mark.parametrize("kind", NO_FILES)
def test_a_settings_file_that_cannot_be_used_is_an_error_in_one_line(sources: Sources, kind: str) -> None:
    NO_FILES[kind](sources.paths.settings)

    with pytest.raises(ConfigError) as caught:
        sources.read()

    assert "config.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_named_file_that_is_not_there_is_an_error(sources: Sources) -> None:
    sources.env_file = str(sources.folder / "nowhere")

    with pytest.raises(ConfigError, match="does not exist"):
        sources.read()


def test_nul_in_a_file_is_a_replacement_in_the_value(sources: Sources) -> None:
    sources.dot_env("CHAT_MODEL=a\0b")

    model = sources.read().model
    assert model is not None and model.value == "a�b"


def test_a_broken_line_that_names_one_of_ours_is_warned_about_without_its_value(sources: Sources) -> None:
    sources.dot_env(f"FOO='x\nCHAT_MODEL=x\nOPENAI_API_KEY '{KEY}'\n")

    assert any("line" in warning for warning in sources.read().warnings)
    assert KEY not in "".join(sources.read().warnings)


def test_a_folder_that_was_removed_is_no_reason_to_fail(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sources.folder)
    sources.folder.rmdir()

    assert Config.read(sources.paths, {}).model is None


def test_a_home_of_an_unknown_user_is_taken_literally() -> None:
    assert paths("~nobody-has-this-name/data").data.name == "data"


def test_a_foreign_file_cannot_make_reading_slow(sources: Sources) -> None:
    sources.dot_env("CHAT_MODEL=a" + " " * 200_000 + "b\n")
    started = time.thread_time()

    sources.read()

    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\nmodel = = ", "line 2"),
        ("modle = 'x'", "no setting `modle`"),
        ("model = 5", "`model` must be text"),
        ("max_tokens = '5'", "`max_tokens` must be a whole number"),
        ("max_tokens = true", "`max_tokens` must be a whole number"),
        ("max_tokens = 0", "`max_tokens` is a number "),
        ("temperature = nan", "`temperature` is a number "),
        ("temperature = -1", "`temperature` is a number "),
        ("connect_timeout = inf", "`connect_timeout` is a number "),
        ("retries = -1", "`retries` is a number "),
        ("x = " + "9" * 5000, "config.toml"),
        ("x = " + "[" * 5000, "config.toml"),
        ("prices = 5", '[prices."MODEL"]'),
        ("[prices.x]\ninput = 'a lot'", '[prices."MODEL"]'),
        ("[prices.x]\ninput = -1", '[prices."MODEL"]'),
        ("[prices.x]\noutptu = 1", '[prices."MODEL"]'),
        ("\x1b = 1", "config.toml"),
    ],
)
def test_a_mistake_in_the_settings_file_is_said_in_one_line(sources: Sources, text: str, says: str) -> None:
    sources.toml(text)

    with pytest.raises(ConfigError) as caught:
        sources.read()

    message = str(caught.value)
    assert says in message and "config.toml" in message
    assert "\n" not in message and "\x1b" not in message and len(message) <= 400


def test_settings_are_read_and_options_replace_them(sources: Sources) -> None:
    sources.toml('temperature = 1\nmax_tokens = 7\nsystem = "S"\nreconnects = 2\n[prices."gpt"]\ninput = 0.15\n')
    sources.options = {"temperature": 0.5, "max_tokens": None, "model": None}

    settings = sources.read().settings

    assert (settings.temperature, settings.max_tokens, settings.system, settings.reconnects) == (0.5, 7, "S", 2)
    assert settings.prices["gpt"].input == 0.15


PIECES = [
    *ENV_NAMES, "=", "'", '"', "\\", "\n", "\r", " ", "#", "export ", "\0", "\ufeff", "[", "]", "{", "}", '"""', "'''",
    "model", "temperature", "prices", ".", ",", "1e999", "nan", "2020-99-99", "99" * 3000,
]  # fmt: skip
SOUP = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=SOUP, raw=st.booleans(), noise=st.binary(max_size=40))
@example(text="model='\\uD800'", raw=False, noise=b"")
def test_whatever_stands_in_the_files_nothing_but_a_config_error_comes_of_it(
    sources: Sources, text: str, raw: bool, noise: bytes
) -> None:
    data = noise if raw else text.encode("utf-8", "surrogatepass")
    for path in (sources.folder / ".env", sources.paths.env, sources.paths.settings):
        path.write_bytes(data)
    try:
        config = sources.read()
    except ConfigError as error:
        assert "\n" not in str(error)
        sources.paths.settings.unlink()
        config = sources.read()
    for layer in config.layers.values():
        assert set(layer) <= set(ENV_NAMES)
        for value in layer.values():
            assert sanitize(value) == value != ""
    assert all("\n" not in warning for warning in config.warnings)


def test_the_data_folder_can_be_moved_and_the_config_folder_stays(tmp_path: Path) -> None:
    moved = paths(str(tmp_path / "elsewhere"))

    assert moved.data == tmp_path / "elsewhere"
    assert moved == Paths(tmp_path / "elsewhere", paths().config)
    assert moved.settings.name == "config.toml" and moved.env.parent == moved.config


def test_a_relative_data_folder_in_a_folder_that_is_gone_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(ConfigError, match="--data-dir takes a whole path"):
        paths("relative")
    assert paths(str(tmp_path)).data == tmp_path
