"""Segments, models and metrics: what scores are made of."""
