"""What every command does, seen by its effect. A row of the table without an effect here fails."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from streamtui.tui import commands
from streamtui.tui.commands import COMMANDS
from streamtui.tui.keybindings import DEFAULT
from tests.tui.conftest import Open, Reader
from tests.workspace.imports.samples import as_json, claude

Effect = Callable[[Reader, pytest.MonkeyPatch], Awaitable[None]]


def copies(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that everything copied to the clipboard is put into."""
    copied: list[str] = []

    async def copy_out(text: str, what: str) -> str:
        copied.append(text)
        return f"Copied the {what}."

    monkeypatch.setattr(reader.app, "copy_out", copy_out)
    return copied


def config_folder(reader: Reader) -> Path:
    return Path(reader.app.chat.context.choices.texts.where("snippets")).parent


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def read(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


async def help_(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/help")
    await reader.until("Sending and stopping")


async def new(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reader.app.chat.session
    await reader.send("/new")
    await reader.until("New conversation")
    assert reader.app.chat.session is not before
    assert reader.app.chat.session.is_blank


async def model(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/model demo:fast")
    await reader.until("demo:fast @ offline")
    await reader.until("answers from here on")


async def open_(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/new")
    await reader.until("New conversation")
    await reader.send("/open ")
    await reader.until("enter open")
    await reader.until("code fast")
    await reader.press("enter")
    await reader.until(lambda: reader.lines[0].strip().startswith("code fast"))


async def copy(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = copies(reader, monkeypatch)
    await reader.send("/copy ")
    await reader.until("Copied the reply")
    assert copied == [reader.app.chat.session.conversation.path()[-1].text]
    await reader.send("/copy 1")
    await reader.until("Copied the code block 1")
    assert copied[-1] and copied[-1] in copied[0]
    await reader.send("/copy 99")
    await reader.until("There is no code block 99")
    await reader.send("/copy all")
    await reader.until("Copied the conversation")
    assert copied[-1].startswith("# code fast") and "## You" in copied[-1]
    await reader.send("/copy table")
    await reader.until("There is no table.")
    await reader.send("/copy everything")
    await reader.until("/copy takes nothing")
    await reader.send("table fast")
    await reader.until(lambda: len(reader.app.chat.session.conversation.path()) == 4)
    await reader.until(lambda: not reader.app.chat.session.is_streaming)
    await reader.send("/copy table")
    await reader.until("Copied the table")
    assert copied[-1].count("\n") > 2 and "," in copied[-1] and "|" not in copied[-1]
    await reader.send("/copy table 9")
    await reader.until("There is no such table")


async def save(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/save 1 one.py")
    await reader.until("Written to")
    (code,) = [code for code in reader.app.chat.view.log_view.code_blocks() if code.number == 1]
    assert read("one.py") == code.text
    write("one.py", "mine")
    await reader.send("/save 1 one.py")
    await reader.until("Replace it?")
    await reader.press("escape")
    await reader.until("stays as it was")
    assert read("one.py") == "mine"
    await reader.send("/save 1 one.py")
    await reader.until("Replace it?")
    await reader.press("y")
    await reader.until(lambda: read("one.py") == code.text)
    monkeypatch.setenv("HOME", str(Path.cwd()))
    await reader.send("/save ~/reply.md")
    await reader.until(lambda: Path("reply.md").exists())
    assert read("reply.md").rstrip("\n") == reader.app.chat.session.conversation.path()[-1].text.rstrip("\n")
    await reader.send("/save 2")
    await reader.until("code-2.")
    for words, why in {"99 x.py": "no code block 99", "1 .": "is a folder", "1 no/x.py": "can't be written"}.items():
        await reader.send(f"/save {words}")
        await reader.until(why)


async def fold(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reader.app.chat.view.log_view.code_blocks()
    assert whole
    await reader.send("/fold")
    await reader.until("more lines")
    assert reader.app.chat.view.log_view.code_blocks() == []
    await reader.press("alt+o")
    await reader.until_gone("more lines")
    assert reader.app.chat.view.log_view.code_blocks() == whole


async def export(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/export ")
    await reader.until("Written to")
    await reader.send("/export ")
    await reader.until("code-fast-2.md")
    await reader.send("/export talk.json")
    await reader.until("talk.json")
    await reader.send("/export talk.json")
    await reader.until("exists: name another file")
    assert "code" in read("code-fast.md")
    assert json.loads(read("talk.json"))["streamtui"] == 1


async def retry(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = reader.app.chat.session.conversation
    first = conversation.path()[-1].id
    await reader.send("/retry")
    await reader.until(lambda: len(conversation.siblings(first)) == 2)
    await reader.until(lambda: not reader.app.chat.session.is_streaming)


async def branches(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = reader.app.chat.session.conversation
    first = conversation.path()[-1].id
    await reader.send("/retry demo:fast")
    await reader.until(lambda: len(conversation.siblings(first)) == 2)
    await reader.until(lambda: not reader.app.chat.session.is_streaming)
    assert conversation.path()[-1].model == "demo:fast"
    await reader.send("/branches")
    await reader.until("enter go there")
    await reader.until("└ demo:fast:")
    await reader.press("up", "enter")
    await reader.until(lambda: conversation.leaf == first)


async def fork(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reader.app.chat.session
    await reader.send("/fork")
    await reader.until(lambda: reader.lines[0].strip().startswith("code fast (fork)"))
    assert reader.app.chat.session is not before


async def import_(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    as_json(Path("other.json"), [claude()])
    await reader.send("/import other.json")
    await reader.until(lambda: reader.lines[0].strip().startswith("Review"))
    await reader.until("It prints.")
    await reader.send("/import missing.json")
    await reader.until("missing.json is not there")


async def context(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/context")
    await reader.until("What comes with your next prompt")
    await reader.until("sent in all, about")
    assert "code fast" in reader.screen


async def compact(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    session = reader.app.chat.session
    before = session.conversation.path()
    await reader.send("/model demo:fast")
    await reader.send("/compact")
    await reader.until(lambda: not session.is_streaming and len(session.conversation.messages) == 4)
    assert len(session.conversation.path()) == 2
    await reader.press("alt+left")
    await reader.until(lambda: session.conversation.path() == before)


async def incognito(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = reader.app.chat.session
    await reader.send("/incognito")
    await reader.until("incognito, nothing is saved")
    await reader.send("a secret fast")
    await reader.until(lambda: len(reader.app.chat.session.conversation.messages) == 2)
    await reader.until(lambda: not reader.app.chat.session.is_streaming)
    await reader.send("/new")
    await reader.until_gone("incognito, nothing is saved")
    assert len(await reader.app.workspace.library.conversations()) == 1
    reader.app.chat.show_session(saved)


async def continue_reply(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("long slow")
    await reader.until("tok/s")
    await reader.press("escape")
    await reader.until("■ stopped")
    reply = reader.app.chat.session.conversation.path()[-1]
    await reader.send("/continue")
    await reader.until(lambda: reader.app.chat.session.is_streaming)
    await reader.until(lambda: len(reader.app.chat.session.conversation.messages[reply.id].segments) == 2)
    await reader.press("escape")
    await reader.until(lambda: not reader.app.chat.session.is_streaming)


async def compare(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/compare demo demo:fast")
    await reader.until("next: side by side from demo, demo:fast")
    await reader.send("/compare ")
    await reader.until_gone("next: side by side")


async def pace(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/pace smooth")
    await reader.until("Text is shown evenly")
    assert reader.app.chat.view.log_view.smooth
    assert reader.remembered == {"pace": "smooth"}


async def stats(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/stats")
    await reader.until("How fast the models were")
    await reader.until("demo: 1 reply, 1 complete")
    await reader.press("escape")
    await reader.until_gone("How fast the models were")


async def key(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/key ")
    await reader.until("No key can be kept here.")  # `test_keys_dialog` has where it can


async def attach(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send(f"/attach {__file__}")
    await reader.until("▣ test_commands.py")


async def rename(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/rename  A better title")
    await reader.until(lambda: reader.lines[0].strip().startswith("A better title"))
    await reader.send("/model demo:fast")
    await reader.send("/rename ")
    await reader.until(lambda: not reader.lines[0].strip().startswith("A better title"))
    assert reader.app.chat.session.title in reader.lines[0]
    assert len(reader.app.chat.session.conversation.messages) == 2


async def system(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/system Be brief.")
    await reader.until("The system message is set.")
    conversation = reader.app.chat.session.conversation
    assert conversation.request(conversation.leaf).turns[0].text == "Be brief."
    folder = config_folder(reader) / "systems"
    folder.mkdir(parents=True)
    (folder / "brief.md").write_text("Be very brief.\n", encoding="utf-8")
    await reader.send("/system @no")
    await reader.until("There is no system no")
    await reader.type("/system @br")
    await reader.until("@brief")
    await reader.press("enter")
    await reader.until(lambda: conversation.request(conversation.leaf).turns[0].text == "Be very brief.")
    await reader.send("/system ")
    await reader.until("The system message is removed.")
    assert conversation.request(conversation.leaf).turns[0].role == "user"


async def theme(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/theme nord")
    await reader.until("The theme is nord")
    assert reader.app.theme == "nord"
    assert reader.remembered == {"theme": "nord"}


async def quit_(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/quit")
    await reader.until(lambda: reader.app._exit)


async def effort(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/effort most")
    await reader.until("none is set")
    await reader.send("/effort high")
    await reader.until("takes no effort")  # it is the demo
    assert reader.app.chat.session.conversation.options.effort is None


async def forget(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(reader.app.workspace.catalog, "forget", lambda model: forgotten.append(model.provider.host))
    await reader.send("/forget")
    await reader.until("is forgotten")
    assert forgotten == ["offline"]


async def find(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/find fibonacci")
    await reader.until("1 of ")


async def snippet(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    await reader.send("/snippet")
    await reader.until("There are no snippets yet: put a file NAME.md into")
    texts = config_folder(reader) / "snippets"
    texts.mkdir(parents=True)
    (texts / "review.md").write_text("Review {what}, {{as is}}, {what} for {who}.\n", encoding="utf-8")
    (texts / "other.md").write_text("plain", encoding="utf-8")
    await reader.send("/snippet other")
    await reader.until(lambda: reader.box == "plain")
    await reader.press("ctrl+u")
    await reader.type("/snippet re")
    await reader.until("review")
    await reader.press("enter")
    await reader.until("1 of 2 · enter goes on")
    await reader.type("this")
    await reader.press("enter")
    await reader.until("2 of 2")
    await reader.press("enter")
    await reader.until(lambda: reader.box == "Review this, {as is}, this for .")
    await reader.send("/snippet ../config")
    await reader.until("can't be the name of a snippet")


async def editor(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    await reader.send("/editor")
    await reader.until("There is no editor no-such-editor")
    monkeypatch.setenv("VISUAL", "true")
    await reader.send("/editor")
    await reader.until("This terminal can't be given to another program.")


EFFECTS: dict[str, Effect] = {
    "key": key,
    "save": save,
    "fold": fold,
    "snippet": snippet,
    "editor": editor,
    "find": find,
    "import": import_,
    "context": context,
    "compact": compact,
    "incognito": incognito,
    "branches": branches,
    "fork": fork,
    "effort": effort,
    "forget": forget,
    "help": help_,
    "new": new,
    "model": model,
    "open": open_,
    "copy": copy,
    "export": export,
    "retry": retry,
    "continue": continue_reply,
    "compare": compare,
    "pace": pace,
    "stats": stats,
    "rename": rename,
    "attach": attach,
    "system": system,
    "theme": theme,
    "quit": quit_,
}


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
async def test_a_command_does_what_it_says(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app() as reader:
        await reader.talk("code fast")
        await EFFECTS[name](reader, monkeypatch)


def test_commands_are_found_by_all_their_names() -> None:
    for command in COMMANDS:
        for name in (command.name, *command.aliases):
            assert commands.find(name) is command
            assert command in commands.matching(name[:2])


@pytest.mark.parametrize("name", ["copy", "export", "retry", "continue"])
async def test_a_command_that_can_do_nothing_says_so(open_app: Open, name: str) -> None:
    async with open_app() as reader:
        await reader.send(f"/{name} ")
        await reader.until("There is no")


async def test_the_palette_has_every_command_with_its_key(open_app: Open) -> None:
    async with open_app((100, 40)) as reader:
        await reader.press("ctrl+p")
        await reader.until("Type a command")
        for command in COMMANDS:
            (row,) = (line for line in reader.lines if f" {command.slash} " in line)
            assert command.key(DEFAULT) in row
        await reader.type("slash clear")
        await reader.until_gone("/export")
        await reader.press("enter")
        await reader.until_gone("Type a command")
        assert reader.app.chat.session.is_blank


async def test_the_themes_are_seen_while_one_looks_through_them(open_app: Open) -> None:
    async with open_app() as reader:
        before = reader.app.theme
        await reader.send("/theme ")
        await reader.until("Type a theme's name")
        await reader.type("nord")
        await reader.until(lambda: reader.app.theme == "nord")
        await reader.press("escape")
        await reader.until(lambda: reader.app.theme == before)
        assert reader.remembered == {}
        await reader.send("/theme ")
        await reader.until("Type a theme's name")
        await reader.press("down")
        chosen = reader.app.theme
        await reader.press("enter")
        await reader.until(f"The theme is {reader.app.theme}")
        assert reader.app.theme == chosen
        assert reader.remembered == {"theme": chosen}


async def test_the_help_is_filtered_by_what_one_wants_to_do(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.press("f1")
        await reader.until("What do you want to do?")
        await reader.type("code block")
        await reader.until(lambda: "newline" not in reader.screen)
        assert "Alt+1 … Alt+9" in reader.screen
        assert "/copy [N|table|all]" in reader.screen
        assert reader.app.screen.query_one(Input).value == "code block"
        assert reader.app.screen.query_one(OptionList).option_count == 5
