"""The server that all tests talk to. The model's name picks the scenario: see `scenarios`, `shapes` and `faults`.

In a test: `with ScriptedServer() as server: … server.url …`, or the fixture in `fixtures`. In a process of its own:
`python -m tests.server --port 0` prints the port; `--table` prints the scenarios.

Two faults can't be a model. Connection refused: `fixtures.closed_port`. No such host: use `nowhere.invalid`, a name
that never resolves (RFC 6761).
"""

from tests.server.reply import HELLO, SCENARIOS, words
from tests.server.scenarios import ESCAPES, MARKDOWN, THE_END
from tests.server.server import ScriptedServer, model_names
from tests.server.wire import Request

__all__ = ["ESCAPES", "HELLO", "MARKDOWN", "SCENARIOS", "THE_END", "Request", "ScriptedServer", "model_names", "words"]
