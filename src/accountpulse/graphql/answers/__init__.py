"""Whole answers kept for as long as nothing that they rest on has changed."""
