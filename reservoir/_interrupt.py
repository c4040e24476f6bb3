"""Ctrl-C that waits for a good moment."""

import signal
import threading
from typing import Any


class PutOffInterrupt:
    """Hold Ctrl-C back until a block of work is done; a second one acts at once.

    Only in the main thread, where Python delivers it.
    """

    requested = False

    def __enter__(self) -> "PutOffInterrupt":
        self._previous = signal.getsignal(signal.SIGINT)
        self._active = threading.current_thread() is threading.main_thread() and callable(
            self._previous
        )
        if self._active:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._active:
            signal.signal(signal.SIGINT, self._previous)

    def _note(self, number: int, frame: Any) -> None:
        if self.requested and callable(self._previous):
            self._previous(number, frame)
        self.requested = True
