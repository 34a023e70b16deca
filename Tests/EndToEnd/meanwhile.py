"""What goes on in a thread while a block of a test runs."""
import threading


class Meanwhile:
    """`with …:` runs `run` in a thread of its own. The end of the block sets `over` and waits for it to return."""
    def __enter__(self):
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.run)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self._thread.join()

    def run(self):
        raise NotImplementedError
