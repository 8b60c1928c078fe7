"""A list above the prompt of what that which is typed there may become."""

from textual.widgets import OptionList


class Suggestions(OptionList):
    """The keys stay with the prompt, which passes on those that choose."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, compact=True)
        self.can_focus = False

    def choose(self) -> None:
        """Announce the highlighted row."""
        raise NotImplementedError

    def step(self, key: str) -> None:
        """Do what `up`, `down` or `tab` asks for."""
        match key:
            case "up":
                self.action_cursor_up()
            case "down":
                self.action_cursor_down()
            case _:
                self.choose()
