"""Run one command; the only place that turns a failure into words and an exit code."""

from __future__ import annotations

import gc
import os
import sys

_QUIET = 100_000  # objects until garbage is looked for: a start makes half as many, what runs for long goes on


def main(argv: list[str] | None = None) -> int:
    """Run the command line *argv* (the process's by default) and give the exit code; never raises SystemExit."""
    args = sys.argv[1:] if argv is None else argv
    if args in (["--version"], ["-V"]) and sys.stdout is not None:
        from nbs_cli import __version__

        try:
            print(f"nbs {__version__}", flush=True)  # noqa: T201 answered before anything is loaded
        except OSError as error:
            from nbs_cli.running import lost

            return lost(error)
        return 0
    from nbs_cli.output import words

    words.speak(words.language(args, os.environ))  # before the texts of the other modules are loaded
    if args[:1] == ["__complete"]:
        from nbs_cli import completion

        return completion.main(args[1:])
    from nbs_cli.running import run

    return run(args)


def entry() -> None:
    """The console script: nothing is collected while it starts, and nothing taken down piece by piece at its end.

    What `main` wrote it has flushed, and told where that failed; only memory is left to be freed.
    """
    gc.set_threshold(_QUIET)
    os._exit(main())


if __name__ == "__main__":
    entry()
