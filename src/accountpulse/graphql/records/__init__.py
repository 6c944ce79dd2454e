"""The records that sources bring: tickets, invoices, answers, usage."""
