"""How alike sequences are: for splits that keep like sequences together, and audits of what stands in two parts."""
