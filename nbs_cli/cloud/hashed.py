"""The system's folder of certificates whose names are hashes: only the one that is needed is read.

Reading everything that the system trusts takes 20 ms at every start. Most Linux systems keep the same certificates in
such a folder too (`c_rehash`). It trusts no more than the whole does; where that is not enough, the client reads the
whole.
"""

from __future__ import annotations

import os
import re
import ssl
from contextlib import suppress

_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def context() -> ssl.SSLContext | None:
    """What trusts the certificates of that folder alone; None on a system without one."""
    folder = ssl.get_default_verify_paths().capath  # SSL_CERT_DIR, or the folder that OpenSSL was built with
    return ssl.create_default_context(capath=folder) if folder and _is_hashed(folder) else None


def _is_hashed(folder: str) -> bool:
    with suppress(OSError), os.scandir(folder) as entries:
        return any(_HASHED.fullmatch(entry.name) for entry in entries)
    return False


def unknown(error: Exception) -> bool:
    """Whether *error* says that a certificate could not be verified, which happens before anything is sent."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)
