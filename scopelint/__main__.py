"""`python -m scopelint` is the same as `scopelint`."""

from scopelint.cli import main

if __name__ == "__main__":
    main()
