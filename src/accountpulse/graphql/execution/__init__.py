"""How queries are executed: what is plain is compiled to a function, everything else is graphql-core's own work."""
