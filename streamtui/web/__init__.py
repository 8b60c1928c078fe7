"""The optional front end for browsers and `curl`: replies as server-sent events, and one page.

`serve` is all that the command line needs. This package needs the extra `web`; importing it without raises
`ModuleNotFoundError`.
"""

from streamtui.web.server import Compose, serve
from streamtui.web.settings import BindAddress, Engine, ServeLimits

__all__ = ["BindAddress", "Compose", "Engine", "ServeLimits", "serve"]
