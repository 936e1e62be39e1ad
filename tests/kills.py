"""Processes that are killed with -9 in the middle of their work, one after the other, quickly."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

MOTHER = """
import os, sys
{begin}
print("ready", flush=True)
for _line in sys.stdin:
    child = os.fork()
    if child == 0:
        while True:
            {work}
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def killed(times: int, begin: str, work: str, *, most: float = 0.03) -> Iterator[int]:
    """Have a process do *work* (a line of Python, over and over; *begin* comes before it once) and kill it, so often.

    Gives the number of each kill, after at *most* so many seconds of work; the process is gone by then.
    """
    chance = random.Random(7)
    words = MOTHER.format(begin=begin, work=work)
    with subprocess.Popen(
        [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as mother:
        assert mother.stdin is not None
        assert mother.stdout is not None
        assert mother.stdout.readline() == "ready\n"
        for number in range(times):
            mother.stdin.write("\n")
            mother.stdin.flush()
            child = int(mother.stdout.readline())
            time.sleep(chance.uniform(0.0, most))
            os.kill(child, signal.SIGKILL)
            assert mother.stdout.readline() == "gone\n"
            yield number
        mother.stdin.close()
