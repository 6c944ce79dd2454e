"""Fewer collections while much is worked on, the usual ones afterwards."""

from __future__ import annotations

import gc

import pytest

from accountpulse.core.garbage import OBJECTS, fewer_collections, settle


def test_the_usual_thresholds_come_back_once_the_last_has_ended() -> None:
    usual = gc.get_threshold()
    first, second = fewer_collections(), fewer_collections()
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold() == (OBJECTS, *usual[1:])
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (OBJECTS, *usual[1:])
    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual


def test_a_fault_brings_them_back() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ValueError, match="a fault"), fewer_collections():
        raise ValueError("a fault")
    assert gc.get_threshold() == usual


def test_what_somebody_switched_off_stays_so() -> None:
    usual = gc.get_threshold()
    try:
        gc.set_threshold(0)
        with fewer_collections():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*usual)


def test_what_is_there_to_stay_is_not_looked_through_again() -> None:
    try:
        settle()
        frozen = gc.get_freeze_count()
        assert frozen > 10_000
        assert len(gc.get_objects()) < frozen / 10
    finally:
        gc.unfreeze()
