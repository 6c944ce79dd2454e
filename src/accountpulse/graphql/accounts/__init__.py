"""Accounts, their links to sources, and the source accounts that could not be placed."""
