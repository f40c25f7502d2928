"""REST: one file a subject, each a table of routes from which both the router and openapi.json are made."""
