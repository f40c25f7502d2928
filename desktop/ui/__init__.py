"""The window: pages, models, widgets and dialogs over `engine.api`."""
