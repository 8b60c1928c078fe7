"""The composition root: arguments → settings → one command, and its exit code."""

import signal

from streamtui.chat.errors import ConfigError, NotFoundError, ProviderError, StreamtuiError
from streamtui.cli import daily, process
from streamtui.cli.args import (
    AppArgs,
    AskArgs,
    CommandArgs,
    CompletionArgs,
    DoctorArgs,
    ModelsArgs,
    ServeArgs,
)
from streamtui.cli.context import Context, read_config
from streamtui.cli.exit_codes import CRASHED, FAILED, USAGE
from streamtui.cli.process import Stopped
from streamtui.cli.stdio import complain, say
from streamtui.providers.redaction import Secret, redact
from streamtui.settings.paths import Paths, paths


def run(command: CommandArgs) -> int:
    """Run the command and return its exit code; whatever ends it is one line."""
    try:
        places = paths(command.shared.data_dir)
    except ConfigError as error:
        return _complain(error, USAGE, [])
    return _guarded(command, places)


def _guarded(command: CommandArgs, places: Paths) -> int:
    """Run the command; turn whatever ends it into one line and an exit code."""
    secrets: list[Secret] = []
    try:
        config = read_config(command.shared, places)
        process.start_log(command.shared.log, secrets)
        return _run(command, Context(command.shared, config, secrets))
    except (ConfigError, NotFoundError) as error:
        return _complain(error, USAGE, secrets)
    except ProviderError as error:
        return _complain(error, USAGE if error.kind == "missing_extra" else FAILED, secrets)
    except StreamtuiError as error:
        return _complain(error, FAILED, secrets)
    except Stopped as stopped:
        return 128 + stopped.number
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        return _complain(StreamtuiError(_in_words(error)), FAILED, secrets)
    except Exception as error:
        say(process.report_crash(error, places.reports, secrets))
        return CRASHED


def _run(command: CommandArgs, context: Context) -> int:
    warnings = context.warnings
    if not isinstance(command, AppArgs):  # the app shows them itself
        for warning in warnings:
            complain(warning)
    try:
        return _dispatch(command, context)
    finally:
        if not (isinstance(command, AppArgs | AskArgs) and command.no_save):
            daily.remember(warnings, context.config.paths.data_folder)


def _dispatch(command: CommandArgs, context: Context) -> int:
    """Run the command. Each one's imports cost tens of milliseconds, which the others are spared."""
    match command:
        case AppArgs():
            from streamtui.cli import app

            return app.run(command, context)
        case AskArgs():
            from streamtui.cli import ask

            return ask.run(command, context)
        case ModelsArgs():
            from streamtui.cli import models

            return models.run(command, context)
        case ServeArgs():
            return _serve(command, context)
        case DoctorArgs():
            from streamtui.cli import doctor

            return doctor.run(command, context)
        case CompletionArgs():
            from streamtui.cli import completion

            return completion.run(command)
        case _:
            from streamtui.cli import saved

            return saved.run(command, context)


def _serve(command: ServeArgs, context: Context) -> int:
    try:
        from streamtui.cli import serve  # the web framework is an extra, and slow to import
    except ModuleNotFoundError as error:
        raise ConfigError(f"`serve` needs {error.name}: pip install 'streamtui[web]'.") from None
    return serve.run(command, context)


def _in_words(error: OSError) -> str:
    """Return what the system refused, and on what."""
    why = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {why}." if error.filename else f"The system refuses: {why}."


def _complain(error: StreamtuiError, code: int, secrets: list[Secret]) -> int:
    complain(redact(str(error), secrets))
    return code
