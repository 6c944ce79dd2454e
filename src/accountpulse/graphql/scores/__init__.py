"""Scores: the value, what explains it, and its history."""
