"""Run commands and account for them: a small process, for the peak memory of a child is never below its parent's.

Reads a line of JSON for each command (`argv`, `environ`, `stdin`, a file), and answers with one: `wall` and `cpu` in
seconds, `peak` in MiB, `code`. Its output goes nowhere. Started with `-I -S`, so that nothing more is loaded.
"""

import json
import os
import sys
import time

for line in sys.stdin:
    wanted = json.loads(line)
    files = [
        (os.POSIX_SPAWN_OPEN, 0, wanted["stdin"], os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    begun = time.perf_counter()
    child = os.posix_spawn(wanted["argv"][0], wanted["argv"], wanted["environ"], file_actions=files)
    _pid, status, used = os.wait4(child, 0)
    told = {
        "wall": time.perf_counter() - begun,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
        "code": os.waitstatus_to_exitcode(status),
    }
    print(json.dumps(told), flush=True)
