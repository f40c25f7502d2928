"""What the views show: rows kept in memory, refreshed from `engine.api`."""
