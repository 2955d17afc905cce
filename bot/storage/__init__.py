"""The bot's own database: tables, engine, leases, the record."""
