"""`python -m tinyinception.cli.child WORDS`: a command that ends with the study that started it, however that did.

The study holds the other end of standard input and writes nothing there. When it is gone, also after kill -9, reading
ends; what trains then saves after its step and ends, as it would at SIGTERM from anybody.
"""

import os
import signal
import sys
from threading import Thread

from tinyinception.cli import main


def _end_with_the_study() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which the study's own parent may have ignored
    Thread(target=_end_with_the_study, daemon=True).start()
    sys.exit(main())
