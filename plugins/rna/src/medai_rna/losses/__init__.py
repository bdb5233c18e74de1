"""What scores of structures are learnt by."""
