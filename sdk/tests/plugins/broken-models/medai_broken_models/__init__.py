"""Models and losses with one fault each, for the tests of the checks that find it."""
