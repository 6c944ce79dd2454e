"""What `accountpulse.testing.connectors` is made of: vendors under control, a bench to sync on, and the tests by theme."""
