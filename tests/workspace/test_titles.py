"""Titles by the first prompt, and by the model."""

import pytest

from streamtui.chat import Options, StreamtuiError
from streamtui.chat.events import Connected, Finished, ReasoningDelta, TextDelta
from streamtui.workspace import Defaults, SendPrompt, TitleChanged
from streamtui.workspace.titles import cleaned
from tests.chat.scripted import HANG, OK, SWIFT, drop, until
from tests.workspace.conftest import OpenWorkspace, Watcher

BY_MODEL = Defaults(options=Options(policy=SWIFT), titles="model")


def saying(*texts: str) -> tuple[object, ...]:
    return (Connected(), *map(TextDelta, texts), Finished("stop"))


async def test_the_model_gives_a_title_after_the_first_reply_and_no_turn_is_left_of_it(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(OK, saying("„Ein ", "Gruß“"), OK, defaults=BY_MODEL)
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Sag hallo\nbitte"))
    assert session.title == "Sag hallo"
    await task.wait()
    await until(lambda: session.title == "Ein Gruß")

    asked = setup.provider.requests[-1].turns
    assert len(asked) == 1 and "in the language in which it is held" in asked[0].text and "Sag hallo" in asked[0].text
    assert any(isinstance(event, TitleChanged) for event in watcher.events)
    record, messages = await setup.store.library.load(session.conversation.id)
    assert (record.title, len(messages)) == ("Ein Gruß", 2)
    assert len(await setup.store.library.timings()) == 1
    (task,) = await setup.workspace.sender.send(session, SendPrompt("More"))
    await task.wait()
    assert len(setup.provider.requests) == 3


@pytest.mark.parametrize(
    "script", [(drop("server"),), saying(""), saying("**\n"), (Connected(), ReasoningDelta("hm"), Finished("stop"))]
)
async def test_without_a_title_of_the_models_the_first_prompt_stays_it(
    open_workspace: OpenWorkspace, script: tuple[object, ...]
) -> None:
    setup = open_workspace(OK, script, defaults=BY_MODEL)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Say hello"))
    await task.wait()
    await until(lambda: len(setup.provider.requests) > 1 and not setup.provider.open)
    assert session.title == "Say hello"
    with pytest.raises(StreamtuiError):
        await setup.workspace.titles.give(session)


async def test_no_model_is_asked_unless_that_is_wanted_and_no_given_title_is_lost(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Say hello"))
    await task.wait()
    assert len(setup.provider.requests) == 1

    setup = open_workspace(OK, saying("Other"), defaults=BY_MODEL)
    session = setup.workspace.new()
    session.conversation.rename("Mine")
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Say hello"))
    await task.wait()
    assert len(setup.provider.requests) == 1
    assert await setup.workspace.titles.give(session) == "Other"


async def test_a_title_given_while_the_model_looks_for_one_stays(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, (Connected(), TextDelta("Theirs\n" * 200), HANG), defaults=BY_MODEL)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Say hello"))
    session.watch(lambda event: None)
    await task.wait()
    session.conversation.rename("Mine")
    await until(lambda: len(setup.provider.requests) == 2 and not setup.provider.open)
    assert session.title == "Mine"


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Draining a queue", "Draining a queue"),
        ('"Draining a queue."', "Draining a queue"),
        ("\n\n# **Draining** \n\nI chose this because", "Draining"),
        ("Titel: «Eine Schlange»", "Eine Schlange"),
        ("標題。", "標題"),
        ("a\x1b[31mb\u202ec", "a�[31mbc"),
        ("word " * 50, "word " * 12),
        ("", ""),
        ("...", ""),
    ],
)
def test_an_answer_becomes_one_short_line(answer: str, title: str) -> None:
    assert cleaned(answer).rstrip("…").strip() == title.strip()
    assert len(cleaned(answer)) <= 60 and "\n" not in cleaned(answer)
