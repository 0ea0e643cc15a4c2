"""`python -m moksori` is the same as `moksori`."""

import sys

from moksori.cli import main

if __name__ == "__main__":
    sys.exit(main())
