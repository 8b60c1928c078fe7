"""`python -m tests.docs.fault_table` writes the page of error lines anew: every fault as the engine really lives it."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamtui import providers
from streamtui.chat import Conversation, Failed, Model, Notice, Options, Policy
from streamtui.chat.ports import Deadlines
from tests.providers.faults import FAULTS
from tests.server import SCENARIOS, ScriptedServer

PAGE: Final = Path(__file__).parents[2] / "streamtui" / "docs" / "error-lines.md"
_BEGIN, _END = "<!-- generated -->\n", "<!-- /generated -->\n"
_ENDS_EARLY: Final = ("eof-after-5", "half-event")
_SAYS_MORE: Final = ("length", "content-filter", "tool-call", "refusal", "no-text", "429-then-ok", "no-stream-options")
_FALLS_SILENT: Final = frozenset(
    ("mute", "slow-headers", "stall-first", "stall", "stall-ping", "flood-ping", "flood-newline", "flood-empty")
)
_IMPATIENT: Final = Deadlines(connect=5.0, first_byte=1.0, content=1.0)
"""For those that fall silent: a busy machine must not seem to."""
_PATIENT: Final = Deadlines(connect=60.0, first_byte=60.0, content=60.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    model: str
    status: str
    says: str
    """What the reader is told, in the end or meanwhile."""
    kept: str


async def outcome(server: ScriptedServer, model: str) -> Outcome:
    """Ask for a fault and return what became of the reply."""
    deadlines = _IMPATIENT if model in _FALLS_SILENT else _PATIENT
    provider = providers.create("openai", base_url=server.url, deadlines=deadlines)
    policy = Policy(retries=1, first_delay=0.01) if "then" in model else Policy(retries=0)
    conversation = Conversation(Model(provider, model), options=Options(policy=policy))
    says: list[str] = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(provider.aclose)
        async with conversation.ask("hello") as reply:
            async for event in reply:
                match event:
                    case Notice(text=text):
                        says.append(text)
                    case Failed(error=error):
                        says = [error.message]
    text = reply.message.text
    kept = "nothing had arrived" if not text else f"`{text.strip()}`" if len(text) < 40 else f"{len(text):,} characters"
    said = " ".join(says).replace(f"127.0.0.1:{server.port}", "HOST").replace(f":{server.port}", ":PORT")
    return Outcome(model, reply.message.status.value, said.replace("|", "\\|"), kept)


async def table() -> str:
    """Return the table of all faults of the scripted server."""
    tells = {entry.name: entry.tells for entry in SCENARIOS}

    def what(model: str) -> str:
        return tells.get(model) or next((e.tells for e in SCENARIOS if e.match(model) is not None), "no such model")

    models = [fault.model for fault in FAULTS if fault.of(["openai"])] + [*_ENDS_EARLY, *_SAYS_MORE]
    rows = ["| model | what the server does | status | what the reader is told | text kept |", "|---|---|---|---|---|"]
    with ScriptedServer() as server:
        silent = [model for model in models if model in _FALLS_SILENT and "flood" not in model]
        outcomes = dict(zip(silent, await asyncio.gather(*(outcome(server, model) for model in silent)), strict=True))
        for model in models:
            found = outcomes.get(model) or await outcome(server, model)
            rows.append(f"| `{model}` | {what(model)} | {found.status} | {found.says} | {found.kept} |")
    return "\n".join(rows) + "\n"


def embed(page: str, generated: str) -> str:
    """Return `page` with its generated part replaced."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{generated}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(embed(PAGE.read_text(encoding="utf-8"), asyncio.run(table())), encoding="utf-8")
