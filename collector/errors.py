"""Every error that tgstance raises on purpose, and the exit code each one means.

The message of each is one line that names the thing and the fix; the command prints it as it is.
"""

__all__ = [
    "ArchiveError",
    "ArchiveNameError",
    "ArchiveUnavailableError",
    "ChannelError",
    "ConfigError",
    "DeadKeyError",
    "DeferredError",
    "FloodWaitError",
    "GateError",
    "InputError",
    "LayoutError",
    "ModelError",
    "OutOfTimeError",
    "OutputError",
    "RepeatedError",
    "SignInError",
    "TgstanceError",
    "UnansweredError",
    "UnreachableError",
    "WorkerError",
]


class TgstanceError(Exception):
    """Base of all expected errors."""

    exit_code = 1


class ConfigError(TgstanceError):
    """The configuration or the command line asks for something that cannot be."""

    exit_code = 2


class InputError(TgstanceError):
    """A file given by the user is not what it claims to be."""

    exit_code = 2


class ModelError(TgstanceError):
    """A model cannot be loaded, or its labels cannot be mapped."""

    exit_code = 2


class WorkerError(ModelError):
    """A process that labels ended before its time."""

    exit_code = 1


class ArchiveError(TgstanceError):
    """The archive cannot be opened, read or written."""

    exit_code = 1


class ArchiveNameError(ArchiveError):
    """What is named as the archive is none, and could not be: the name is to be corrected."""

    exit_code = 2


class ArchiveUnavailableError(ArchiveError):
    """Another program keeps the archive, or its server cannot be reached: try again later."""

    exit_code = 75


class OutputError(TgstanceError):
    """A report cannot be written; what stood there before is left as it was."""

    exit_code = 1


class GateError(TgstanceError):
    """The data is not what the configured quality gates ask for; the report is written."""

    exit_code = 5


class ChannelError(TgstanceError):
    """One channel cannot be collected; the others can."""

    exit_code = 3


class RepeatedError(ChannelError):
    """The channel has its turn in this run under another name."""


class LayoutError(ChannelError):
    """A page is not laid out in a way that is known: nothing on it is believed."""


class UnansweredError(ChannelError):
    """Telegram did not answer a request about a channel, which says nothing of the channel."""


class SignInError(TgstanceError):
    """Telegram does not, or no longer, accept the session."""

    exit_code = 4


class DeadKeyError(SignInError):
    """The session's key is of no use any more, not even to sign in again."""


class DeferredError(TgstanceError):
    """Nothing is wrong, but now is not the time: try again later."""

    exit_code = 75


class UnreachableError(DeferredError):
    """Telegram does not answer, whatever is asked."""


class FloodWaitError(DeferredError):
    """Telegram asks to wait for longer than the run may."""


class OutOfTimeError(DeferredError):
    """The time that a run was given is up; what it has done is kept."""
