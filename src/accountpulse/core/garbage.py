"""Lets Python look for garbage less often while many records or accounts are worked on, and never among what is there to stay.

It looks through its younger objects for cycles whenever there are 700 more than before. A page of records is ten thousand, and
they go by themselves when the page is done: looking for cycles among them took a fifth of a sync, and a sixth of a scoring run.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000
"""How many more objects there must be: some pages, and some ten megabytes."""
ACCOUNTS = 500_000
"""The same where accounts are scored: what a run makes of ten thousand of them."""
ANSWERS = 5_000
"""The same where others wait meanwhile: more than a large answer is made of, and looked through in some ten milliseconds."""

_lock = threading.Lock()
_within = 0
_usual = gc.get_threshold()


@contextmanager
def fewer_collections(objects: int = OBJECTS) -> Iterator[None]:
    """For the length of the context, which several threads may be in at once. objects: how many more there must be."""
    global _within, _usual  # as the thresholds themselves are: one for the process
    with _lock:
        if _within == 0:
            _usual = gc.get_threshold()
        if _usual[0]:  # else somebody switched it off
            gc.set_threshold(max(gc.get_threshold()[0], objects), *_usual[1:])
        _within += 1
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if _within == 0:
                gc.set_threshold(*_usual)


def settle() -> None:
    """From now on leave alone what is there now, and look less often: for a process that serves, once it has started.

    Modules, the schema and compiled statements are some 200,000 objects. To look through them again and again, all other
    threads waiting, took a sixth of a second each time, and many times that on a busy machine. An answer is some thousand
    objects, which go by themselves when it has been sent.
    """
    gc.collect()
    gc.freeze()
    if gc.get_threshold()[0]:  # else somebody switched it off
        gc.set_threshold(max(gc.get_threshold()[0], ANSWERS), *gc.get_threshold()[1:])
