"""The client of one GitLab: its address, the token, one HTTP session for REST and GraphQL, retries."""
