"""`make screenshots`: pictures of every page, of the demo's people, by a clock that stands where it always does.

All go into .data/screenshots; those that the manual shows, into docs/images as well.
"""

import os
import tempfile

import django


def main() -> None:
    """Prepare Django as for tests, with a mailbox, and take the pictures."""
    with tempfile.TemporaryDirectory() as mailbox:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # the browser's driver runs a loop in this thread
            "LOG_LEVEL": "WARNING",
            "TEST_MAILBOX": mailbox,
        }
        django.setup()
        from tests.screenshots.take import FOLDER, take

        print(f"{take()} pictures are in {FOLDER}.")  # noqa: T201


if __name__ == "__main__":
    main()
