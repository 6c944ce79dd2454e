"""`python -m accountpulse`: the command line."""

from accountpulse.cli import main

if __name__ == "__main__":
    main()
