"""What Cygnet puts beside the kernels."""
