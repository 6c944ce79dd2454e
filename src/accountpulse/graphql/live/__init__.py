"""What changes while somebody watches: subscriptions, over WebSocket and server-sent events."""
