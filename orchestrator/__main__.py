"""The command `sweep`: loads the program, which takes a second, and says in one line where that is interrupted."""

import sys

INTERRUPTED = 75  # the exit code of `tracking.common.errors.Interrupted`, which is not loaded yet


def main() -> None:
    """Entry point; the exit codes are those of `orchestrator.cli.main`."""
    try:
        from orchestrator import cli
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was begun\n")
        sys.exit(INTERRUPTED)
    cli.main()


if __name__ == "__main__":
    main()
