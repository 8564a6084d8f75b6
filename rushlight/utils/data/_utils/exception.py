"""An exception on its way from a worker process to the program."""


class KeyErrorMessage(str):
    """A message that KeyError prints as it stands, not quoted."""

    def __repr__(self):
        return str(self)


class ExceptionWrapper:
    """The type and the printed traceback of an exception, to be raised again elsewhere.

    Tracebacks do not pickle; and the exception itself might hold on to anything.
    """

    def __init__(self, error, where="in background"):
        import traceback

        self.exc_type = type(error)
        self.exc_name = self.exc_type.__name__
        self.exc_msg = "".join(traceback.format_exception(error))
        self.where = where

    def become_runtime_error(self):
        """For a class that cannot be found by its name elsewhere; the message goes on naming it."""
        self.exc_type = RuntimeError

    def reraise(self):
        message = f"Caught {self.exc_name} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            message = KeyErrorMessage(message)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)
        try:
            exception = self.exc_type(message)
        except Exception:
            # The class wants other arguments than a message.
            raise RuntimeError(message) from None
        raise exception
