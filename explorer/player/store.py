"""Stores the payloads that browsers may fetch: by digest, in memory, bounded in bytes."""

import hashlib
import threading
from collections import OrderedDict


class PayloadStore:
    """Payloads by sha256; beyond `limit` bytes the least recently used are dropped.

    A dropped payload costs one rerun: the browser reports it, and the page stores it again.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._payloads: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def put(self, data: bytes) -> str:
        """Store `data` and return its digest (64 hexadecimal digits)."""
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if digest not in self._payloads:
                self._payloads[digest] = data
                self._size += len(data)
            self._payloads.move_to_end(digest)
            # The newest stays even when it alone exceeds the limit: its page waits for it.
            while self._size > self._limit and len(self._payloads) > 1:
                self._size -= len(self._payloads.popitem(last=False)[1])
        return digest

    def get(self, digest: str) -> bytes | None:
        """The payload, or None when it was never stored or has been dropped."""
        with self._lock:
            if digest in self._payloads:
                self._payloads.move_to_end(digest)
            return self._payloads.get(digest)
