"""Who uses whom: what the authentication log says of projects and entries."""
