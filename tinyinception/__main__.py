"""`python -m tinyinception` is the command `tinyinception`."""

import sys

from tinyinception.cli import main

if __name__ == "__main__":
    sys.exit(main())
