"""A program of the command line in a pseudo-terminal, with somebody who types; for POSIX systems."""

import os
import select
import signal
import sys
import time

MAIN = """
import sys, tinyinception
tinyinception.__file__ = sys.argv[1]
from tinyinception.cli import main
sys.exit(main(sys.argv[2:]))
"""


class Terminal:
    """A program in a pseudo-terminal of a given size."""

    def __init__(self, words, environment, columns=80, lines=24):
        import fcntl
        import pty
        import struct
        import termios

        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-c", MAIN, *words], environment)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.text, self.seen = "", 0

    def until(self, wanted, seconds=60):
        """What appears, after what was asked for last, up to and with a text."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text[self.seen :]:
            ready, _, _ = select.select([self.end], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{wanted!r} did not appear in:\n{self.text[self.seen :]}"
            try:
                self.text += os.read(self.end, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:  # it has ended
                assert wanted in self.text[self.seen :], f"{wanted!r} did not appear in:\n{self.text[self.seen :]}"
        begin, self.seen = self.seen, self.text.index(wanted, self.seen) + len(wanted)
        return self.text[begin : self.seen]

    def type(self, text):
        os.write(self.end, text.encode())

    def interrupt(self, wanted):
        """Ctrl-C, until it is answered: between a prompt and the wait for a key, readline does not see it."""
        for _ in range(20):
            self.type("\x03")
            try:
                return self.until(wanted, 2)
            except AssertionError:
                continue
        raise AssertionError(f"{wanted!r} did not appear")

    def close(self):
        """Shut the terminal, which ends the program; its exit status. One that goes on all the same is killed."""
        os.close(self.end)
        for _ in range(100):
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
