#!/usr/bin/env python3
"""Django's command line."""

import os
import sys


def main() -> None:
    """Runs one management command; settings that cannot be right end it with their sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Lectern can't start: {error}")


if __name__ == "__main__":
    main()
