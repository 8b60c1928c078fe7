"""`streamtui` without a command: hands the engine to the full-screen app."""

import os
import shlex
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from streamtui.chat.ports import Model
from streamtui.cli import store
from streamtui.cli.args import LAST, AppArgs
from streamtui.cli.context import Context
from streamtui.settings.app_choices import AppChoices
from streamtui.settings.config import Config
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.named_texts import NamedTexts
from streamtui.settings.paths import Paths
from streamtui.workspace import Defaults, Workspace
from streamtui.workspace.titles import TitleSource
from streamtui.workspace.unsaved import UnsavedStorage

if TYPE_CHECKING:
    from streamtui.settings.key_setup import KeySetup

_NO: Final = ("", "0", "false", "no", "off")


def run(args: AppArgs, context: Context) -> int:
    """Run the app to its end and return the exit code. Raises `ConfigError` for a terminal it can't work on."""
    from streamtui.tui import launch  # the other commands do without
    from streamtui.tui.farewell import Farewell, LastWord
    from streamtui.tui.options import Choices, CompactChoice, Looks, Notify, Opening

    config = context.config
    is_calm = wants_calm(os.environ, by_setting=config.settings.calm)
    launch.refuse_pipes()
    if not is_calm:
        launch.refuse_unusable_terminal(os.environ)
    with nullcontext(UnsavedStorage()) if args.no_save else store.opened(config) as storage:
        catalog = context.catalog(storage.memory, finds_servers=True)
        defaults = Defaults(
            model=_named_model(args, catalog),
            system=config.settings.system,
            instruction=args.shared.system,
            options=context.options,
            titles=cast(TitleSource, config.settings.titles),
        )
        workspace = Workspace(catalog, storage.recorder, storage.library, defaults)
        opening = Opening(
            conversation=None if args.resume == LAST else args.resume,
            latest=args.resume == LAST,
            notices=(*context.warnings, *storage.notices, *_demo_hint(config, catalog)),
        )
        farewell = Farewell(_command(args), cast(LastWord, config.settings.last_word))
        if is_calm:
            from streamtui.cli import calm  # of which the full screen needs nothing

            return calm.run(workspace, storage, opening, farewell)
        choices = AppChoices(None if args.no_save else _choices_file(config.paths), config.settings)
        return launch.run(
            workspace,
            storage,
            Choices(
                catalog.prices,
                choices.remember,
                NamedTexts(config.paths.config),
                lambda: _key_setup(context, catalog),
                cast(CompactChoice, config.settings.compact),
            ),
            opening=opening,
            looks=Looks(
                choices.get("theme"),
                keys=config.settings.keys,
                sidebar=choices.get("sidebar") == "on",
                notify=cast(Notify, config.settings.notify),
                smooth=choices.get("pace") == "smooth",
                farewell=farewell,
            ),
            report=context.report_crash,
        )


def wants_calm(environment: Mapping[str, str], *, by_setting: bool) -> bool:
    """Return whether the user wants calm mode; `ACCESSIBLE` goes before the setting."""
    given = environment.get("ACCESSIBLE")
    return by_setting if given is None else given.strip().lower() not in _NO


def _key_setup(context: Context, catalog: SettingsCatalog) -> "KeySetup":
    from streamtui.settings.key_setup import KeySetup  # who gives no key does without

    return KeySetup(catalog, context.reread, context.secrets.append)


def _command(args: AppArgs) -> str:
    """Return what finds the conversations of this run again."""
    data_dir = args.shared.data_dir
    return shlex.join(["streamtui", *(["--data-dir", data_dir] if data_dir else [])])


def _choices_file(paths: Paths) -> Path | None:
    return paths.data_folder / "choices.json" if paths.data_folder is not None else None


def _named_model(args: AppArgs, catalog: SettingsCatalog) -> Model | None:
    """Return the model of `-m` or `--demo`, which answers even in a reopened conversation."""
    if args.shared.demo:
        return catalog.model()
    return catalog.model(args.shared.models[-1]) if args.shared.models else None


def _demo_hint(config: Config, catalog: SettingsCatalog) -> tuple[str, ...]:
    """Return why the demo answers where another model was named."""
    if config.model is None or catalog.endpoints.is_configured:
        return ()
    return (f"{catalog.endpoints.lacks} So this is the demo.",)
