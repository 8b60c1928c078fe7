"""The table of keys that the demo shows. Written by `python -m tests.docs.key_table`."""

from typing import Final

KEY_TABLE: Final = """\
| key | what it does | name in `[keys]` |
|:----|:-------------|:-----------------|
| `Esc` | close the list, else give back the newest queued prompt, else stop the reply in view; never quits | `stop` |
| `Enter` | send; while a reply streams: queue | `send` |
| `Alt+S` | stop the reply and send now: the draft, or from an empty box the first queued prompt | `send_now` |
| `Alt+A` | attach the files whose paths were just pasted | `attach_pasted` |
| `Alt+X` | take the last attached file away | `detach` |
| `Alt+Q` | go to the queued prompts: edit, move or remove them | `queue` |
| `Ctrl+J`, `Alt+Enter`, `\\+Enter` | newline | `newline` |
| `Up` | on an empty box: edit the newest queued prompt, else the prompts you sent before | `history` |
| `Down` | the newer prompt | `history_back` |
| `Ctrl+R` | search all prompts you ever sent; Enter puts one into the box | `prompts` |
| `Alt+C` | continue the reply that stopped | `continue` |
| `Alt+R` | ask the last prompt again; the old reply stays as a branch | `regenerate` |
| `Alt+E` | edit your last prompt and send it anew | `edit` |
| `Alt+O` | fold or unfold the message at the cursor, or the last one in view | `fold` |
| `Alt+Y` | copy the last reply | `copy` |
| `Alt+1 … Alt+9` | copy a code block by its number | `copy_code` |
| `Alt+Left` | on an empty box: the branch ‹2/3› or compared reply to the left; else a word left | `branch_left` |
| `Alt+Right` | on an empty box: the branch or compared reply to the right; else a word right | `branch_right` |
| `Ctrl+T` | compare models: one prompt, side by side | `compare` |
| `Ctrl+N` | new conversation | `new` |
| `Ctrl+O` | open a saved conversation | `open` |
| `F3` | list the conversations at the left; from there it hides them again | `sidebar` |
| `PageUp` | scroll up | `page_up` |
| `PageDown` | scroll down | `page_down` |
| `Ctrl+Home` | the beginning of the conversation; on an empty box Home too | `beginning` |
| `Ctrl+End` | the end, and follow it; on an empty box End too | `end` |
| `Alt+Up` | walk the messages; Enter then opens the message's menu | `message_above` |
| `Alt+Down` | the message below | `message_below` |
| `Shift+Alt+Up` | walk your own prompts | `prompt_above` |
| `Shift+Alt+Down` | your prompt below | `prompt_below` |
| `Ctrl+F` | find in this conversation | `find` |
| `Ctrl+A` | start of the line | `line_start` |
| `Ctrl+E` | end of the line | `line_end` |
| `Ctrl+Left`, `Alt+B` | a word left | `word_left` |
| `Ctrl+Right`, `Alt+F` | a word right | `word_right` |
| `Ctrl+W` | delete the word before | `delete_word` |
| `Alt+D` | delete the word after | `delete_next_word` |
| `Ctrl+U` | delete to the start of the line | `delete_to_start` |
| `Ctrl+K` | delete to the end of the line | `delete_to_end` |
| `Ctrl+_` | undo | `undo` |
| `Ctrl+Y` | redo | `redo` |
| `Ctrl+X` | cut what is selected | `cut` |
| `Ctrl+V` | paste what the desktop's clipboard holds | `paste` |
| `Alt+V` | show long pastes as they are; a click on [pasted …] does too | `unfold` |
| `Ctrl+G` | write in your own editor ($VISUAL or $EDITOR); replies stream on | `editor` |
| `F7` | select all | `select_all` |
| `Enter` | in the queue: edit the prompt; sending it puts it back where it was | `queue_edit` |
| `Ctrl+X`, `Delete` | in the queue: remove the prompt; the prompt history keeps it | `queue_remove` |
| `Alt+Up` | in the queue: let the prompt be sent earlier | `queue_earlier` |
| `Alt+Down` | in the queue: let it be sent later | `queue_later` |
| `Enter`, `Down` | while finding: the next place | `find_next` |
| `Up` | while finding: the previous place | `find_previous` |
| `Tab` | while finding: go back to the box, and stay at what was found | `find_stay` |
| `Enter` | in the sidebar: open the conversation | `sidebar_open` |
| `Alt+E` | in the sidebar: rename it | `sidebar_rename` |
| `Alt+P` | in the sidebar: keep it at the top, or no longer | `sidebar_pin` |
| `Alt+F` | in the sidebar: make a new conversation of it | `sidebar_fork` |
| `Ctrl+X`, `Delete` | in the sidebar: delete it | `sidebar_delete` |
| `Ctrl+U` | in the sidebar: take a deletion back, for ten seconds | `sidebar_undelete` |
| `Esc` | in a list or dialog: close it | `close` |
| `Up` | in a list: the row above | `row_above` |
| `Down` | in a list: the row below | `row_below` |
| `Ctrl+X` | in the list of conversations: delete one | `delete` |
| `Ctrl+U` | in the list of conversations: take a deletion back, for ten seconds | `undelete` |
| `Ctrl+R` | among the prompts found: the older one | `older_prompt` |
| `Ctrl+F` | in the list of models: make one a favourite, or no longer | `favourite` |
| `Ctrl+C` | copy the selection, else stop the reply, else stash the draft, else twice to quit | `interrupt` |
| `Ctrl+D` | quit, on an empty box | `quit` |
| `Ctrl+Z` | suspend; fg comes back | `suspend` |
| `Ctrl+L` | redraw the screen | `redraw` |
| `F2` | release the mouse, for the terminal's own selection, and take it again | `mouse` |
| `Ctrl+P` | all commands, by name | `palette` |
| `F1` | this help | `help` |
"""
