"""What the app may ask of the terminal it runs in."""

from abc import ABC, abstractmethod

from rich.color import ColorSystem
from textual.geometry import Offset, Size

from streamtui.tui.terminal.frame_writer import Frame, FrameWriter


class Terminal(ABC):
    """A driver that knows what its terminal shows. Where the stock driver has to do, there is none."""

    frames: FrameWriter
    tells_enter_apart: bool
    """Whether the terminal is known to send Shift+Enter and Ctrl+Enter as something else than Enter."""
    shows_frames_whole: bool = False
    """Whether it was asked for synchronised output (mode 2026) and has it."""

    @property
    @abstractmethod
    def is_behind(self) -> bool:
        """Whether the terminal doesn't read what is written: then nothing more should be drawn."""

    @property
    @abstractmethod
    def has_mouse(self) -> bool:
        """Whether the mouse is the app's; else it is the terminal's, for its own selection."""

    @has_mouse.setter
    @abstractmethod
    def has_mouse(self, has_mouse: bool) -> None: ...

    @abstractmethod
    def write(self, data: str) -> None:
        """Write what is no part of a frame."""

    @abstractmethod
    def draw(self, frame: Frame, size: Size, cursor: Offset, colors: ColorSystem) -> None:
        """Make the terminal show a frame, or the part of one that has changed."""

    @abstractmethod
    def abandon(self) -> None:
        """Give the terminal back at once, whatever state it is in, and never wait: the process is about to end."""
