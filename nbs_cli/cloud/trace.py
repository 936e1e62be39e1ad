"""What `--debug` shows: each request and answer with secrets masked, and a curl line that repeats it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

MASK = "***"
_SHORTEST = 6
_SECRET_KEYS = frozenset({"password", "adminPass"})
_SECRET_HEADERS = frozenset(
    {
        "x-auth-token",
        "x-subject-token",
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
    }
)


class Trace:
    """Masks the secrets it was told of, and writes the conversation to *write* when there is one.

    *command* is how this command was begun (`nbs -p prod`): a curl line asks the same profile for its token.
    """

    def __init__(self, write: Callable[[str], None] | None = None, command: str = "nbs") -> None:
        self._write = write
        self._command = command
        self._secrets: set[str] = set()

    def keep(self, *secrets: str | None) -> None:
        """Never show any of *secrets* from now on.

        Shorter ones than any real secret are hidden where they stand by name only: they would mask half of all words.
        """
        for secret in secrets:
            if secret and len(secret) >= _SHORTEST and secret not in self._secrets:
                self._secrets.add(secret)
                # as it stands inside JSON, where quotes, backslashes and Korean may be written otherwise
                self._secrets.update(json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))

    def mask(self, text: str) -> str:
        """Give *text* without any secret, whoever put it there."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def sent(self, method: str, url: str, headers: dict[str, str], body: Any) -> None:
        """Show a request and the curl line that repeats it."""
        if self._write is None:
            return
        self._say(f"> {method} {url}")
        for name, value in headers.items():
            self._say(f"> {name}: {MASK if name.lower() in _SECRET_HEADERS else value}")
        if body is not None:
            self._say(f"> {json.dumps(_masked(body), ensure_ascii=False)}")
        self._say("  " + _curl(method, url, headers, body, self._command))

    def received(self, status: int, headers: dict[str, str], raw: bytes, seconds: float) -> None:
        """Show an answer; a body that is JSON with its secrets masked, anything else as its first characters."""
        if self._write is None:
            return
        try:
            body = json.loads(raw)
            self.keep(*_tokens(body))  # before its headers are shown, which may repeat it
            text = json.dumps(_masked(body), ensure_ascii=False)
        except (ValueError, RecursionError):
            text = raw[:200].decode(errors="replace")
        self._say(f"< {status}  {seconds * 1000:.0f} ms  {len(raw):,} bytes")
        for name, value in headers.items():
            self._say(f"< {name}: {MASK if name.lower() in _SECRET_HEADERS else value}")
        if text:
            self._say(f"< {text}")

    def note(self, text: str) -> None:
        """Show a decision: a retry, a new login."""
        self._say(f"* {text}")

    def _say(self, line: str) -> None:
        if self._write is not None:
            self._write(self.mask(line))


def _masked(value: Any, key: str = "") -> Any:
    """A copy of a JSON value without passwords and tokens (a token's `id` lies in an object called `token`)."""
    if isinstance(value, dict):
        hidden = {"id"} if key == "token" else set()
        return {
            name: MASK if name in _SECRET_KEYS or name in hidden else _masked(inner, name)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, key) for inner in value]
    return value


def _tokens(body: Any) -> list[str]:
    """The token that a login's answer brings (facts.md §1.2), if *body* is one."""
    access = body.get("access") if isinstance(body, dict) else None
    token = access.get("token") if isinstance(access, dict) else None
    found = token.get("id") if isinstance(token, dict) else None
    return [found] if isinstance(found, str) else []


def _curl(method: str, url: str, headers: dict[str, str], body: Any, command: str) -> str:
    """A shell line that sends the request again: the token from `COMMAND auth token`, a password from $NBS_PASSWORD."""
    words = ["curl", "-sS"] + ([] if method == "GET" else ["-X", method])
    for name, value in headers.items():
        if name.lower() == "x-auth-token":
            words += ["-H", f'"{name}: $({command} auth token)"']
        else:
            words += ["-H", shlex.quote(f"{name}: {value}")]
    if body is not None:
        text = shlex.quote(json.dumps(_masked(body), ensure_ascii=False))
        words += ["-d", text.replace(f'"{MASK}"', '"\'"$NBS_PASSWORD"\'"')]
    return " ".join([*words, shlex.quote(url)])
