"""bare.py URL TOKEN PARALLEL: delete the volumes whose IDs stand on stdin by bare requests: the floor of any such tool.

It loads what `nbs` stands on, and then uses the standard library alone: no command line, no look whether the volumes
are there, no time-out, no retry, no outcome. Garbage and exit are as in `nbs`'s own entry.
"""

from __future__ import annotations

import gc
import os

gc.set_threshold(100_000)

# E402: what is loaded counts as garbage too; F401: to load it is all that is wanted
import sys  # noqa: E402
from http.client import HTTPConnection  # noqa: E402
from threading import Thread  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402

import httpcore  # noqa: E402, F401 the first request of httpx loads it
import httpx  # noqa: E402, F401
import typer  # noqa: E402, F401

url, token, parallel = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
waiting = sys.stdin.read().split()


def work() -> None:
    """Delete until none is left, on one connection."""
    connection = HTTPConnection(url.netloc)
    while True:
        try:
            identifier = waiting.pop()
        except IndexError:
            return
        connection.request("DELETE", f"{url.path}/volumes/{identifier}", headers={"X-Auth-Token": token})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 202:
            os._exit(1)


threads = [Thread(target=work) for _number in range(parallel)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os._exit(0)
