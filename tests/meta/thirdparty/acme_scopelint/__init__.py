"""What the Acme company adds to scopelint."""
