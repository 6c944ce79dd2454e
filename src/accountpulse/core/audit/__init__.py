"""The audit: do scores foretell what became of customers?

Outcomes (`outcomes.py`) are compared with scores as they stood at the end of past days (`scores.py`, `sample.py`); the figures
are pure functions (`figures.py`, `calibration.py`, `bands.py`, `spells.py`), and `verdict.py` puts them into words.
"""
