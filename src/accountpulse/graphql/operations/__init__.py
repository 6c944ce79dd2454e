"""What operators do: syncs, pauses, releases of models, tokens, and the trail of all changes."""
