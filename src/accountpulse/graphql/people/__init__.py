"""What people put in about accounts: overrides, targets, notes, pulses, outcomes."""
