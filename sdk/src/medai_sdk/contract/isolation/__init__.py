"""How the checks run: in processes that may hang, exit or crash without taking the caller with them."""
