"""The portfolio: accounts counted by what they have in common, on one day and between two."""
