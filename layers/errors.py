"""Errors in what people write into settings and locks."""


class SettingsError(ValueError):
    """A setting that cannot work. The message has the file and path, what is wrong, what is allowed and what to do."""
