"""A program of a user's own that uses all of the library, strictly typed: what it may rely on."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from streamtui import chat, providers
from streamtui.chat import (
    ChatMessage,
    ConfigError,
    Conversation,
    ErrorInfo,
    Failed,
    Finished,
    MisuseError,
    Model,
    Notice,
    ProviderError,
    Reply,
    Revised,
    Role,
    Status,
    TextDelta,
    Usage,
    stream,
)
from streamtui.store import Store
from tests.chat.scripted import OK, SWIFT, ScriptedProvider

TURNS: list[tuple[Role, str]] = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "And?")]


def talk(*scripts: object) -> Conversation:
    return Conversation(Model(ScriptedProvider(*scripts or (OK,)), "m"), options=chat.Options(policy=SWIFT))  # type: ignore[arg-type]


async def text_of(reply: Reply) -> str:
    async with reply:
        return "".join([event.text async for event in reply if isinstance(event, TextDelta)])


async def test_iterating_without_entering_raises_and_says_what_to_write() -> None:
    reply = talk().ask("hi")

    with pytest.raises(MisuseError, match="async with"):
        async for _ in reply:
            pass
    assert await text_of(reply) == "Hello, world"


async def test_a_reply_is_asked_for_once() -> None:
    reply = talk().ask("hi")
    await text_of(reply)

    with pytest.raises(MisuseError, match="ask again"):
        async with reply:
            pass


async def test_history_from_elsewhere_goes_on_here_and_back() -> None:
    provider = ScriptedProvider(OK)
    conversation = Conversation.from_turns(TURNS, Model(provider, "m"))
    assert conversation.to_openai() == [{"role": role, "content": text} for role, text in TURNS]
    conversation = Conversation.from_turns(TURNS[:3], Model(provider, "m"))

    await text_of(conversation.ask("And?"))

    assert [(turn.role, turn.text) for turn in provider.requests[0].turns] == TURNS
    assert conversation.to_openai()[-1] == {"role": "assistant", "content": "Hello, world"}


@pytest.mark.parametrize(
    "roles", [["assistant"], ["user", "user"], ["user", "assistant", "assistant"], ["user", "system"]]
)
def test_turns_that_do_not_alternate_are_refused(roles: list[Role]) -> None:
    with pytest.raises(ConfigError):
        Conversation.from_turns([(role, "x") for role in roles], Model(ScriptedProvider(OK), "m"))


async def test_history_from_elsewhere_is_saved_with_the_first_reply(tmp_path: Path) -> None:
    async with Store.open(tmp_path) as store:
        conversation = Conversation.from_turns(TURNS[:3], Model(ScriptedProvider(OK), "m"), store.recorder)
        await text_of(conversation.ask("And?"))
        record, messages = await store.library.load(conversation.id)

    assert record.system == "Be brief."
    assert [message.text for message in messages] == ["Hi", "Hello", "And?", "Hello, world"]


@pytest.mark.parametrize("prompt", ["", " \n", "\0", "\x1b\x00", "\ud800", "\ufeff"])
def test_a_prompt_of_nothing_is_none(prompt: str) -> None:
    with pytest.raises(ConfigError):
        talk().ask(prompt)


async def test_callbacks_may_be_coroutines_and_hear_everything() -> None:
    heard: list[object] = []

    async def on_text(text: str) -> None:
        await asyncio.sleep(0)
        heard.append(text)

    def on_done(message: ChatMessage) -> None:
        heard.append(message.status)

    script = (
        chat.Connected(),
        chat.ReasoningDelta("Hm"),
        Notice("finish", "odd"),
        TextDelta("Hi"),
        Usage(1, 2),
        Finished("stop"),
    )
    message = await stream(
        talk(script).ask("hi"),
        on_text=on_text,
        on_reasoning=heard.append,
        on_notice=heard.append,
        on_usage=heard.append,
        on_done=on_done,
    )

    assert message.text == "Hi"
    assert heard[0] == "Hm" and "Hi" in heard and heard[-1] is Status.COMPLETE
    assert any(isinstance(thing, Notice) for thing in heard) and any(isinstance(thing, Usage) for thing in heard)


async def test_an_error_keeps_what_a_web_handler_needs() -> None:
    error = ProviderError("rate_limit", "slow down", status=429, retry_after=7200.0, retryable=True)
    failures: list[ErrorInfo] = []

    await stream(talk((error,)).ask("hi"), on_error=failures.append)

    (failure,) = failures
    assert (failure.kind, failure.status, failure.retry_after, failure.retryable) == ("rate_limit", 429, 7200.0, True)
    assert failure.wire() == {"kind": "rate_limit", "message": failure.message}


async def test_a_provider_is_closed_at_the_end_of_its_block() -> None:
    async with providers.create("demo") as provider:
        assert "demo" in (await text_of(Conversation(Model(provider, "fast")).ask("fast"))).lower()


def test_an_openai_provider_leaves_nothing_open(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import asyncio\n"
        "from streamtui import providers\n"
        "async def main() -> None:\n"
        "    async with providers.create('openai', base_url='http://127.0.0.1:9/v1', api_key='k') as provider:\n"
        "        try:\n"
        "            await provider.models()\n"
        "        except Exception as error:\n"
        "            print(type(error).__name__)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
    )
    assert (done.stdout, "ResourceWarning" in done.stderr) == ("ProviderError\n", False), done.stderr


async def test_making_an_openai_provider_imports_no_sdk_on_the_event_loop() -> None:
    code = (
        "import sys\n"
        "from streamtui import providers\n"
        "providers.create('openai', api_key='k')\n"
        "print('openai' in sys.modules or 'asyncio' not in sys.modules)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    assert out == b"False\n"


def test_every_public_name_is_documented_and_the_page_has_examples() -> None:
    assert "async with conversation.ask" in (chat.__doc__ or "")
    for name in chat.__all__:
        thing = getattr(chat, name)
        assert thing.__doc__ or not isinstance(thing, type), name


def test_a_failure_and_a_revision_are_events() -> None:
    events: list[chat.Event] = [Failed(ErrorInfo("server", "x")), Revised("a", "b", "c"), Finished()]

    assert len(events) == 3
