"""The fused backend: the same model, the same weights, less work around the arithmetic.

One definition of each network, written over the modules that diffusers and transformers load: the
weights are theirs (fused ones share their memory), so that both backends fit a card. What differs
is what surrounds the matrix products: projections are fused, what does not change between steps is
computed once, rotary embeddings are real-valued, and normalising, gating, rotating and adding are
one kernel each (`kernels.py`; plain torch where there is no Triton).
"""
