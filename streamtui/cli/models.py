"""`streamtui models`: what `-m` can be given."""

from streamtui.chat.ports import InMemoryQuirks
from streamtui.cli import output
from streamtui.cli.args import ModelsArgs
from streamtui.cli.context import Context
from streamtui.cli.exit_codes import DONE
from streamtui.cli.process import on_loop
from streamtui.cli.stdio import complain
from streamtui.providers.redaction import redact


def run(args: ModelsArgs, context: Context) -> int:
    """Print the models that can be asked and return the exit code. Raises `ProviderError` if no endpoint answers."""
    catalog = context.catalog(InMemoryQuirks(), finds_servers=True)

    async def show() -> int:
        try:
            names = await catalog.available(missed=lambda error: complain(redact(str(error), context.secrets)))
        finally:
            await catalog.aclose()
        local = catalog.endpoints.local
        for notice in local.notices_of_none() if not catalog.endpoints.is_configured and local.is_searched else ():
            complain(notice)
        if args.json:
            await output.print_json(names)
        else:
            await output.print_text("".join(f"{name}\n" for name in names))
        return DONE

    return on_loop(show(), rescue=lambda: None)
