"""What a model costs: parameters, multiplications, time and memory. One implementation, for the command and for the metrics of a model."""
