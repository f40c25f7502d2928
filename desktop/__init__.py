"""The window: Qt and nothing but Qt. The composition root is app.py."""
