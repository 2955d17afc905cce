"""Settings from the environment and `connbot.toml`; all faults are named at once.

Only the composition root and the command line read settings; everything else takes what it needs as arguments.
"""

from bot.settings.course import Course, read_course
from bot.settings.environment import (
    SECRETS,
    Address,
    Environment,
    SlackSettings,
    inspect_environment,
    read_environment,
)

__all__ = [
    "SECRETS",
    "Address",
    "Course",
    "Environment",
    "SlackSettings",
    "inspect_environment",
    "read_course",
    "read_environment",
]
