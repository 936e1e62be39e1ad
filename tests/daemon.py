"""A real gnome-keyring daemon on a D-Bus of its own: unlocked, locked, stopped, killed; and buses that are no help."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WHERE = "DBUS_SESSION_BUS_ADDRESS"
needed = pytest.mark.skipif(
    shutil.which("gnome-keyring-daemon") is None or shutil.which("dbus-daemon") is None,
    reason="gnome-keyring and dbus are not installed",
)


@dataclass
class Bus:
    """A session bus, the variables that lead there, and the keyring daemons that were started on it."""

    process: subprocess.Popen[str]
    environ: dict[str, str]
    daemons: list[subprocess.Popen[str]] = field(default_factory=list)

    def unlock(self, password: str = "keyring") -> None:
        """Start the daemon with its login keyring open; the keyring is made when it is missing."""
        daemon = self._start("--unlock", stdin=subprocess.PIPE)
        assert daemon.stdin is not None
        daemon.stdin.write(password)
        daemon.stdin.close()
        self._ready(daemon)

    def lock(self) -> None:
        """Start the daemon anew with nothing unlocked."""
        self.signal(signal.SIGKILL)
        self._ready(self._start("--start", stdin=subprocess.DEVNULL))

    def signal(self, number: int) -> None:
        """Send a signal to the newest daemon."""
        self.daemons[-1].send_signal(number)
        if number == signal.SIGKILL:
            self.daemons[-1].wait()

    def _start(self, how: str, stdin: int) -> subprocess.Popen[str]:
        daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", how, "--components=secrets"],
            env={**os.environ, **self.environ},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.daemons.append(daemon)
        return daemon

    def _ready(self, daemon: subprocess.Popen[str]) -> None:
        asked = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]
        end = time.monotonic() + 10
        while time.monotonic() < end:
            done = subprocess.run(
                [*asked, "org.freedesktop.DBus.GetConnectionUnixProcessID", "string:org.freedesktop.secrets"],
                env={**os.environ, **self.environ},
                capture_output=True,
                text=True,
                check=False,
            )
            if f"uint32 {daemon.pid}\n" in done.stdout:
                return
            time.sleep(0.02)
        raise AssertionError("the keyring daemon did not take its name on the bus")

    def end(self) -> None:
        """End the bus, and with it what it started, and the daemons."""
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()
            assert daemon.stdout is not None
            daemon.stdout.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def bus() -> Iterator[Bus]:
    """A bus without a daemon; one that is asked for is started by the bus itself, and finds nothing unlocked."""
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    made = Bus(process, {WHERE: process.stdout.readline().strip()})
    try:
        yield made
    finally:
        made.end()


@contextmanager
def mute_bus(folder: Path) -> Iterator[dict[str, str]]:
    """A bus that accepts and says nothing."""
    path = folder / "bus"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield {WHERE: f"unix:path={path}"}


@contextmanager
def mute_prompter(bus: Bus) -> Iterator[None]:
    """Somebody who is asked for the keyring's password and never answers: a desktop with nobody before it."""
    words = (
        "import sys\n"
        "from jeepney import DBusAddress, message_bus\n"
        "from jeepney.io.blocking import open_dbus_connection\n"
        "connection = open_dbus_connection('SESSION')\n"
        "connection.send_and_get_reply(message_bus.RequestName('org.gnome.keyring.SystemPrompter'))\n"
        "print('ready', flush=True)\n"
        "while True: connection.receive()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", words], env={**os.environ, **bus.environ}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            process.kill()


def later(seconds: float, deed: object) -> threading.Timer:
    """Do *deed* after a while, beside what goes on."""
    timer = threading.Timer(seconds, deed)  # type: ignore[arg-type]
    timer.start()
    return timer
