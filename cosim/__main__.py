"""`python -m cosim` is the same as the command `bms-cosim`."""

from cosim.cli.app import main

if __name__ == "__main__":
    main()
