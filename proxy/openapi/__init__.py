"""The control server's API as OpenAPI 3.1: made of its own routes, served at /api/openapi.json."""
