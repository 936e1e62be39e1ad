"""The sandbox over HTTP: waitress on loopback behind the faulty road, ended by a signal without a fuss."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from waitress.server import create_server

from nbs_cli.sandbox.cloud import PASSWORD, REGIONS, TENANT_ID, USERNAME, Cloud
from nbs_cli.sandbox.front import HOST, Front
from nbs_cli.sandbox.web import application

THREADS = 16  # clients that are answered at once


class Server:
    """Serves *cloud* on *port* of this machine (0: any free one)."""

    def __init__(self, cloud: Cloud, port: int) -> None:
        self._server = create_server(application(cloud), host=HOST, port=0, threads=THREADS, ident=None)
        try:
            self._front = Front(cloud, self._server.effective_port, port)
        except OSError:
            self._server.close()
            raise
        self.url = self._front.url

    def exports(self) -> list[str]:
        """Shell lines that lead nbs, and whoever reads these variables, to this server."""
        values = {
            "NBS_IDENTITY_URL": self.url,
            "NBS_TENANT_ID": TENANT_ID,
            "NBS_USERNAME": USERNAME,
            "NBS_PASSWORD": PASSWORD,
            "NBS_REGION": REGIONS[0],
            "NBS_ENDPOINT": f"{self.url}/v2",  # a token alone does not say where the block storage is
        }
        return [f"export {name}={value}" for name, value in values.items()]

    def run(self, ready: Callable[[], None]) -> None:
        """Answer until SIGTERM or Ctrl-C; both end it well from the moment that *ready* is called."""
        signal.signal(signal.SIGTERM, _end)
        try:
            self._front.start()
            ready()
            self._server.run()
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            self._front.close()
            self._server.close()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
