"""Two ways to compute the same networks: diffusers' own code, and our fused kernels."""
