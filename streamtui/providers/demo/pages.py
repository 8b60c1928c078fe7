"""What the demo model says. Everything here is written in advance and true of the app as it is."""

from typing import Final

from streamtui.providers.demo.keys import KEY_TABLE

LABEL: Final = "*Demo model: this answer was written in advance, and nothing left your machine.*\n\n"

TOUR: Final = """# Welcome to streamtui

I am the **demo model**. I am not intelligent: my answers were written in advance, and nothing you type here leaves \
your machine. I am here so that you can see how a streaming reply feels before you connect a real model.

## Try this now

- [x] Send a prompt with `Enter` (you just did)
- [ ] Press `Esc` while I am talking: I stop at once, and every word that arrived is kept
- [ ] Scroll up with `PageUp` while I go on: your place is kept, and `End` follows again
- [ ] Press `Ctrl+O` and find this conversation: it was saved as it happened

## The keys you need

| key | what it does |
|:----|:-------------|
| `Enter` | send the prompt |
| `Ctrl+J` | start a new line in it |
| `Esc` | stop the reply in view |
| `Ctrl+N` | new conversation |
| `Ctrl+O` | open a saved conversation |
| `F1` | all keys and commands |

## Connect a real model

Type `/key` to give a key, or the address of a server; one on this machine is found by itself. In scripts, variables do:

```bash
export OPENAI_API_KEY="your key"
export CHAT_MODEL="gpt-4o-mini"
# only for another server, for example one on your own machine:
export OPENAI_BASE_URL="http://localhost:11434/v1"
```

> Ask me about **keys**, **stop**, **history**, **models** or **markdown**. Add **slow**, **fast** or **long** to a
> prompt to change how I stream, or ask for a **table** or some **code**.
"""

KEYS: Final = (
    LABEL
    + "## Keys\n\n"
    + KEY_TABLE
    + """
A prompt that begins with `/` is a command: `/help`, `/new`, `/model`, `/open`, `/copy`, `/export`, `/retry`, `/quit`. \
A prompt that is exactly `quit` or `exit` leaves too.
"""
)

STOP: Final = (
    LABEL
    + """## Stopping a reply

Press `Esc` while a reply is coming in. It stops **at once**, and the connection to the model is closed, so nothing \
goes on being generated that nobody reads.

1. The words that had arrived stay on screen and are saved.
2. The bubble says *stopped*, so that you know later why it ends in mid-sentence.
3. Your next prompt takes the stopped text along, and the model knows what it had said.

If you stop *before* the first word, your prompt comes back into the box, as if you had not sent it.

> Ask for something `long` and try it. Pressing `Esc` twice does nothing more than pressing it once.
"""
)

HISTORY: Final = (
    LABEL
    + """## Where conversations go

Every conversation is saved **while it happens**, on your own machine only.

- `Ctrl+O` lists them. Type to filter, `Enter` to open.
- `Ctrl+N` starts a new one; the old one stays as it is, even while its reply is still coming in.
- `streamtui -c` goes on with the latest one.
- `/export` writes one out; from a shell, the same goes like this:

```bash
streamtui list
streamtui export ID --format md -o notes.md
```

If the terminal is closed, or the machine gives up, you lose at most half a second of a reply.
"""
)

MODELS: Final = (
    LABEL
    + """## Connecting a model

Three variables, in the environment or in a file `.env` where you start the app:

| variable | what it is | example |
|:---------|:-----------|:--------|
| `OPENAI_API_KEY` | your key; local servers need none | |
| `OPENAI_BASE_URL` | the server, if it is not OpenAI | `http://localhost:11434/v1` |
| `CHAT_MODEL` | the model | `gpt-4o-mini` |

Any server that speaks the *Chat Completions* API will do: OpenAI, llama.cpp, Ollama, vLLM, LM Studio and many others. \
For Claude, install `streamtui[anthropic]` and set `ANTHROPIC_API_KEY`.

```bash
streamtui models                # what the server offers
streamtui -m gpt-4o-mini        # one model, this time
echo "Why is the sky blue?" | streamtui ask
```

In the app, `/model` changes the model of the conversation. The top line always says which model you talk to, and where.
"""
)

MARKDOWN: Final = (
    LABEL
    + """# Markdown, as it streams

Text can be **bold**, *italic*, ***both***, `code`, or ~~gone~~. A link shows where it goes: [CommonMark](https://commonmark.org/).

## Lists

1. Numbered
   - with bullets inside
   - as deep as you like
     - really
2. And on

- [x] Tasks that are done
- [ ] and tasks that are not

## A table

| language | says hello | in |
|:---------|:----------:|---:|
| English  | Hello      | 1500 |
| 日本語    | こんにちは   | 128 |
| 中文     | 你好        | 1300 |
| العربية  | مرحبا      | 400 |
| Emoji    | 👋 🌍      | 8000 |

## Code

```python
async def read(stream):
    async for token in stream:
        print(token, end="", flush=True)
```

```rust
fn main() {
    println!("one token at a time");
}
```

```diff
- wait for the whole answer
+ read it while it is written
```

> A quote can hold *emphasis*, `code`,
>
> - and lists.

---

That is all of it.
"""
)

TABLE: Final = (
    LABEL
    + """| planet | diameter in km | moons | day |
|:-------|---------------:|------:|:----|
| Mercury | 4,879 | 0 | 176 days |
| Venus | 12,104 | 0 | 117 days |
| Earth | 12,756 | 1 | 24 hours |
| Mars | 6,792 | 2 | 24 h 37 min |
| Jupiter | 142,984 | 95 | 9 h 56 min |
| Saturn | 120,536 | 274 | 10 h 42 min |
| Uranus | 51,118 | 28 | 17 h 14 min |
| Neptune | 49,528 | 16 | 16 h 6 min |

Columns keep their width as rows arrive, so a table does not jump about while it grows.
"""
)

CODE: Final = (
    LABEL
    + '''The same small task in four languages: the first ten Fibonacci numbers.

```python
def fibonacci(count: int) -> list[int]:
    """Return the first `count` Fibonacci numbers."""
    numbers, a, b = [], 0, 1
    for _ in range(count):
        numbers.append(a)
        a, b = b, a + b
    return numbers

print(fibonacci(10))
```

```javascript
const fibonacci = (count) => {
  const numbers = [0, 1];
  while (numbers.length < count) numbers.push(numbers.at(-1) + numbers.at(-2));
  return numbers.slice(0, count);
};
console.log(fibonacci(10));
```

```sql
WITH RECURSIVE fibonacci(n, a, b) AS (
  SELECT 1, 0, 1
  UNION ALL
  SELECT n + 1, b, a + b FROM fibonacci WHERE n < 10
)
SELECT a FROM fibonacci;
```

```bash
a=0 b=1
for _ in {1..10}; do
  printf '%d ' "$a"
  (( c = a + b, a = b, b = c ))
done
```

All four print `0 1 1 2 3 5 8 13 21 34`.
'''
)

AGAIN: Final = (
    LABEL
    + """I have no answer to that: I only know a few pages by heart. Ask me for one of them:

- **tour**: what this app is
- **keys**, **stop**, **history**, **models**: how to use it
- **markdown**, **table**, **code**: how things look
- **think**: a reply with reasoning before it
- **long**: about 20,000 tokens, to try scrolling and `Esc`; with **fast** as fast as your terminal can
"""
)

REASONING: Final = """The question came to the demo model, so there is nothing to work out. But a reader may want to \
see what reasoning looks like: it streams like the answer, is kept apart from it, and can be folded away.

First, find the page that was asked for. Second, say it at the speed that was asked for. That is the whole plan.
"""
