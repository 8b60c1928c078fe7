"""The log: a file in which no key is found."""

import logging
from collections.abc import Collection

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.providers.redaction import Secret, redact


def start(name: str | None, secrets: Collection[Secret]) -> None:
    """Log to the file `name`, every line redacted; `secrets` may still be filled. Without a name nothing is logged.

    Every process of a command calls it for itself: lines are appended, so they can share the file. Raises
    `ConfigError` for a file that can't be written.
    """
    if name is None:
        logging.getLogger().addHandler(logging.NullHandler())  # without any, warnings would go to the terminal
        return
    try:
        handler = logging.FileHandler(name, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{sanitize_line(name)} can't be written: {error.strerror}.") from None
    handler.setFormatter(_Redacting(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class _Redacting(logging.Formatter):
    def __init__(self, secrets: Collection[Secret]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return redact(sanitize(super().format(record)), self._secrets)
