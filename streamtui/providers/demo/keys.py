"""The table of keys that the demo shows. Written by `python -m tests.docs.key_table`."""

from typing import Final

KEY_TABLE: Final = """\
| key | what it does |
|:----|:-------------|
| `Esc` | close the list, else give back the newest queued prompt, else stop the reply in view; never quits |
| `Enter` | send; while a reply streams: queue |
| `Ctrl+J`, `Alt+Enter`, `\\+Enter` | newline |
| `Up` | on an empty box: edit the newest queued prompt, else the prompts you sent before |
| `Down` | the newer prompt |
| `Alt+C` | continue the reply that stopped |
| `Alt+R` | ask the last prompt again; the old reply stays as a branch |
| `Alt+E` | edit your last prompt and send it anew |
| `Alt+Y` | copy the last reply |
| `Alt+1 … Alt+9` | copy a code block by its number |
| `Alt+Left` | on an empty box: the branch ‹2/3› or compared reply to the left; else a word left |
| `Alt+Right` | on an empty box: the branch or compared reply to the right; else a word right |
| `Ctrl+T` | compare models: one prompt, side by side |
| `Ctrl+N` | new conversation |
| `Ctrl+O` | open a saved conversation |
| `PageUp` | scroll up |
| `PageDown` | scroll down |
| `Ctrl+Home` | the beginning of the conversation; on an empty box Home too |
| `Ctrl+End` | the end, and follow it; on an empty box End too |
| `Alt+Up` | walk the messages; Enter then opens the message's menu |
| `Alt+Down` | the message below |
| `Ctrl+A` | start of the line |
| `Ctrl+E` | end of the line |
| `Ctrl+Left`, `Alt+B` | a word left |
| `Ctrl+Right`, `Alt+F` | a word right |
| `Ctrl+W` | delete the word before |
| `Alt+D` | delete the word after |
| `Ctrl+U` | delete to the start of the line |
| `Ctrl+K` | delete to the end of the line |
| `Ctrl+_` | undo |
| `Ctrl+Y` | redo |
| `Ctrl+X` | cut what is selected |
| `Ctrl+V` | paste what the desktop's clipboard holds |
| `F7` | select all |
| `Esc` | in a list or dialog: close it |
| `Up` | in a list: the row above |
| `Down` | in a list: the row below |
| `Ctrl+X` | in the list of conversations: delete one |
| `Ctrl+U` | in the list of conversations: take a deletion back, for ten seconds |
| `Ctrl+C` | copy the selection, else stop the reply, else stash the draft, else twice to quit |
| `Ctrl+D` | quit, on an empty box |
| `Ctrl+Z` | suspend; fg comes back |
| `Ctrl+L` | redraw the screen |
| `F2` | release the mouse, for the terminal's own selection, and take it again |
| `Ctrl+P` | all commands, by name |
| `F1` | this help |
"""
