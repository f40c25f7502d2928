"""Alembic's entry: runs on the connection that database.py hands over. There is no offline mode."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=False)  # database.py holds the transaction
context.run_migrations()
