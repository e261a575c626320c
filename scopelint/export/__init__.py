"""A snapshot written in other forms: the inventory, and policy code that declares what is there."""
