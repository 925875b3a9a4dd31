"""`python -m micrograd_es`: the command line."""

import sys

from micrograd_es.cli import main

if __name__ == "__main__":
    sys.exit(main())
