"""`python -m medai`: the command line."""

from medai._cli import main

main()
