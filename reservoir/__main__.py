"""``python -m reservoir`` is the `reservoir` command."""

import sys

from reservoir.cli import main

if __name__ == "__main__":
    sys.exit(main())
