"""The faulty road to the cloud: a raw proxy on loopback that is not noticed until a fault is ordered.

A thread reads a connection's requests one after the other, passes each to the cloud's HTTP server, and its answer back
without a byte changed. Faults are looked up in the cloud's state (`Cloud.befalls`): whoever shares it may order them.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from nbs_cli.sandbox import wire
from nbs_cli.sandbox.cloud import Cloud
from nbs_cli.sandbox.deeds import perform
from nbs_cli.sandbox.exchanges import Exchange, Line
from nbs_cli.sandbox.wire import Message, Reader, Unreadable

HOST = "127.0.0.1"
WAITING = 128  # connections that the system keeps until they are accepted
PATIENCE = 5.0  # seconds that a thread may take to end


class Front:
    """Listens on `port` of this machine (0: any free one), in front of the cloud's HTTP server on `cloud_port`.

    Raises OSError where the port cannot be used. `cloud` is whose orders are followed.
    """

    def __init__(self, cloud: Cloud, cloud_port: int, port: int = 0) -> None:
        self._cloud = cloud
        self._far = Far(cloud_port)
        self._over = threading.Event()
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._listener = socket.create_server((HOST, port), backlog=WAITING)
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def start(self) -> None:
        """Answer from now on, in threads of its own."""
        self._accepting.start()

    def close(self) -> None:
        """End every conversation, and whatever waits."""
        self._over.set()
        with suppress(OSError):  # whoever waits in accept() is woken by a caller, on every platform
            socket.create_connection(self._listener.getsockname(), PATIENCE).close()
        self._listener.close()
        threads = dict(self._clients)
        for client in threads:
            _shut(client)
        self._far.close()
        for thread in (self._accepting, *threads.values()):
            if thread.ident is not None:
                thread.join(PATIENCE)
        self._far.close()  # what they gave back at the last moment

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _address = self._listener.accept()
            except OSError:
                self._over.wait(0.05)  # there may be too many open files for a while
                continue
            if self._over.is_set():
                client.close()
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients[client] = thread = threading.Thread(target=self._converse, args=(client,), daemon=True)
            thread.start()

    def _converse(self, client: socket.socket) -> None:
        line = Line(client, self._over)
        try:
            while line.open and (request := wire.read_request(line.reader, line.send)) is not None:
                if not self._serve(line, request):
                    break
        except Unreadable as unreadable:
            with suppress(OSError):
                self._far.tunnel(client, unreadable.seen)
        except OSError:
            pass  # the client is gone, or the cloud is: nobody to tell
        finally:
            line.end()
            del self._clients[client]

    def _serve(self, line: Line, request: Message) -> bool:
        """Have one request answered; gives whether another one may follow."""
        method, target = request.words[:2]
        orders = self._cloud.befalls(method, target)
        if not orders:
            answer = self._far.ask(request)
            line.send(answer.raw)
            return answer.lasting and request.lasting
        faults = [order.fault for order in orders]
        exchange = Exchange(line, request, faults, self._far.ask, self._cloud.expire_tokens)
        try:
            perform(exchange)
        finally:
            exchange.finish()
        return request.lasting


class Far:
    """The far end: connections to the cloud's HTTP server, kept for the next request."""

    def __init__(self, port: int) -> None:
        self._address = (HOST, port)
        self._idle: list[socket.socket] = []
        self._busy: set[socket.socket] = set()

    def ask(self, request: Message) -> Message:
        """Pass a request on, once, and give the answer; raises OSError when there is none."""
        with self._borrowed() as line:
            line.sendall(request.raw)
            answer = wire.read_answer(Reader(line), request.words[0])
            if answer.lasting:
                self._idle.append(line)
            else:
                line.close()
            return answer

    def tunnel(self, client: socket.socket, seen: bytes) -> None:
        """Pass on what cannot be read as a request, and whatever else comes, in both directions."""
        with self._borrowed() as line:
            line.sendall(seen)
            back = threading.Thread(target=_pour, args=(line, client), daemon=True)
            back.start()
            _pour(client, line)
            back.join()
            line.close()

    def close(self) -> None:
        """End every connection."""
        for line in [*self._idle, *self._busy]:
            _shut(line)
            line.close()

    @contextmanager
    def _borrowed(self) -> Iterator[socket.socket]:
        line = self._kept() or self._connected()
        self._busy.add(line)
        try:
            yield line
        except BaseException:
            line.close()
            raise
        finally:
            self._busy.discard(line)

    def _kept(self) -> socket.socket | None:
        """A connection that was kept and lives: nothing is sent on one that the cloud has closed meanwhile."""
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return None
            if _lives(line):
                return line
            line.close()

    def _connected(self) -> socket.socket:
        line = socket.create_connection(self._address)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line


def _lives(line: socket.socket) -> bool:
    """Whether the other side has neither ended the connection nor said anything out of turn."""
    line.settimeout(0)
    try:
        line.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        line.settimeout(None)
        return True
    except OSError:
        pass
    return False


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _shut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
