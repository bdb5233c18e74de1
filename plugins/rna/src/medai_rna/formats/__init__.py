"""Files of sequences and their structures: FASTA, dot-bracket, CT, BPSEQ, Stockholm, bpRNA's `.st`, JSON and CSV.

`files` reads any of them, and writes all but CSV. A record that cannot be used has a fault that says line and column; the rest is read.
"""
