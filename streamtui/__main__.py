"""`python -m streamtui`."""

import sys

from streamtui.cli import main

sys.exit(main())
