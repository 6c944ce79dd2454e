"""Telling others: signed requests to one webhook when a score's band changes or a target was missed."""
