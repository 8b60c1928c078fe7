"""The theme for light terminals: ink on paper, no grey on grey."""

from typing import Final

from textual.theme import Theme

PAPER: Final = Theme(
    name="paper",
    dark=False,
    primary="#0f5f8c",
    secondary="#3d5a6c",
    accent="#a4481f",
    foreground="#1c1b19",
    background="#fdfbf6",
    surface="#f6f2e9",
    panel="#eee8db",
    success="#2d6a2f",
    warning="#8a5a00",
    error="#a3262a",
)
