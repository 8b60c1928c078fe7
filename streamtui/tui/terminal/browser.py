"""Opening a web page in a browser window of the desktop, never in the terminal."""

import os
import sys
import webbrowser

_TEXT_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")


def open_page(href: str) -> bool:
    """Open `href`, which must be http or https; return whether a browser took it. Blocks for as long as that takes."""
    if not href.startswith(("http://", "https://")) or not _has_desktop():
        return False
    try:
        controller = webbrowser.get()
    except webbrowser.Error:
        return False
    if getattr(controller, "name", "") in _TEXT_BROWSERS:
        return False
    return controller.open(href)


def _has_desktop() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
