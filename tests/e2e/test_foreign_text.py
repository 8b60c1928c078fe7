"""No text of a model, a server, a title, a file or a paste is ever a command to the terminal; no key is ever shown."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import EMPTY_BOX, KEY, Home, Launch, use
from tests.server import ScriptedServer
from tests.server.scenarios import ESCAPES

SEQUENCE = re.compile(
    rb"\x1b(?:\[(?P<private>[<=>?]?)(?P<numbers>[\d;:]*)(?P<middle>[ -/]*)(?P<final>[@-~])"
    rb"|(?P<string>[\]PX^_])|(?P<other>.))",
    re.DOTALL,
)
OWN_STRINGS = re.compile(rb"\x1b\]2;streamtui\x1b\\|\x1b\]11;\?\x1b\\")
"""The window's title, and the question which colour the background has."""
TITLE_STACK = (b"22;0", b"23;0")
UNFINISHED = re.compile(rb"\x1b(?:\[[<=>?]?[\d;:]*)?\Z")
MODES = {7, 25, 1000, 1002, 1003, 1004, 1006, 1015, 1016, 1049, 2004, 2026, 2048}
"""Modes that a full-screen program may set."""
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
HOSTILE = "t\x1b]0;PWNED\x07i\x1b]52;c;cHduZWQ=\x1b\\t\x1b[2Jl\x9b31me\u202e[bold red]x[/] [@click=app.quit]Q[/]"


def strange(raw: bytes) -> list[bytes]:
    """Return the sequences in `raw` that the app does not send on its own, C1 and bidi controls among them."""
    raw = UNFINISHED.sub(b"", OWN_STRINGS.sub(b"", raw))
    found = [match.group() for match in SEQUENCE.finditer(raw) if not _is_known(match)]
    text = raw.decode("utf-8", "replace")
    found += [char.encode() for char in text if "\x80" <= char <= "\x9f" or char in BIDI]
    found += [bytes([byte]) for byte in raw if byte < 32 and byte not in b"\x1b\r\n\t\x07\x0e\x0f"]
    return found + [b"\x07"] * raw.count(b"\x07") + [b"\x7f"] * raw.count(b"\x7f")


def _is_known(match: re.Match[bytes]) -> bool:
    private, numbers, final = match["private"], match["numbers"] or b"", match["final"]
    if final is None:
        return match["other"] in (b"7", b"8", b"(")
    if private == b"" and not match["middle"]:
        return final in b"mHABCDGJKLMrsu" or (final == b"t" and numbers in TITLE_STACK)
    if private == b"?" and final in b"hl":
        return {int(number) for number in numbers.split(b";")} <= MODES
    return (private, final) in ((b"?", b"p"), (b"?", b"u"), (b">", b"u"), (b"<", b"u"), (b"=", b"u"), (b">", b"m"))


def assert_harmless(raw: bytes) -> None:
    assert strange(raw) == []


def test_the_check_itself_finds_every_attack() -> None:
    for attack in (
        "\x1b]52;c;x\x07",
        "\x1b]0;x\x1b\\",
        "\x1b]2;x\x1b\\",
        "\x1b[21t",
        "\x9b31m",
        "\x1bP1$r\x1b\\",
        "\x1b[?1l",
        "\u202e",
        "\x08",
        "\x7f",
    ):
        assert strange(f"text {attack} text".encode()), attack


def test_what_a_model_says_is_text(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "escape", size=(120, 40))
    app.send("hi")
    app.wait_for("✓")
    app.press("alt+up")
    app.wait_for("enter menu")
    app.press("enter")
    app.wait_for("open or fold the reasoning")
    app.type("fold")
    app.wait_until_gone("copy the message")
    app.press("enter")
    app.wait_for("▾")
    app.wait_for("PWN")
    app.press("ctrl+n")
    app.wait_for("Enter sends")
    app.press("ctrl+o")
    app.wait_for("enter open")
    app.press("enter")
    app.wait_for("PWN")
    assert_harmless(app.raw)
    assert "[/]" in app.screen
    reply = home.messages()[1]
    assert not set(reply["text"]) & {"\x1b", "\x9b", "\x07", "\x00", "\u202e", "\u2066"}


def test_titles_and_prompts_are_text(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "ok", size=(120, 40))
    app.paste(HOSTILE)
    app.wait_for("Q[/]")
    app.press("enter")
    app.wait_for("✓")
    app.paste(f"/rename {HOSTILE}")
    app.wait_for("/rename")
    app.press("enter")
    app.wait_for(lambda: "PWNED" in app.lines[0])
    app.press("ctrl+o")
    app.wait_for("enter open")
    app.wait_for(lambda: app.screen.count("PWNED") >= 2)
    app.press("esc")
    app.wait_until_gone("enter open")
    app.paste(f"/theme {HOSTILE}")
    app.wait_for("/theme")
    app.press("enter")
    app.wait_for("no theme")
    assert_harmless(app.raw)
    listed = home.run("list")
    assert "\x1b" not in listed.stdout
    assert "\u202e" not in listed.stdout


@pytest.mark.parametrize("where", ["-m", "CHAT_MODEL", "--base-url", "--resume", "--system"])
def test_what_comes_from_the_command_line_or_the_environment_is_text(
    launch: Launch, endpoint: ScriptedServer, where: str
) -> None:
    hostile = HOSTILE.replace("\x00", "")
    words = [where, hostile] if where.startswith("-") else []
    app = launch(*words, environment={} if words else {where: hostile}, ready=None, size=(120, 40))
    app.wait_for(lambda: not app.is_running or EMPTY_BOX in app.screen) if where != "--base-url" else app.exit_code()
    if where in ("-m", "CHAT_MODEL"):
        app.send("hi")
        app.wait_for("✗ failed")
    if app.is_running:
        app.wait_for_quiet(0.2)
        app.press("ctrl+c", "ctrl+c")
    assert_harmless(app.raw)


def test_what_a_server_says_in_an_error_is_text(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", f"nope{HOSTILE}", size=(120, 40))
    app.send("hi")
    app.wait_for("✗ failed")
    app.wait_for("PWNED")
    assert_harmless(app.raw)


def test_hostile_folder_and_file_names_are_text(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "ok", size=(160, 40))
    app.send("hi")
    app.wait_for("✓")
    app.paste("/export no/such/\u202efolder\x1b]0;x\x07/file.md")
    app.wait_for("/export")
    app.press("enter")
    app.wait_for("can't be written")
    assert_harmless(app.raw)


def test_nothing_is_read_as_markup(launch: Launch, endpoint: ScriptedServer) -> None:
    app = launch("-m", "ok", size=(120, 40))
    prompt = "[bold]b[/bold] [/] [@click=app.quit]Q[/] [link=https://evil.example]l[/link]"
    app.send(prompt)
    app.wait_for("✓")
    app.wait_for(lambda: prompt in app.lines[0] or "[bold]b[/bold] [/]" in app.lines[0], what="the title as typed")
    assert app.screen.count("[bold]b[/bold] [/]") >= 2
    assert b"\x1b]8;" not in app.raw


def test_the_key_is_in_no_file_and_on_no_screen(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "401", "--log", str(home.folder / "log.txt"), size=(120, 40))
    app.send("hi")
    app.wait_for("✗ failed")
    app.wait_for("│ hi")
    app.press("ctrl+c")
    app.wait_for(EMPTY_BOX)
    use(app, "echo")
    app.send("hi again")
    app.wait_for("✓")
    app.send("/export all.json")
    app.wait_for("Written")
    app.press("ctrl+d")
    app.exit_code()
    assert KEY not in app.raw.decode("utf-8", "replace")
    assert home.files_holding(KEY) == []
    assert KEY not in (home.work / "all.json").read_text()


def test_a_key_that_is_pasted_by_mistake_stays_out_of_the_windows_title(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    app = launch("-m", "ok")
    app.send(KEY)
    app.wait_for("✓")
    assert re.findall(rb"\x1b\][012];[^\x07\x1b]*", app.raw) == [b"\x1b]2;streamtui"]


def test_saved_files_are_for_the_owner_alone(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "ok")
    app.send("hi")
    app.wait_for("✓")
    folder: Path = home.data
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_escape_scenario_is_as_hostile_as_it_claims(endpoint: ScriptedServer) -> None:
    assert len(strange(json.loads(json.dumps(ESCAPES)).encode())) >= 8
