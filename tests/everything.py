"""Every test, in two halves side by side: those that wait for other processes most of the time, and all the others.

Each half has a database server of its own. With arguments it is pytest as usual.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
WAITING = "cluster or browser"


def main(arguments: list[str]) -> int:
    """Run pytest; return 0 if all tests pass."""
    if arguments:
        return _start(arguments).wait()
    with tempfile.TemporaryFile() as log:
        data = Path(os.environ.get("CARILLON_DATA", str(ROOT / ".data"))) / "second"
        waiting = _start(["-m", WAITING], CARILLON_DATA=str(data), output=log)
        code = _start(["-m", f"not ({WAITING})"]).wait()
        print("... and those that wait for other processes:", flush=True)  # noqa: T201
        code = waiting.wait() or code
        log.seek(0)
        sys.stdout.buffer.write(log.read())
    return code


def _start(
    arguments: list[str], output: IO[bytes] | None = None, **variables: str
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pytest", *arguments]
    errors = subprocess.STDOUT if output else None
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stdout=output, stderr=errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
