"""What a request may ask for: how much it may cost, how much a viewer may ask for at once, and which documents are trusted."""
