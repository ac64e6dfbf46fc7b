"""The one error the image builder raises on purpose."""


class ImagesError(Exception):
    """Something the user can act on; its text says what, where, and what to do. Shown without a traceback."""
