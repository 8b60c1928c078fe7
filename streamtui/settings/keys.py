"""Keys of named endpoints, from where their tables say."""

import shlex
import subprocess
from collections.abc import Callable
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers.redaction import Secret
from streamtui.settings.endpoints import NamedEndpoint

_COMMAND_S: Final = 60.0
"""A password manager may ask the user something first."""
SERVICE: Final = "streamtui"
"""Under which name keys are in the system's keyring."""


def fetcher(name: str, endpoint: NamedEndpoint) -> Callable[[], Secret | None] | None:
    """Return what fetches an endpoint's key, where a command or the keyring has it. It blocks, and raises
    `ConfigError`."""
    if endpoint.key_command is not None:
        command = endpoint.key_command
        return lambda: _from_command(name, command)
    return (lambda: _from_keyring(name)) if endpoint.keyring else None


def _from_command(name: str, command: str) -> Secret:
    what = f"key_command of endpoint {name}"
    try:
        done = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{what} did not end within {_COMMAND_S:.0f} s.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{what} can't be run: {getattr(error, 'strerror', None) or error}.") from None
    if done.returncode:
        reason = sanitize_line(done.stderr.decode("utf-8", "replace").strip(), 200)
        raise ConfigError(f"{what} failed ({done.returncode}){': ' + reason if reason else ''}.")
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    if not lines:
        raise ConfigError(f"{what} printed no key.")
    return Secret(lines[0], f"The key from {what}")


def _from_keyring(name: str) -> Secret:
    try:
        import keyring
    except ImportError:
        raise ConfigError("For keys in the keyring: pip install 'streamtui[keyring]'.") from None
    try:
        key = keyring.get_password(SERVICE, name)
    except Exception as error:  # each backend raises errors of its own
        raise ConfigError(f"The keyring can't be read: {sanitize_line(str(error), 200)}.") from None
    if not key:
        raise ConfigError(f"The keyring holds no key for endpoint {name}: keyring set {SERVICE} {name}")
    return Secret(key, f"The key of {name} in the keyring")


def put_into_keyring(name: str, key: Secret) -> None:
    """Keep an endpoint's key in the keyring. Raises `ConfigError`."""
    try:
        import keyring
    except ImportError:
        raise ConfigError("For keys in the keyring: pip install 'streamtui[keyring]'.") from None
    try:
        keyring.set_password(SERVICE, name, key.reveal())
    except Exception as error:  # each backend raises errors of its own
        raise ConfigError(f"The keyring takes no key: {sanitize_line(str(error), 200)}.") from None
