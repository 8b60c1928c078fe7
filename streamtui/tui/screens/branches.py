"""The branches of a conversation, to go to one of them."""

import time
from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.tui.screens.conversations import ago, fitted
from streamtui.tui.screens.picker import Picker
from streamtui.workspace.branch_lines import BranchLine


class Branches(Picker):
    """Dismissed with the id of the last message of the chosen branch."""

    PLACEHOLDER = "Branches: type to filter"
    HINT = "enter go there · esc close"

    def __init__(self, lines: Sequence[BranchLine]) -> None:
        super().__init__()
        self._lines = lines

    def on_mount(self) -> None:
        self.offer()
        at = next((index for index, line in enumerate(self._lines) if line.in_view), 0)
        self.choices.highlighted = at

    def on_resize(self) -> None:
        if self.is_mounted and self.choices.option_count:
            at = self.choices.highlighted
            self.offer()
            self.choices.highlighted = at

    def matching(self, typed: str) -> list[Option]:
        words = typed.split()
        shown = [line for line in self._lines if all(word in _words(line) for word in words)]
        if not shown:
            return [Option(Content("No branch begins with these words."), disabled=True)]
        return [Option(self._row(line), id=line.leaf) for line in shown]

    def _row(self, line: BranchLine) -> Content:
        room = max(20, self.choices.scrollable_content_region.width)
        mark = "› " if line.in_view else "  "
        figures = f"  {line.messages:>4} messages {ago(time.time() - line.changed):>7}"
        indent = "  " * min(line.depth, 8) + ("└ " if line.depth else "")
        who = f"{line.model}: " if line.role == "assistant" and line.model else ""
        text = fitted(f"{indent}{who}{line.text}", max(1, room - len(mark) - cell_len(figures)))
        return Content.assemble((mark, "bold"), text, (figures, "dim"))


def _words(line: BranchLine) -> str:
    return f"{line.text} {line.model or ''}".casefold()
