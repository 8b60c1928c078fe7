"""Giving a key in the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from streamtui.settings.config import Config
from streamtui.settings.key_setup import KeySetup
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.paths import Paths
from tests.server.keyed import GOOD_KEY, REFUSAL, KeyedServer
from tests.tui.conftest import Reader, opened


@asynccontextmanager
async def unconfigured(folder: Path) -> AsyncIterator[Reader]:
    """Open the app with nothing set, so that it keeps keys in `folder`."""
    paths = Paths(folder / "data", folder / "config")

    def keys(catalog: SettingsCatalog) -> KeySetup:
        return KeySetup(catalog, lambda: Config.read(paths, {}, folder=folder), lambda key: None)

    async with opened(folder, {}, key_setup=keys) as reader:
        yield reader


async def choose(reader: Reader, address: str) -> None:
    await reader.send("/key")
    await reader.until("paste the address of another")
    reader.app.screen.query_one(Input).value = address
    await reader.press("enter")
    await reader.until(f"Key for {address}")


async def test_a_wrong_key_is_told_and_the_right_one_answers_from_then_on(tmp_path: Path) -> None:
    with KeyedServer() as server:
        async with unconfigured(tmp_path) as reader:
            await choose(reader, server.host)
            await reader.type("sk-wrong-key-123456")
            assert "sk-wrong" not in reader.screen
            await reader.press("enter")
            await reader.until(REFUSAL[:7])
            assert not (tmp_path / "config").exists()

            reader.app.screen.query_one(Input).value = GOOD_KEY
            await reader.pilot.pause()
            assert GOOD_KEY not in reader.screen
            await reader.press("enter")
            await reader.until("answers from here on. Kept in")

            assert reader.lines[0].endswith(f"big @ {server.host}")
            assert reader.box == ""
            recent = await reader.app.workspace.library.prompts(9)
            assert not any("sk-" in prompt for prompt in recent)
        stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
        assert GOOD_KEY.encode() not in stored
        assert (tmp_path / "config" / ".env").stat().st_mode & 0o777 == 0o600


async def test_everything_works_by_mouse(tmp_path: Path) -> None:
    with KeyedServer() as server:
        async with unconfigured(tmp_path) as reader:
            await reader.until("give a key, or the address")
            row = next(i for i, line in enumerate(reader.lines) if "give a key" in line)
            await reader.pilot.click(offset=(reader.lines[row].index("give a key"), row))
            await reader.until("paste the address of another")
            reader.app.screen.query_one(Input).value = server.host
            await reader.press("enter")
            await reader.until("Check and keep")
            reader.app.screen.query_one(Input).value = GOOD_KEY
            await reader.pilot.click("#yes")
            await reader.until("answers from here on")


async def test_escape_gives_no_key(tmp_path: Path) -> None:
    with KeyedServer() as server:
        async with unconfigured(tmp_path) as reader:
            await choose(reader, server.host)
            await reader.type(GOOD_KEY)
            await reader.press("escape")
            await reader.until_gone("Key for")
            assert (server.keys, reader.lines[0].endswith("demo @ offline")) == ([], True)


async def test_a_key_can_be_neither_copied_nor_cut_out(tmp_path: Path) -> None:
    async with unconfigured(tmp_path) as reader:
        await choose(reader, "127.0.0.1:9")
        await reader.type(GOOD_KEY)
        box = reader.app.screen.query_one(Input)
        box.action_select_all()
        assert box.selected_text == ""
        box.action_cut()
        assert GOOD_KEY not in reader.app.clipboard


@pytest.mark.parametrize("argument", ["sk-something", "gsk0123456789abcdefghij"])
async def test_a_key_behind_the_command_is_not_taken_for_an_address(tmp_path: Path, argument: str) -> None:
    async with unconfigured(tmp_path) as reader:
        await reader.send(f"/key {argument}")
        await reader.until("A key is not typed here")
        assert argument not in "\n".join(reader.lines)


async def test_a_key_that_would_travel_in_the_clear_is_asked_about(tmp_path: Path) -> None:
    async with unconfigured(tmp_path) as reader:
        await reader.send("/key http://llm.example/v1")
        await reader.until("would travel unencrypted")
        await reader.press("escape")
        await reader.until_gone("unencrypted")
        assert "Key for" not in reader.screen
